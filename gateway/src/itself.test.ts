import type { SiteEvent } from '@fengsui/protocol';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './drivers/rehearsal.ts';
import { Itself } from './itself.ts';

/** A clock whose wall time can be stepped. */
class SteppingClock extends ManualClock {
  stepMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.stepMs;
  }
}

function rig() {
  const clock = new SteppingClock();
  const events: SiteEvent[] = [];
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const itself = new Itself({ id: 'gw-1', zoneMinutes: 480, clock, append: async (more) => events.push(...more), log });
  return { clock, events, itself, words: () => events.map(({ note, text }) => `${note}${text === undefined ? '' : ` ${text}`}`) };
}

describe('what the gateway says of itself', () => {
  it('says after an orderly stop that it started, and how long it was blind', async () => {
    const { itself, clock, events, words } = rig();
    await itself.started({ aliveMs: clock.wallMs() - 20_000, note: 'stopped' });
    expect(words()).toEqual([
      'started blind 2026-10-01 07:59:40 to 2026-10-01 08:00:00; 失明时段 2026-10-01 07:59:40 至 2026-10-01 08:00:00',
    ]);
    expect(events[0]).toMatchObject({ kind: 'gateway', source: 'gw-1', part: { systemType: 0, systemAddress: 0 }, edge: 'momentary' });
    expect(events[0]?.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('says after a crash from when to when it was blind, by the clocks on site', async () => {
    const { itself, clock, words } = rig();
    await itself.started({ aliveMs: clock.wallMs() - 90_000, note: 'started' });
    expect(words()).toEqual([
      'crashed blind 2026-10-01 07:58:30 to 2026-10-01 08:00:00; 失明时段 2026-10-01 07:58:30 至 2026-10-01 08:00:00',
      'started',
    ]);
  });

  it('says nothing of a crash at its first start', async () => {
    const { itself, words } = rig();
    await itself.started(null);
    expect(words()).toEqual(['started']);
  });

  it('tells steps of the wall clock, forward and back, and notes that it lives by the clock that never steps', async () => {
    const { itself, clock, words } = rig();
    const stop = new AbortController();
    let alive = 0;
    const watching = itself.watch(async () => (alive += 1), stop.signal);
    await clock.advance(30_000);
    expect(words()).toEqual([]);
    expect(alive).toBe(3);
    clock.stepMs = 3_600_000;
    await clock.advance(2_000);
    clock.stepMs = -86_400_000;
    await clock.advance(2_000);
    clock.stepMs -= 1_500;
    await clock.advance(2_000);
    expect(words()).toEqual(['clock-stepped +3600000 ms', 'clock-stepped -90000000 ms']);
    stop.abort();
    await watching;
  });
});
