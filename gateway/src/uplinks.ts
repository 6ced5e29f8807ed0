import { join } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration, UplinkConfiguration } from './config.ts';
import type { Itself } from './itself.ts';
import type { JournalState } from './journal/journal.ts';
import * as limits from './limits.ts';
import { Outage } from './outage.ts';
import { CentreTimes } from './uplink/centre-times.ts';
import type { CentreOrders } from './uplink/gb26875-centre.ts';
import { runCentreUplink } from './uplink/gb26875-uplink.ts';
import { linger, type Orders, type Outbox, runUplink, Sent, UplinkNumbers, type UplinkOptions } from './uplink/uplink.ts';

export interface UplinksOptions {
  readonly configuration: GatewayConfiguration;
  /** By which a collector tells this process from another: two uplinks of one gateway are no rivals. */
  readonly instance: string;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly itself: Pick<Itself, 'link'>;
  /** What of the journal an uplink of that name follows. */
  readonly outbox: (name: string) => Outbox;
}

/** Who carries out the orders that uplinks bring. */
export type CarriedOrders = Orders & CentreOrders;

/** An uplink as the status page shows it. */
export interface KnownUplink {
  readonly name: string;
  readonly kind: UplinkConfiguration['kind'];
  readonly numbers: UplinkNumbers;
}

/** All uplinks of a gateway: each carries the journal at its own pace, and none waits for another. */
export class Uplinks {
  readonly all: readonly KnownUplink[];
  readonly #options: UplinksOptions;
  readonly #times: CentreTimes;
  readonly #sentOverAll = new Sent();
  /** When each uplink last moved, and how far it was. */
  readonly #moved = new Map<string, { readonly mark: string; readonly atMs: number }>();

  constructor(options: UplinksOptions) {
    this.#options = options;
    this.#times = new CentreTimes(join(options.configuration.data, 'centre-times.json'));
    this.all = options.configuration.uplinks.map(({ name, kind }) => ({ name, kind, numbers: new UplinkNumbers() }));
  }

  /**
   * Whether the uplink by which an order came has had a receipt since the start: whoever gave the order can give the next one.
   * Where no uplink has that name any more, whether any that brings orders has.
   */
  isBack(origin: string): boolean {
    const named = this.all.filter(({ name }) => name === origin);
    return (named.length > 0 ? named : this.all).some(({ numbers }) => numbers.receipts > 0);
  }

  /**
   * Uplinks that hang: rows wait for them, and for long nothing was sent, and there was neither a receipt nor an attempt. By what their own time-outs allow none
   * ever does; then only a new start of the program helps, and whoever feeds the watchdog must know.
   */
  stuck({ lanes }: Pick<JournalState, 'lanes'>): string[] {
    const nowMs = this.#options.clock.monotonicMs();
    return this.all.flatMap(({ name, numbers: { receipts, attempts, connections, batchesSent } }) => {
      const waits = Object.values(lanes).some(({ failure, uplinks }) => failure === null && (uplinks[name]?.waiting ?? 0) > 0);
      const mark = `${waits}/${receipts}/${attempts}/${connections}/${batchesSent}`;
      if (this.#moved.get(name)?.mark !== mark) this.#moved.set(name, { mark, atMs: nowMs });
      return waits && nowMs - this.#moved.get(name)!.atMs > limits.UPLINK_STUCK_MS ? [name] : [];
    });
  }

  /** Whether all that this uplink takes of the journal now goes out: a city centre is not told everything. */
  sendsAtOnce(name: string): boolean {
    return this.all.some((uplink) => uplink.name === name && uplink.kind === 'mqtt' && uplink.numbers.state === 'up');
  }

  /** Carries the journal over every uplink until the signal aborts, and says when one is lost and when it is back. */
  async run(orders: CarriedOrders, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.configuration.uplinks.map((uplink, index) => this.#carry(uplink, this.all[index]!, orders, signal)));
  }

  /** Gives living links a moment to carry the last words. */
  async linger(): Promise<void> {
    const { outbox, clock } = this.#options;
    await Promise.all(this.all.map(({ name, numbers }) => linger(outbox(name), numbers, clock, limits.LINGER_MS)));
  }

  async #carry(
    configuration: UplinkConfiguration,
    { name, numbers }: KnownUplink,
    orders: CarriedOrders,
    signal: AbortSignal,
  ): Promise<void> {
    const { instance, clock, random, outbox, configuration: site } = this.#options;
    const outage = this.#outage(name, limits.LINK_GRACE_MS, signal);
    const { id: gateway, address: source, centre: destination, zoneMinutes } = site.gateway;
    const parts = { name, orders, gateway, instance, outbox: outbox(name), clock, numbers, outage, random, signal };
    if (configuration.kind === 'mqtt') await this.#carryOverPaths({ ...parts, sentOverAll: this.#sentOverAll, configuration });
    else {
      const refusals = this.#outage(`${name}/denied`, 0, signal);
      await runCentreUplink({ ...parts, times: this.#times, configuration, source, destination, zoneMinutes, refusals });
      await refusals.told();
    }
    await outage.told();
  }

  async #carryOverPaths(options: UplinkOptions): Promise<void> {
    const { name, configuration, signal } = options;
    if (!configuration.backup) return runUplink(options);
    const [primary, backup] = ['primary', 'backup'].map((path) => this.#outage(`${name}/${path}`, 0, signal)) as [Outage, Outage];
    await runUplink({ ...options, primary, backup });
    await Promise.all([primary.told(), backup.told()]);
  }

  /** Says in the journal, under a source of its own, that a link is lost and that it is back. */
  #outage(source: string, graceMs: number, signal: AbortSignal): Outage {
    const { clock, itself } = this.#options;
    return new Outage({ clock, signal, graceMs, tell: itself.link.bind(itself, source) });
  }
}
