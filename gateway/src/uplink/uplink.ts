import { type Clock, Failure } from '@fengsui/protocol';
import { Backoff } from '../backoff.ts';
import type { MqttConfiguration } from '../config.ts';
import * as limits from '../limits.ts';
import type { Outage } from '../outage.ts';
import { openConnection } from './connection.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import { Session } from './session.ts';

export { linger } from './linger.ts';
export { UplinkNumbers } from './numbers.ts';
export type { Outbox } from './outbox.ts';

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
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  /** Hears when the link is lost and when it is back. */
  readonly outage: Pick<Outage, 'lost' | 'returned'>;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Carries the journal to the collector until the signal aborts: one connection after the other, for ever. */
export async function runUplink(options: UplinkOptions): Promise<void> {
  const { configuration, clock, numbers, outage, random, signal } = options;
  const backoff = new Backoff(configuration.reconnectMinMs, configuration.reconnectMaxMs, random);
  const highest = new Map<string, number>();
  while (!signal.aborted) {
    const failure = await runConnection(options, highest, backoff);
    if (signal.aborted) break;
    numbers.state = 'down';
    numbers.sinceMs = clock.wallMs();
    numbers.lastFailure = failure.message;
    numbers.lastFailureCode = failure.code;
    outage.lost(failure.message);
    await rest(options, failure, backoff.nextMs());
  }
  numbers.state = 'down';
  numbers.sinceMs = clock.wallMs();
}

async function runConnection(options: UplinkOptions, highest: Map<string, number>, backoff: Backoff): Promise<Failure> {
  const { name, orders, configuration, gateway, outbox, clock, numbers, outage, signal } = options;
  numbers.state = 'connecting';
  numbers.sinceMs = clock.wallMs();
  numbers.attempts += 1;
  const confirmed = numbers.receipts;
  let session: Session | null = null;
  try {
    await using connection = await openConnection({
      configuration,
      gateway,
      clock,
      hear: new Map([
        [`down/${gateway}/receipt`, (payload: Uint8Array) => session?.hear(payload)],
        [`down/${gateway}/order`, (payload: Uint8Array) => void hearOrder(options, payload)],
      ]),
      signal,
    });
    numbers.state = 'up';
    numbers.sinceMs = clock.wallMs();
    numbers.connections += 1;
    outage.returned();
    const { receiptTimeoutMs } = configuration;
    const publish = connection.publish.bind(connection);
    using _told = { [Symbol.dispose]: orders.listen(name, (order) => publish(`up/${gateway}/order-receipt`, orders.receiptOf(order))) };
    session = new Session({ gateway, outbox, clock, numbers, receiptTimeoutMs, highest, publish });
    return await session.run(connection.ended);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  } finally {
    if (numbers.receipts > confirmed) backoff.reset();
  }
}

/** An order that could not be put on the record comes again; alarms go on meanwhile. */
async function hearOrder({ name, orders, numbers }: UplinkOptions, payload: Uint8Array): Promise<void> {
  try {
    await orders.hear(payload, name);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    numbers.ordersNotKept += 1;
    numbers.lastFailure = error.message;
    numbers.lastFailureCode = error.code;
  }
}

/** Waits before the next attempt; not long while an alarm waits and nobody refused us: the first alarm is due within 3 s of the link. */
async function rest({ outbox, clock, signal }: UplinkOptions, { code }: Failure, restMs: number): Promise<void> {
  const refused = code === 'uplink-refused' || code === 'uplink-untrusted';
  const alarmRestMs = Math.min(restMs, limits.ALARM_RECONNECT_MAX_MS);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const alarm = async () => {
    const { rows, last } = await outbox.take('alarm', 0, 1, 1);
    if (rows.length === 0) await outbox.wait('alarm', last, either);
    await clock.sleep(alarmRestMs, either);
  };
  const waits = refused ? [] : [alarm().catch(() => clock.sleep(restMs, either))];
  await Promise.race([clock.sleep(restMs, either), ...waits]).catch(() => {});
  over.abort();
}
