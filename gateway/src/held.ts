import { type Clock, Failure, LANES, laneOf, type SiteEvent } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import * as limits from './limits.ts';

export interface HeldOptions {
  readonly line: { readonly name: string };
  readonly append: (events: readonly SiteEvent[], again: boolean) => Promise<unknown>;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly log: { error(fields: object, message: string): void };
  readonly signal: AbortSignal;
}

/**
 * What a line heard and nobody repeats, of a lane whose file cannot be opened: offered again until it can. It is in memory alone, as all would
 * be that waited on the wire while the line waits; but the line goes on, and what goes into the other lane is not kept waiting.
 */
export class Held {
  readonly #options: HeldOptions;
  #events: SiteEvent[] = [];
  #isBringing = false;
  #given = 0;

  constructor(options: HeldOptions) {
    this.#options = options;
  }

  /** Holds events, the oldest that are no alarms given up for them where there are too many; false: there are too many alarms. */
  take(events: readonly SiteEvent[]): boolean {
    const { line, log } = this.#options;
    const alarms = [...this.#events, ...events].filter((event) => laneOf(event) === 'alarm').length;
    if (alarms > limits.HELD_EVENTS_MAX) return false;
    this.#events.push(...events);
    while (this.#events.length > limits.HELD_EVENTS_MAX) {
      const oldest = this.#events.findIndex((event) => laneOf(event) !== 'alarm');
      this.#events.splice(oldest, 1);
      if (this.#given++ === 0) log.error({ line: line.name }, `more than ${limits.HELD_EVENTS_MAX} events wait for a file: the oldest go`);
    }
    if (!this.#isBringing) void this.#bring();
    return true;
  }

  async #bring(): Promise<void> {
    const { line, clock, random, log, signal } = this.#options;
    this.#isBringing = true;
    const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
    while (this.#events.length > 0 && !signal.aborted) {
      await clock.sleep(backoff.nextMs(), signal).catch(() => {});
      for (const lane of LANES) await this.#offer(this.#events.filter((event) => laneOf(event) === lane));
    }
    this.#isBringing = false;
    const fields = { line: line.name, givenUp: this.#given, left: this.#events.length };
    if (this.#given + this.#events.length > 0) log.error(fields, 'events that nobody repeats are lost: a file of the journal was shut');
    this.#given = 0;
  }

  async #offer(events: readonly SiteEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.#options.append(events, true);
      this.#events = this.#events.filter((event) => !events.includes(event));
    } catch (error) {
      if (!(error instanceof Failure)) throw error; // an error of this program
      if (error.retry === 'never') await this.#offerEach(events, error);
    }
  }

  /** One that the journal will never take must not keep the others from it. */
  async #offerEach(events: readonly SiteEvent[], { code, message }: Failure): Promise<void> {
    if (events.length > 1) for (const event of events) await this.#offer([event]);
    else {
      this.#events = this.#events.filter((event) => !events.includes(event));
      this.#options.log.error({ line: this.#options.line.name, code }, message);
    }
  }
}
