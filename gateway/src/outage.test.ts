import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { Bell } from './bell.ts';
import { ManualClock } from './drivers/rehearsal.ts';
import { fail } from './failures.ts';
import { prometheusText } from './metrics.ts';
import { Outage } from './outage.ts';

function rig(refusals = 0) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const told: string[] = [];
  const outage = new Outage({
    clock,
    signal: stop.signal,
    graceMs: 5_000,
    tell: async (edge, why) => {
      if (refusals-- > 0) throw fail('journal-full', 'no space');
      told.push(`${edge} ${why}`.trim());
    },
  });
  return { clock, stop, told, outage };
}

describe('an outage', () => {
  it('is told once it has lasted, with the latest reason, and its end is told', async () => {
    const { clock, told, outage } = rig();
    outage.lost('refused');
    await clock.advance(4_000);
    outage.lost('unreachable');
    expect(told).toEqual([]);
    await clock.advance(1_000);
    expect(told).toEqual(['began unreachable']);
    await clock.advance(60_000);
    outage.returned();
    await outage.told();
    expect(told).toEqual(['began unreachable', 'ended']);
  });

  it('is no news when it is short; that the link is there is told once after a start', async () => {
    const { clock, told, outage } = rig();
    outage.returned();
    for (let turn = 0; turn < 5; turn++) {
      outage.lost('a blink');
      await clock.advance(1_000);
      outage.returned();
      await clock.advance(1_000);
    }
    await clock.advance(60_000);
    expect(told).toEqual(['ended']);
  });

  it('is told later when the journal cannot take it now', async () => {
    const { clock, told, outage } = rig(3);
    outage.lost('unreachable');
    await clock.advance(5_000);
    expect(told).toEqual([]);
    await clock.advance(5_000);
    expect(told).toEqual(['began unreachable']);
  });

  it('says nothing more once the gateway stops', async () => {
    const { clock, stop, told, outage } = rig();
    outage.lost('unreachable');
    stop.abort();
    await clock.advance(60_000);
    await outage.told();
    expect(told).toEqual([]);
  });
});

describe('waiting between attempts', () => {
  it('doubles up to its limit, is never below its least, and is shortened by chance by half at most', () => {
    const patient = new Backoff(1_000, 30_000, () => 0);
    expect(Array.from({ length: 7 }, () => patient.nextMs())).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    patient.reset();
    expect(patient.nextMs()).toBe(1_000);
    const hasty = new Backoff(1_000, 30_000, () => 0.999_999);
    const waits = Array.from({ length: 7 }, () => Math.round(hasty.nextMs()));
    expect(waits).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });
});

describe('a bell', () => {
  it('is heard by who comes after it rang, once', async () => {
    const bell = new Bell();
    bell.ring();
    bell.ring();
    await bell.rung();
    let heard = false;
    const waiting = bell.rung().then(() => {
      heard = true;
    });
    await Promise.resolve();
    expect(heard).toBe(false);
    bell.ring();
    await waiting;
  });
});

describe('the text for Prometheus', () => {
  it('escapes what a name may hold and leaves out what has no samples', () => {
    const text = prometheusText([
      { name: 'a_total', type: 'counter', help: 'A.', samples: [{ labels: { line: 'x"\\\ny' }, value: 2 }, { value: 0.5 }] },
      { name: 'b', type: 'gauge', help: 'B.', samples: [] },
    ]);
    expect(text).toBe('# HELP a_total A.\n# TYPE a_total counter\na_total{line="x\\"\\\\\\ny"} 2\na_total 0.5\n');
  });
});
