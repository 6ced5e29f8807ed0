import { Failure } from '@fengsui/protocol';
import * as limits from '../limits.ts';

/** A try that took this share of its time and was in vain ended by time. */
const BY_TIME = 0.8;

/** How long a try to connect may take: twice as long after each that ended by time, for a round trip may take seconds; short again where it proves quick. */
export class Patience {
  readonly #longestMs: number;
  #withinMs = limits.CONNECT_TIMEOUT_MS;

  /** `longestMs`: where another way waits its turn, no try may be long. */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Makes a try and learns from how long it took. */
  async during<Made>(make: (withinMs: number) => Promise<Made>): Promise<Made> {
    const withinMs = this.#withinMs;
    const beganMs = performance.now();
    try {
      const made = await make(withinMs);
      if (performance.now() - beganMs < limits.CONNECT_TIMEOUT_MS / 2) this.#withinMs = limits.CONNECT_TIMEOUT_MS;
      return made;
    } catch (error) {
      const isByTime = performance.now() - beganMs >= BY_TIME * withinMs;
      if (error instanceof Failure && error.code === 'uplink-unreachable' && isByTime)
        this.#withinMs = Math.min(2 * withinMs, this.#longestMs);
      throw error;
    }
  }
}
