import type { Clock, Failure } from '@fengsui/protocol';
import { Backoff } from '../backoff.ts';
import * as limits from '../limits.ts';
import type { Outage } from '../outage.ts';
import type { UplinkNumbers } from './numbers.ts';
import { alarmWaits, type Outbox } from './outbox.ts';

export interface KeepUpOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly outage: Pick<Outage, 'lost'>;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Keeps a link up until the signal aborts: one connection after the other, for ever. `connect` resolves with why one is over. */
export async function keepUp(options: KeepUpOptions, connect: () => Promise<Failure>): Promise<void> {
  const { reconnectMinMs, reconnectMaxMs, clock, numbers, outage, random, signal } = options;
  const backoff = new Backoff(reconnectMinMs, reconnectMaxMs, random);
  while (!signal.aborted) {
    numbers.state = 'connecting';
    if (numbers.sinceMs === 0) numbers.sinceMs = clock.wallMs();
    numbers.attempts += 1;
    const confirmed = numbers.receipts;
    const failure = await connect();
    if (numbers.receipts > confirmed) backoff.reset();
    if (signal.aborted) break;
    isDown(numbers, clock);
    numbers.lastFailure = failure.message;
    numbers.lastFailureCode = failure.code;
    outage.lost(failure.message);
    await rest(options, failure, backoff.nextMs());
  }
  isDown(numbers, clock);
}

/** Since when it is down people want to know, not since which of all the attempts. */
function isDown(numbers: UplinkNumbers, clock: Clock): void {
  if (numbers.state === 'up') numbers.sinceMs = clock.wallMs();
  numbers.state = 'down';
}

/** Waits before the next attempt; not long while an alarm waits and nobody refused us: the first alarm is due within 3 s of the link. */
async function rest({ outbox, clock, random, signal }: KeepUpOptions, { code }: Failure, restMs: number): Promise<void> {
  const refused = code === 'uplink-refused' || code === 'uplink-untrusted';
  // Nobody is burdened by a way that is not there; who is there and takes no alarm yet is left a little longer.
  const longestMs = code === 'uplink-unreachable' ? limits.ALARM_RECONNECT_MAX_MS * (1 - random() / 2) : limits.ALARM_RETURN_MAX_MS;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const alarm = async () => {
    await alarmWaits(outbox, either);
    await clock.sleep(Math.min(restMs, longestMs), either);
  };
  const waits = refused ? [] : [alarm().catch(() => clock.sleep(restMs, either))];
  await Promise.race([clock.sleep(restMs, either), ...waits]).catch(() => {});
  over.abort();
}
