import type { SiteEvent } from '@fengsui/protocol';
import { describe, expect, it } from 'vitest';
import { SiteState } from './site-state.ts';

let count = 0;
function event(more: Partial<SiteEvent>): SiteEvent {
  const ms = 1_000 * ++count;
  return {
    ...{ id: String(count).padStart(32, '0'), kind: 'fire', edge: 'began', receivedMs: ms, source: 'panel-1' },
    time: { ms, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 258 } },
    ...more,
  };
}

async function after(...runs: readonly SiteEvent[][]): Promise<SiteState> {
  const site = new SiteState();
  await site.recall(Promise.resolve(runs));
  return site;
}
const states = (site: SiteState) => site.points().map((point) => point.states);

describe('how the site stands after a restart', () => {
  it('is what earlier runs heard, and a flag of this run does not end what stood before it', async () => {
    const site = await after([event({ states: ['fire', 'first-fire'] })]);
    site.hear([event({ kind: 'fault', states: ['fault'] })]);
    expect(states(site)).toEqual([['fire', 'fault', 'first-fire']]);
    site.hear([event({ kind: 'fault', edge: 'ended', states: [] })]);
    expect(states(site)).toEqual([['fire', 'first-fire']]);
    site.hear([event({ edge: 'ended', states: [] })]);
    expect(states(site)).toEqual([[]]);
  });

  it('loses what a later reset of the same source takes back, in whichever run', async () => {
    const reset = { kind: 'reset', edge: 'momentary', part: { systemType: 1, systemAddress: 1 }, states: [] } as const;
    const site = await after([event({ states: ['fire'] })]);
    site.hear([event({ ...reset, source: 'panel-2' })]);
    expect(states(site)[0]).toEqual(['fire']);
    site.hear([event(reset), event({ kind: 'fault', states: ['fault'] })]);
    expect(site.points('panel-1').map((point) => point.states)).toEqual([[], ['fault']]);
    const closed = await after([event({ states: ['fire'] })], [event(reset)]);
    expect(closed.points().flatMap((point) => point.states)).toEqual([]);
  });

  it('lets what is heard meanwhile wait for what was heard before', async () => {
    const site = new SiteState();
    const journal = Promise.withResolvers<readonly SiteEvent[][]>();
    const recalled = site.recall(journal.promise);
    site.hear([event({ edge: 'ended', states: [] })]);
    journal.resolve([[event({ states: ['fire'] })]]);
    await recalled;
    expect(states(site)).toEqual([[]]);
  });

  it('keeps a test a test: the centre is not told it, and a live word ends it', async () => {
    const site = await after([event({ test: ['not-in-service'], states: ['fire'] })]);
    expect(site.points()[0]).toMatchObject({ states: ['fire'], liveStates: [], said: { isTest: true } });
    site.hear([event({ kind: 'fault', states: ['fault'] })]);
    expect(site.points()[0]).toMatchObject({ states: ['fault'], liveStates: ['fault'] });
  });

  it('forgets that a sensor had failed once it measures; that a limit is kept again is an event', async () => {
    const measured = { quantity: 'pressure-kpa', value: 90, quality: 'good', lowLimit: 100 } as const;
    const site = await after([event({ kind: 'low', states: ['low', 'sensor-failed'], measured })]);
    const { source, part } = site.points()[0]!;
    site.measure(source, part, { ...measured, value: 120 }, 5);
    expect(states(site)).toEqual([['low']]);
    site.hear([event({ kind: 'low', edge: 'ended', states: [] })]);
    expect(states(site)).toEqual([[]]);
  });

  it('says which of it nobody has said since the restart', async () => {
    const site = await after([event({ states: ['fire'] })]);
    expect(site.points()[0]).toMatchObject({ states: ['fire'], statesBefore: ['fire'] });
    site.hear([event({ states: ['fire'] })]);
    expect(site.points()[0]).not.toHaveProperty('statesBefore');
  });
});
