import { type Clock, Failure, LANES, type Lane, laneOf, type SiteEvent } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';

export interface HeldOptions {
  readonly line: { readonly name: string };
  /** Takes the sign of life: one answer of the journal may take long, and many are asked for. */
  readonly numbers: { beatMs: number | null };
  readonly append: (events: readonly SiteEvent[], again: boolean) => Promise<unknown>;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly log: { error(fields: object, message: string): void };
  readonly signal: AbortSignal;
}

/**
 * What a line heard and nobody repeats, of a lane whose file cannot be opened: offered again until it can. It is in memory alone, as all would
 * be that waited on the wire while the line waits; but the line goes on, and what goes into the other lane is not kept waiting. The order of a
 * lane is kept: an end that is offered after the next beginning would call that over.
 */
export class Held {
  readonly #options: HeldOptions;
  #events: SiteEvent[] = [];
  #isBringing = false;
  #brought: Promise<void> = Promise.resolve();
  /** Monotonic: until then the journal is offered more; a stop sets it. */
  #untilMs = Number.POSITIVE_INFINITY;
  /** One offers at a time: what the other overtook would be out of order. */
  #turn: Promise<unknown> = Promise.resolve();
  #given = 0;

  constructor(options: HeldOptions) {
    const { clock, signal } = options;
    const stop = () => {
      this.#untilMs = clock.monotonicMs() + limits.HELD_LAST_MS;
    };
    this.#options = options;
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
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
    if (!this.#isBringing) this.#brought = this.#keepBringing();
    return true;
  }

  isHolding(): boolean {
    return this.#events.length > 0;
  }

  /** After a stop: resolves when what was held is durable, or is lost. */
  ended(): Promise<void> {
    return this.#brought;
  }

  /** Offers what is held of a lane, before anything newer of it. Throws what keeps the journal from it. */
  async bring(lane: Lane): Promise<void> {
    if (this.#of(lane).length === 0) return;
    const brought = this.#turn.then(() => this.#bring(lane));
    this.#turn = brought.catch(() => {});
    await brought;
  }

  async #bring(lane: Lane): Promise<void> {
    const { numbers, clock } = this.#options;
    for (let events = this.#of(lane); events.length > 0; events = this.#of(lane)) {
      if (clock.monotonicMs() >= this.#untilMs) throw fail('journal-closed', `${events.length} events are held`);
      numbers.beatMs = clock.monotonicMs();
      await this.#offer(events.slice(0, limits.HELD_OFFER_EVENTS));
      numbers.beatMs = clock.monotonicMs(); // others may wait for their turn
    }
  }

  #of(lane: Lane): SiteEvent[] {
    return this.#events.filter((event) => laneOf(event) === lane);
  }

  async #keepBringing(): Promise<void> {
    const { line, clock, random, log, signal } = this.#options;
    this.#isBringing = true;
    const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
    while (this.#events.length > 0 && !signal.aborted) {
      await clock.sleep(backoff.nextMs(), signal).catch(() => {});
      for (const lane of LANES) await this.bring(lane).catch(ofJournal);
    }
    this.#isBringing = false;
    const fields = { line: line.name, givenUp: this.#given, left: this.#events.length };
    if (this.#given + this.#events.length > 0) log.error(fields, 'events that nobody repeats are lost: a file of the journal was shut');
    this.#given = 0;
  }

  async #offer(events: readonly SiteEvent[]): Promise<void> {
    try {
      await this.#options.append(events, true);
    } catch (error) {
      if (!(error instanceof Failure) || error.retry !== 'never') throw error;
      await this.#offerEach(events, error);
      return;
    }
    this.#letGo(events);
  }

  /** One that the journal will never take must not keep the others from it. */
  async #offerEach(events: readonly SiteEvent[], { code, message }: Failure): Promise<void> {
    if (events.length > 1) for (const event of events) await this.#offer([event]);
    else {
      this.#letGo(events);
      this.#options.log.error({ line: this.#options.line.name, code }, message);
    }
  }

  #letGo(events: readonly SiteEvent[]): void {
    const gone = new Set(events);
    this.#events = this.#events.filter((event) => !gone.has(event));
  }
}

/** The journal will be asked again; an error of this program is none of its. */
function ofJournal(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}
