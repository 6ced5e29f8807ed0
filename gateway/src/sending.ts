import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration } from './config.ts';
import type { Keeping } from './keeping.ts';
import { LET_GO_WITHIN_MS } from './limits.ts';
import { within } from './pulse.ts';
import type { Log } from './supervision.ts';
import { Trail } from './trail.ts';
import { type CarriedOrders, Uplinks } from './uplinks.ts';

export interface SendingOptions {
  readonly configuration: GatewayConfiguration;
  /** What this process calls itself. */
  readonly instance: string;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly keeping: Pick<Keeping, 'journal' | 'itself'>;
}

/** All that is sent: every uplink takes what it is owed from the journal, and single rows can be followed on their way. */
export class Sending {
  readonly trail: Trail;
  readonly uplinks: Uplinks;
  readonly #options: SendingOptions;
  readonly #stop = new AbortController();
  #carried: Promise<void> = Promise.resolve();

  constructor(options: SendingOptions) {
    const { configuration, instance, clock, random, keeping } = options;
    const { journal, itself } = keeping;
    this.#options = options;
    this.trail = new Trail(clock);
    const outbox = (name: string) => this.trail.outbox(name, journal.outbox(name), () => this.uplinks.sendsAtOnce(name));
    this.uplinks = new Uplinks({ configuration, instance, clock, random, itself, outbox });
  }

  /** Carries the journal, and brings orders, until the end. */
  begin(orders: CarriedOrders): void {
    this.#carried = this.uplinks.run(orders, this.#stop.signal);
  }

  /** Gives living links a moment to carry the last words, then lets go of all. */
  async end(): Promise<void> {
    await this.uplinks.linger();
    this.#stop.abort();
    const how = await within(this.#options.clock, this.#carried, LET_GO_WITHIN_MS);
    if (how === 'late') this.#options.log.error({}, 'an uplink does not let go');
  }
}
