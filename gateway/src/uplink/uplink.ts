import { type Clock, Failure } from '@fengsui/protocol';
import type { MqttConfiguration } from '../config.ts';
import type { Outage } from '../outage.ts';
import { openConnection } from './connection.ts';
import { keepUp } from './keep-up.ts';
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
export function runUplink(options: UplinkOptions): Promise<void> {
  const highest = new Map<string, number>();
  return keepUp({ ...options, ...options.configuration }, () => runConnection(options, highest));
}

async function runConnection(options: UplinkOptions, highest: Map<string, number>): Promise<Failure> {
  const { name, orders, configuration, gateway, outbox, clock, numbers, outage, signal } = options;
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
