import { isIPv6 } from 'node:net';
import { GUESSERS_MAX, GUESSES_MAX, GUESSES_REMEMBERED_MS, LOCK_MAX_MS, LOCK_MS, LOCKED_LOOK_MS } from '../../limits.ts';

/** The wrong tokens of one network. */
interface Guesser {
  /** Since the last lock. */
  wrong: number;
  /** The latest that were brought, by digest. */
  readonly tokens: Set<string>;
  /** When the last one came that was not known. */
  lastMs: number;
  lockedUntilMs: number;
  /** Locks in a row: each lasts twice as long as the one before. */
  locks: number;
}

/**
 * Counts the different wrong tokens of a network and locks it after some: for a while, of what it brings one wrong token a second is looked
 * at. Nobody is shut out by others: a program that repeats an old token guesses nothing, whoever shares the address of one that guesses gets
 * in by trying again, and every other network is as free as before. Memory is bounded: whoever was silent longest is forgotten.
 */
export class Guesses {
  readonly #nowMs: () => number;
  readonly #locked: (network: string, forMs: number) => void;
  readonly #guessers = new Map<string, Guesser>();
  #wrong = 0;

  /** `nowMs`: monotonic. `locked` hears of every lock. */
  constructor(nowMs: () => number, locked: (network: string, forMs: number) => void) {
    this.#nowMs = nowMs;
    this.#locked = locked;
  }

  /** Wrong tokens since start, the same again counted. */
  get wrongs(): number {
    return this.#wrong;
  }

  /** Networks that are locked now. */
  get lockedNow(): readonly string[] {
    const nowMs = this.#nowMs();
    return [...this.#guessers].filter(([, { lockedUntilMs }]) => lockedUntilMs > nowMs).map(([network]) => network);
  }

  /** For how long an address is locked; 0: it is not. */
  lockedMs(address: string): number {
    return Math.max(0, (this.#guessers.get(networkOf(address))?.lockedUntilMs ?? 0) - this.#nowMs());
  }

  /** For how long an address is locked, if a token of it (its digest) is not to be looked at now; 0: it is. */
  barredMs(address: string, token: string): number {
    const guesser = this.#guessers.get(networkOf(address));
    const mayLook = !guesser || (this.#nowMs() - guesser.lastMs >= LOCKED_LOOK_MS && !guesser.tokens.has(token));
    return mayLook ? 0 : this.lockedMs(address);
  }

  /** A token (its digest) was wrong. A right one takes nothing back: beside a client that knows it, another may go on guessing. */
  wrong(address: string, token: string): void {
    const [nowMs, network] = [this.#nowMs(), networkOf(address)];
    const guesser = this.#of(network, nowMs);
    this.#wrong += 1;
    const isKnown = guesser.tokens.delete(token);
    guesser.tokens.add(token); // at the end again
    if (isKnown) return;
    if (guesser.tokens.size > GUESSES_MAX) guesser.tokens.delete(guesser.tokens.keys().next().value!);
    guesser.lastMs = nowMs;
    if (guesser.lockedUntilMs > nowMs) return;
    guesser.wrong += 1;
    if (guesser.wrong < GUESSES_MAX) return;
    const forMs = Math.min(LOCK_MS * 2 ** guesser.locks, LOCK_MAX_MS);
    Object.assign(guesser, { wrong: 0, locks: guesser.locks + 1, lockedUntilMs: nowMs + forMs });
    this.#locked(network, forMs);
  }

  #of(network: string, nowMs: number): Guesser {
    const known = this.#guessers.get(network);
    const isRemembered = known && nowMs - Math.max(known.lastMs, known.lockedUntilMs) <= GUESSES_REMEMBERED_MS;
    const guesser = isRemembered ? known : { wrong: 0, tokens: new Set<string>(), lastMs: nowMs, lockedUntilMs: 0, locks: 0 };
    this.#guessers.delete(network);
    this.#guessers.set(network, guesser); // at the end again
    for (const [silent, { lockedUntilMs }] of this.#guessers) {
      if (this.#guessers.size <= GUESSERS_MAX) break;
      // Whoever is locked stays so while anybody else can be forgotten in his place.
      if (lockedUntilMs <= nowMs && silent !== network) this.#guessers.delete(silent);
    }
    if (this.#guessers.size > GUESSERS_MAX) this.#guessers.delete(this.#guessers.keys().next().value!);
    return guesser;
  }
}

/** An IPv6 host has a whole /64 to guess from; an IPv4 one its address, also where it comes mapped. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':').length : 0;
  const zeros = tail === undefined ? 0 : 8 - groups.length - after;
  const filled = [...groups, ...Array.from({ length: zeros }, () => '0'), ...(tail ? tail.split(':') : [])];
  return `${filled.slice(0, 4).join(':')}::/64`;
}
