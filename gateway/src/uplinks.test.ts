import type { Clock } from '@fengsui/protocol';
import { expect, it } from 'vitest';
import type { GatewayConfiguration } from './config.ts';
import type { JournalState } from './journal/journal.ts';
import { UPLINK_STUCK_MS } from './limits.ts';
import { Uplinks } from './uplinks.ts';

const waiting = (rows: number) =>
  ({
    lanes: { alarm: { failure: null, uplinks: { collector: { waiting: rows } } }, ordinary: { failure: null, uplinks: {} } },
  }) as unknown as JournalState;

it('an uplink hangs when rows wait and it moves no more, not while it tries, and not while nothing waits', () => {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs } as Clock;
  const configuration = { data: '.', uplinks: [{ name: 'collector', kind: 'mqtt' }] } as unknown as GatewayConfiguration;
  const none = undefined as never;
  const uplinks = new Uplinks({ configuration, instance: 'a', clock, random: none, itself: none, outbox: none });
  const after = (ms: number, rows: number) => {
    nowMs += ms;
    return uplinks.stuck(waiting(rows));
  };
  expect(after(0, 0)).toEqual([]);
  expect(after(10 * UPLINK_STUCK_MS, 0)).toEqual([]);
  expect(after(10 * UPLINK_STUCK_MS, 1)).toEqual([]);
  expect(after(UPLINK_STUCK_MS, 5)).toEqual([]);
  uplinks.all[0]!.numbers.attempts += 1;
  expect(after(1, 6)).toEqual([]);
  expect(after(UPLINK_STUCK_MS, 7)).toEqual([]);
  expect(after(1, 7)).toEqual(['collector']);
});
