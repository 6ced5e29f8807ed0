import { isIPv6 } from 'node:net';
import type { Clock } from '@fengsui/protocol';
import * as limits from './limits.ts';

/** What a guess comes upon: it is looked at, or it is not and so long is to be waited. */
export type Verdict = 'go' | { readonly waitMs: number };

/** The wrong guesses of one network, or of all. A guess counts from the moment it is taken: many at once are as many after each other. */
class Guesses {
  readonly #max: number;
  /** How many of which network; never more than `max` together. */
  readonly #taken = new Map<string, number>();
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lockedUntilMs = Number.NEGATIVE_INFINITY;
  /** Locks in a row: each lasts twice as long as the one before. */
  #locks = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get #count(): number {
    return [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
  }

  /** How long to wait before the next guess is taken; 0: not at all. */
  waitMs(nowMs: number): number {
    if (nowMs - Math.max(this.#sinceMs, this.#lockedUntilMs) > limits.GUESSES_REMEMBERED_MS) {
      this.#taken.clear();
      this.#locks = 0;
    }
    if (this.#lockedUntilMs > nowMs) return this.#lockedUntilMs - nowMs;
    return this.#count < this.#max ? 0 : limits.WRONG_PIN_MS;
  }

  take(network: string, nowMs: number): void {
    if (this.#count === 0) this.#sinceMs = nowMs;
    this.#taken.set(network, (this.#taken.get(network) ?? 0) + 1);
  }

  giveBack(network: string): void {
    const left = (this.#taken.get(network) ?? 0) - 1;
    if (left > 0) this.#taken.set(network, left);
    else this.#taken.delete(network);
  }

  /** Whoever knows the PIN mistyped, and guessed nothing. */
  forget(network: string): void {
    this.#taken.delete(network);
  }

  /** One of them was wrong; answers for how long this locks, 0 where it does not. */
  wrong(nowMs: number): number {
    if (this.#count < this.#max) return 0;
    const forMs = Math.min(limits.LOCK_MS * 2 ** this.#locks, limits.LOCK_MS_MAX);
    this.#taken.clear();
    this.#locks += 1;
    this.#lockedUntilMs = nowMs + forMs;
    return forMs;
  }
}

/** Who may guess the PIN, and how often. */
export class Guard {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #locked: (whom: string, forMs: number) => void;
  readonly #byNetwork = new Map<string, Guesses>();
  readonly #all = new Guesses(limits.GUESSES_OF_ALL_MAX);

  /** `locked` hears whom nobody listens to any more, and for how long. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, locked: (whom: string, forMs: number) => void) {
    this.#clock = clock;
    this.#locked = locked;
  }

  begin(address: string): Verdict {
    const nowMs = this.#clock.monotonicMs();
    const own = this.#of(address);
    const waitMs = Math.max(own.waitMs(nowMs), this.#allOf(address)?.waitMs(nowMs) ?? 0);
    if (waitMs > 0) return { waitMs };
    own.take(networkOf(address), nowMs);
    this.#allOf(address)?.take(networkOf(address), nowMs);
    return 'go';
  }

  /** What this address guessed before is forgotten, of its own and among those of all: the others' guesses stay. */
  right(address: string): void {
    this.#byNetwork.delete(networkOf(address));
    this.#allOf(address)?.forget(networkOf(address));
  }

  /** It could not be looked at: nobody guessed. */
  unseen(address: string): void {
    this.#of(address).giveBack(networkOf(address));
    this.#allOf(address)?.giveBack(networkOf(address));
  }

  wrong(address: string): void {
    const nowMs = this.#clock.monotonicMs();
    const [ownMs, allMs] = [this.#of(address).wrong(nowMs), this.#allOf(address)?.wrong(nowMs) ?? 0];
    if (ownMs > 0) this.#locked(networkOf(address), ownMs);
    if (allMs > 0) this.#locked('everybody', allMs);
  }

  /** Anybody on the network can have all locked out; whoever is on the box itself must still get in, and be locked for his own guesses alone. */
  #allOf(address: string): Guesses | null {
    return isLoopback(address) ? null : this.#all;
  }

  #of(address: string): Guesses {
    const network = networkOf(address);
    const known = this.#byNetwork.get(network) ?? new Guesses(limits.GUESSES_MAX);
    this.#byNetwork.delete(network);
    this.#byNetwork.set(network, known); // at the end again: the first is the one that was silent longest
    if (this.#byNetwork.size > limits.GUESSERS_MAX) this.#byNetwork.delete(this.#byNetwork.keys().next().value!);
    return known;
  }
}

export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./.test(address) || address === '::1';
}

/** An IPv6 host has a whole /64 to guess from; an IPv4 one its address, also where it comes mapped. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const filled =
    tail === undefined ? before! : [...before!, ...Array.from({ length: 8 - before!.length - after!.length }, () => '0'), ...after!];
  return `${filled.slice(0, 4).join(':')}::/64`;
}
