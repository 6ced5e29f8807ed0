import { type Clock, LANES } from '@fengsui/protocol';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';

const LOOK_EVERY_MS = 20;

/** Gives a living link a moment to carry the last words. What does not get through stays in the journal for the next start. */
export async function linger(outbox: Outbox, numbers: UplinkNumbers, clock: Clock, withinMs: number): Promise<void> {
  const untilMs = clock.monotonicMs() + withinMs;
  while (numbers.state === 'up' && clock.monotonicMs() < untilMs) {
    const waiting = await Promise.all(LANES.map(async (lane) => (await outbox.take(lane, 0, 1, 1)).rows.length));
    if (waiting.every((rows) => rows === 0)) return;
    await clock.sleep(LOOK_EVERY_MS);
  }
}
