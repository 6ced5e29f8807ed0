/** Waiting times that double from `minMs` to `maxMs`, each shortened by chance by up to half so that many do not knock at once. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  /** `random` gives numbers from 0 up to 1. */
  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  nextMs(): number {
    const whole = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#attempts, 20));
    this.#attempts += 1;
    return Math.max(this.#minMs, whole * (1 - this.#random() / 2));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
