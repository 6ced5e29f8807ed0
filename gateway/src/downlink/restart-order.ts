import type { Clock } from '@fengsui/protocol';
import { type CarryOut, done, type Outcome, untilStopped } from './downlink.ts';

export interface RestartOrderOptions {
  readonly clock: Clock;
  readonly again: () => void;
  readonly signal: AbortSignal;
}

/** Stops in order and starts again; the order is over when the gateway runs again. */
export class RestartOrder implements CarryOut<'restart'> {
  readonly #options: RestartOrderOptions;

  constructor(options: RestartOrderOptions) {
    this.#options = options;
  }

  begin(): Promise<Outcome> {
    this.#options.again();
    return untilStopped(this.#options.signal);
  }

  async resume(): Promise<Outcome> {
    return done({ startedMs: Math.round(this.#options.clock.wallMs()) });
  }
}
