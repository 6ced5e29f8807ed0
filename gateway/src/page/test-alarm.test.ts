import type { SiteEvent } from '@fengsui/protocol';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { fail } from '../failures.ts';
import { Trail } from '../trail.ts';
import type { Outbox } from '../uplink/uplink.ts';
import { TEST_ALARM_EVERY_MS } from './limits.ts';
import { TestAlarm } from './test-alarm.ts';

const soon = { timeout: 60_000, interval: 10 };
let said: Array<Partial<SiteEvent>>;
let trail: Trail;
let isUp: boolean;
let isFull: boolean;
let alarm: TestAlarm;
/** How far the clock was put on. */
let laterMs: number;
let outbox: Outbox;

beforeEach(() => {
  said = [];
  isUp = true;
  isFull = false;
  trail = new Trail(systemClock);
  const append = async (event: Partial<SiteEvent>) => {
    if (isFull) throw fail('journal-full', 'test');
    said.push(event);
    return { lane: 'alarm', epoch: 7, number: said.length } as const;
  };
  laterMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs };
  alarm = new TestAlarm({ clock, append, follow: trail.follow.bind(trail) });
  const rows = [{ number: 1 }] as never;
  const waiting: Outbox = {
    take: async () => ({ epoch: 7, profile: 'p', rows, last: 1 }),
    settle: async () => ({ accepted: 1, rejected: 0, unknown: 0 }),
    outrank: async () => {},
    newerSettled: async () => [],
    newest: () => 1,
    wait: async () => {},
  };
  outbox = trail.outbox('collector', waiting, () => isUp);
});

const steps = () => alarm.shown?.steps.map(({ what, uplink, reason }) => [what, uplink, reason].filter(Boolean).join(' '));
const receipt = { gateway: 'g', epoch: 7, lane: 'alarm', accepted: [1], rejected: [] } as const;

describe('a test alarm', () => {
  it('is followed from the disk to the receipt, and a mere look of a lost link is no sending', async () => {
    isUp = false;
    expect(await alarm.begin('1号楼')).toBe('begun');
    await outbox.take('alarm', 0, 1, 1);
    expect(steps()).toEqual(['durable']);
    isUp = true;
    for (let time = 0; time < 2; time++) await outbox.take('alarm', 0, 1, 1);
    await outbox.settle({ ...receipt, lane: 'ordinary' });
    expect(steps()).toEqual(['durable', 'sent collector']);
    await outbox.settle(receipt);
    expect(steps()).toEqual(['durable', 'sent collector', 'accepted collector']);
  });

  it('shows why it was rejected, as the last rejected rows do', async () => {
    await alarm.begin('');
    await outbox.settle({ ...receipt, accepted: [], rejected: [{ number: 1, reason: 'no such unit' }] });
    expect(steps()).toEqual(['durable', 'rejected collector no such unit']);
    expect(trail.rejected).toMatchObject([{ lane: 'alarm', epoch: 7, number: 1, uplink: 'collector', reason: 'no such unit' }]);
  });

  it('says of an uplink that is told no tests that it is not told, and never that it was received', async () => {
    await alarm.begin('');
    await outbox.settle(receipt, 'this uplink is not told tests');
    expect(steps()).toEqual(['durable', 'untold collector this uplink is not told tests']);
    expect(trail.rejected).toEqual([]);
  });

  it('is flagged as a test from beginning to end, has no part of a device, and stands alone', async () => {
    await alarm.begin('1号楼3层东走道');
    expect(await alarm.begin('')).toBe('stands');
    await alarm.end();
    expect(said).toEqual([
      { kind: 'fire', edge: 'began', test: ['maintenance'], place: '1号楼3层东走道', text: expect.stringContaining('非真实火警') },
      { kind: 'fire', edge: 'ended', test: ['maintenance'], place: '1号楼3层东走道', text: expect.stringContaining('非真实火警') },
    ]);
    expect(alarm.shown?.endedMs).toEqual(expect.any(Number));
    expect(await alarm.begin('')).toBe('too soon');
    laterMs += TEST_ALARM_EVERY_MS;
    expect(await alarm.begin('')).toBe('begun');
    await alarm.end();
  });

  it('that the journal does not take has not begun', async () => {
    isFull = true;
    await expect(alarm.begin('')).rejects.toThrow(/^journal-full/);
    expect(alarm.shown).toBeNull();
    isFull = false;
    expect(await alarm.begin('')).toBe('begun');
    isFull = true;
    const ending = alarm.end();
    await vi.waitFor(() => expect(alarm.stands).toBe(true), soon);
    isFull = false;
    await ending;
    expect(said.at(-1)).toMatchObject({ edge: 'ended', test: ['maintenance'] });
  });
});
