import { isIPv6 } from 'node:net';
import { GUESSERS_MAX, GUESSES_MAX, GUESSES_REMEMBERED_MS, LOCK_MAX_MS, LOCK_MS } from '../../limits.ts';

/** The wrong tokens of one network. */
interface Guesser {
  wrong: number;
  lastMs: number;
  lockedUntilMs: number;
  /** Locks in a row: each lasts twice as long as the one before. */
  locks: number;
}

/**
 * Counts wrong tokens by the network they come from and locks it after some: nothing it brings is looked at for a while. Every other
 * network is as free as before, so nobody can shut others out by guessing. Memory is bounded: whoever was silent longest is forgotten.
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

  /** Wrong tokens since start. */
  get wrongs(): number {
    return this.#wrong;
  }

  /** Networks that are locked now. */
  get lockedNow(): readonly string[] {
    const nowMs = this.#nowMs();
    return [...this.#guessers].filter(([, { lockedUntilMs }]) => lockedUntilMs > nowMs).map(([network]) => network);
  }

  /** For how long nothing of an address is looked at; 0: it is. */
  lockedMs(address: string): number {
    return Math.max(0, (this.#guessers.get(networkOf(address))?.lockedUntilMs ?? 0) - this.#nowMs());
  }

  /** A right token takes nothing back: beside a client that knows it, another may go on guessing. */
  wrong(address: string): void {
    const [nowMs, network] = [this.#nowMs(), networkOf(address)];
    const guesser = this.#of(network, nowMs);
    this.#wrong += 1;
    guesser.wrong += 1;
    guesser.lastMs = nowMs;
    if (guesser.wrong < GUESSES_MAX) return;
    const forMs = Math.min(LOCK_MS * 2 ** guesser.locks, LOCK_MAX_MS);
    Object.assign(guesser, { wrong: 0, locks: guesser.locks + 1, lockedUntilMs: nowMs + forMs });
    this.#locked(network, forMs);
  }

  #of(network: string, nowMs: number): Guesser {
    const known = this.#guessers.get(network);
    const isRemembered = known && nowMs - Math.max(known.lastMs, known.lockedUntilMs) <= GUESSES_REMEMBERED_MS;
    const guesser = isRemembered ? known : { wrong: 0, lastMs: nowMs, lockedUntilMs: 0, locks: 0 };
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
