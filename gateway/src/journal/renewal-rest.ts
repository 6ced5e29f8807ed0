import * as limits from '../limits.ts';

/** The least time from one new epoch to the next that one and the same voice is the reason for. */
export class RenewalRest {
  #renewedMs = Number.NEGATIVE_INFINITY;
  #restMs = limits.RENEWAL_REST_MIN_MS;

  /** Whether it is time for another epoch. */
  isOver(nowMs: number): boolean {
    return nowMs - this.#renewedMs >= this.#restMs;
  }

  /** An epoch has begun: the next is due in twice the time, or in the least again after a long quiet. */
  begin(nowMs: number): void {
    const quietMs = nowMs - this.#renewedMs;
    if (this.#renewedMs > Number.NEGATIVE_INFINITY) this.#restMs = Math.min(this.#restMs * 2, limits.RENEWAL_REST_MAX_MS);
    if (quietMs > 2 * limits.RENEWAL_REST_MAX_MS) this.#restMs = limits.RENEWAL_REST_MIN_MS;
    this.#renewedMs = nowMs;
  }
}
