import { type Clock, Failure } from '@fengsui/protocol';
import { Backoff } from '../backoff.ts';
import type { UplinkConfiguration } from '../config.ts';
import * as limits from '../limits.ts';
import type { Outage } from '../outage.ts';
import { openConnection } from './connection.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import { Session } from './session.ts';

export { linger } from './linger.ts';
export { UplinkNumbers } from './numbers.ts';
export type { Outbox } from './outbox.ts';

export interface UplinkOptions {
  readonly configuration: UplinkConfiguration;
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
  const { configuration, gateway, outbox, clock, numbers, outage, signal } = options;
  numbers.state = 'connecting';
  numbers.sinceMs = clock.wallMs();
  numbers.attempts += 1;
  const confirmed = numbers.receipts;
  let session: Session | null = null;
  try {
    await using connection = await openConnection({
      configuration,
      gateway,
      topic: `down/${gateway}/receipt`,
      hear: (payload) => session?.hear(payload),
      signal,
    });
    numbers.state = 'up';
    numbers.sinceMs = clock.wallMs();
    numbers.connections += 1;
    outage.returned();
    const { receiptTimeoutMs } = configuration;
    const publish = connection.publish.bind(connection);
    session = new Session({ gateway, outbox, clock, numbers, receiptTimeoutMs, highest, publish });
    return await session.run(connection.ended);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  } finally {
    if (numbers.receipts > confirmed) backoff.reset();
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
