import { type Clock, Failure } from '@fengsui/protocol';
import { Backoff } from '../backoff.ts';
import type { MqttConfiguration } from '../config.ts';
import { type Path, pathsOf } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Outage } from '../outage.ts';
import type { Connection } from './connection.ts';
import type { Dialled } from './dial.ts';
import { greet } from './dialling.ts';
import { Greeting } from './greeting.ts';
import type { UplinkNumbers } from './numbers.ts';
import { openEither } from './open-either.ts';
import { alarmWaits, type Outbox } from './outbox.ts';
import { Patience } from './patience.ts';
import { Probe } from './probe.ts';
import { sentInVain } from './resends.ts';
import { Rivalry } from './rivalry.ts';
import { Sent } from './sent.ts';
import { Session } from './session.ts';
import { untilStalled } from './stalled.ts';
import { watchStandby } from './standby.ts';
import { Stragglers } from './stragglers.ts';

/** Whoever takes orders. */
export interface Orders<Kept = unknown> {
  /** Takes an order as it came. Rejects with a Failure when it cannot be kept: it comes again. */
  hear(payload: Uint8Array, origin: string): Promise<void>;
  /** Hears what becomes of the orders of one origin; returns the way to stop that. */
  listen(origin: string, listener: (order: Kept) => void): () => void;
  receiptOf(order: Kept): Uint8Array;
}

export interface UplinkOptions {
  /** By which its orders and its outages are told apart. */
  readonly name: string;
  readonly orders: Orders;
  readonly configuration: MqttConfiguration;
  readonly gateway: string;
  /** By which a collector tells this process from another with the same certificate. */
  readonly instance: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  /** Takes down what is sent, beside all other uplinks of this run. */
  readonly sentOverAll: Sent;
  /** Hears when the link is lost and when it is back. */
  readonly outage: Pick<Outage, 'lost' | 'returned'>;
  /** Hears when the backup path takes over from the primary and when that carries again; absent where there is no backup. */
  readonly primary?: Pick<Outage, 'lost' | 'returned'>;
  /** Hears how the backup path stands, in use or not. */
  readonly backup?: Pick<Outage, 'lost' | 'returned'>;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

type PathName = 'primary' | 'backup';

/**
 * Carries one uplink's rows over its primary path and, while that is down, over its backup: one session at a time, and each begins at the
 * lowest row without a receipt, whichever path the one before it took.
 */
export class Carrier {
  readonly #options: UplinkOptions;
  readonly #paths: { readonly primary: Path; readonly backup: Path | null };
  readonly #sent: Sent;
  readonly #stragglers: Stragglers;
  readonly #greeting: Greeting;
  readonly #rivalry: Rivalry;
  readonly #probing: Backoff;
  readonly #patience: Patience;
  #session: Session | null = null;
  /** Why the primary path was left, for as long as it has not been back since the backup carried. */
  #left: Failure | null = null;
  /** When the primary path was last heard; monotonic. */
  #primaryHeardMs: number;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#paths = pathsOf(options.configuration);
    const receipt = (payload: Uint8Array) => this.#session?.hear(payload);
    const order = (payload: Uint8Array) => void this.#hearOrder(payload);
    this.#rivalry = new Rivalry(options);
    this.#sent = new Sent(options.sentOverAll);
    this.#stragglers = new Stragglers({ ...options, receiptTimeoutMs: options.configuration.receiptTimeoutMs });
    this.#greeting = new Greeting({ ...options, rivalry: this.#rivalry, receipt, order });
    this.#patience = new Patience(this.#paths.backup ? limits.CONNECT_TIMEOUT_MS : limits.CONNECT_TIMEOUT_MAX_MS);
    this.#probing = new Backoff(limits.PROBE_MIN_MS, limits.PROBE_MAX_MS, options.random);
    this.#primaryHeardMs = options.clock.monotonicMs();
  }

  /**
   * Goes over the primary path until it is lost, then over the backup where that is due, and back; answers why neither carries any more.
   * A backup that carried is tried again before the primary that was left, and at once: its blip must not cost a try of a dead path.
   */
  async round(): Promise<Failure> {
    const { backup } = this.#paths;
    let proven: Connection | null = null;
    for (let left = this.#left; ; ) {
      if (!left || proven) left = await this.#overPrimary(proven);
      if (!backup || !(this.#left || (await this.#isBackupDue(left)))) return left;
      const confirmed = this.#options.numbers.receipts;
      const end = await this.#overBackup(backup, left);
      proven = end instanceof Failure ? null : end;
      if (end instanceof Failure && !this.#isBlip(end, confirmed)) return end;
    }
  }

  /** It carried until it was lost. */
  #isBlip({ code }: Failure, confirmed: number): boolean {
    const { numbers, signal } = this.#options;
    return !signal.aborted && code === 'uplink-lost' && numbers.receipts > confirmed;
  }

  async #overPrimary(proven: Connection | null): Promise<Failure> {
    const { numbers, primary } = this.#options;
    const confirmed = numbers.receipts;
    try {
      for (let [opened, dialled] = [proven, undefined as Dialled | undefined]; ; opened = null) {
        await using connection = opened ?? (await this.#open(this.#paths.primary, this.#options.signal, dialled));
        if (opened) numbers.failBacks += 1;
        this.#left = null;
        numbers.primaryFailure = null;
        primary?.returned();
        const end = await this.#beside(() => this.#overOne(connection));
        this.#primaryHeardMs = connection.heardMs();
        if (end instanceof Failure) return end;
        dialled = end;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return error;
    } finally {
      if (numbers.receipts > confirmed) this.#probing.reset();
    }
  }

  /** Where there is no other way, a connection that is dead gives its place to one that was greeted beside it. */
  async #overOne(connection: Connection): Promise<Failure | Dialled> {
    const { numbers, clock, random, signal } = this.#options;
    const { ended, ends } = connection;
    const carry = (end: Promise<Failure>) => this.#carry('primary', connection, end);
    if (this.#paths.backup) return carry(ended);
    const isInVain = async () => (this.#session?.isAlarmOut ?? false) && (await sentInVain(ends)) >= limits.STALLED_RESENDS;
    const again = (over: AbortSignal) => greet({ path: this.#paths.primary, clock, random, urgent: async () => {}, signal: over });
    const end = await untilStalled({ isInVain, greet: again, signal }, { ended, carry });
    if (!(end instanceof Failure)) numbers.attempts += 1;
    return end;
  }

  /** While the primary carries, the backup is looked at. */
  async #beside<End>(carry: () => Promise<End>): Promise<End> {
    const { clock, random, configuration, signal } = this.#options;
    const path = this.#paths.backup;
    if (!path || !configuration.backup) return carry();
    const over = new AbortController();
    const { lookEveryS } = configuration.backup;
    const found = (failure: Failure | null) => this.#backupStands(failure);
    void watchStandby({ path, lookEveryS, clock, random, found, signal: AbortSignal.any([signal, over.signal]) });
    return carry().finally(() => over.abort());
  }

  #backupStands(failure: Failure | null): void {
    const { numbers, backup } = this.#options;
    numbers.backupFailure = failure?.message ?? null;
    if (failure) backup?.lost(failure.message);
    else backup?.returned();
  }

  /** The primary path has been silent for too long, or an alarm waits. */
  async #isBackupDue(failure: Failure): Promise<boolean> {
    const { clock, outbox, signal } = this.#options;
    if (signal.aborted) return false;
    if (failure.code === 'uplink-silent' || clock.monotonicMs() - this.#primaryHeardMs >= limits.FAIL_OVER_AFTER_MS) return true;
    const { rows } = await outbox.take('alarm', 0, 1, 1);
    return rows.length > 0;
  }

  /** Answers the connection of the primary path when that is back, or why the backup carries no more. */
  async #overBackup(backup: Path, lost: Failure): Promise<Failure | Connection> {
    const { clock, numbers, outage, primary, signal } = this.#options;
    if (numbers.state === 'up') numbers.sinceMs = clock.wallMs();
    numbers.state = 'connecting';
    numbers.primaryFailure = lost.message;
    outage.lost(lost.message);
    primary?.lost(`${lost.message}; the backup path takes over`);
    try {
      const open = (over: AbortSignal) => {
        numbers.attempts += 1;
        return this.#open(this.#paths.primary, over);
      };
      numbers.attempts += 1;
      const first = (over: AbortSignal) => this.#open(backup, over);
      const won = this.#left
        ? await openEither({ first, second: open, clock, signal })
        : { connection: await first(signal), isFirst: true };
      if (!won.isFirst) return won.connection;
      await using connection = won.connection;
      this.#left = lost;
      numbers.failOvers += 1;
      this.#backupStands(null);
      const failed = ({ message }: Failure) => {
        numbers.primaryFailure = message;
      };
      const probe = new Probe({ open, clock, backoff: this.#probing, failed, signal });
      const isBack = probe.proven.then(() => fail('uplink-lost', 'the primary path is back'));
      const failure = await this.#carry('backup', connection, Promise.race([connection.ended, isBack]));
      return (await probe.take()) ?? failure;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#backupStands(error);
      return error;
    }
  }

  #open(path: Path, signal = this.#options.signal, dialled?: Dialled): Promise<Connection> {
    const urgent = (over: AbortSignal) => alarmWaits(this.#options.outbox, over);
    return this.#patience.during((withinMs) => this.#greeting.open({ path, urgent, withinMs, dialled, signal }));
  }

  /** One session over a connection that is open. */
  async #carry(name: PathName, connection: Connection, ended: Promise<Failure>): Promise<Failure> {
    const { gateway, outbox, clock, numbers, outage, orders, configuration } = this.#options;
    await this.#greeting.heed(connection);
    numbers.state = 'up';
    numbers.path = name;
    numbers.sinceMs = clock.wallMs();
    numbers.connections += 1;
    outage.returned();
    const { receiptTimeoutMs } = configuration;
    const publish = connection.publish.bind(connection);
    const tell = (order: unknown) => publish(`up/${gateway}/order-receipt`, orders.receiptOf(order));
    using _told = { [Symbol.dispose]: orders.listen(this.#options.name, tell) };
    const hasOtherWay = name === 'primary' && this.#paths.backup !== null;
    const outliving = { sent: this.#sent, stragglers: this.#stragglers };
    const session = new Session({ gateway, outbox, clock, numbers, receiptTimeoutMs, hasOtherWay, ...outliving, publish });
    this.#session = session;
    const openedMs = clock.monotonicMs();
    const failure = await session.run(ended); // or the orders would be told to nobody from here on
    return name === 'primary' ? this.#rivalry.after(failure, openedMs) : failure;
  }

  /** An order that could not be put on the record comes again; alarms go on meanwhile. */
  async #hearOrder(payload: Uint8Array): Promise<void> {
    const { name, orders, numbers } = this.#options;
    try {
      await orders.hear(payload, name);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      numbers.ordersNotKept += 1;
      numbers.lastFailure = error.message;
      numbers.lastFailureCode = error.code;
    }
  }
}
