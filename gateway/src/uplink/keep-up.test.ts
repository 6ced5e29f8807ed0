import { expect, it } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import { fail } from '../failures.ts';
import { keepUp } from './keep-up.ts';
import { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';

it('says since when the link is down, however often it was tried meanwhile, and since when it is up', async () => {
  const [clock, numbers, stop] = [new ManualClock(), new UplinkNumbers(), new AbortController()];
  const beganMs = clock.wallMs();
  const seen: string[] = [];
  const attempts = [false, false, true, false, false];
  const connect = async () => {
    seen.push(`${numbers.state} ${numbers.sinceMs - beganMs}`);
    await clock.sleep(1_000, stop.signal).catch(() => {});
    if (attempts.shift()) {
      numbers.state = 'up';
      numbers.sinceMs = clock.wallMs();
      await clock.sleep(60_000, stop.signal).catch(() => {});
    }
    return fail('uplink-unreachable', 'nobody there');
  };
  const outbox = { newest: () => 0, wait: () => new Promise<void>(() => {}) } as unknown as Outbox;
  const times = { reconnectMinMs: 2_000, reconnectMaxMs: 2_000, random: () => 1 };
  const kept = keepUp({ outbox, clock, numbers, outage: { lost: () => {} }, ...times, signal: stop.signal }, connect);
  await clock.advance(75_000);
  const [first, second, third, fourth, fifth] = seen;
  expect([first, second, third]).toEqual(['connecting 0', 'connecting 0', 'connecting 0']);
  expect(fourth).toBe(fifth);
  expect(Number(fourth!.split(' ')[1])).toBeGreaterThan(60_000);
  stop.abort();
  await clock.advance(1_000);
  await kept;
  expect(numbers.state).toBe('down');
});
