import type { Edge, EventKind, GatewayNote, SiteEvent } from '@fengsui/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyEvent } from '../../../protocol/src/event.arbitrary.ts';
import type { Entry } from '../ledger/ledger.ts';
import { anyArrival, anyHistory, entryOf, eventOf } from '../ledger.arbitrary.ts';
import { Projector } from '../projections/projector.ts';
import type { Incident } from './incident.ts';
import { viewOfIncident } from './incident-view.ts';
import { incidents, incidentsOf, incidentsWithin } from './incidents.ts';

function fold(entries: readonly Entry[], projection = incidents): readonly Incident[] {
  const projector = new Projector({ incidents: projection });
  for (const entry of entries) projector.fold(entry);
  return [...projector.tables.incidents.values()].flatMap(incidentsOf);
}

function heard(...events: ReadonlyArray<Partial<SiteEvent> & { kind: EventKind }>): readonly Entry[] {
  const at = (ms: number) => ({ ms, zoneMinutes: 480, source: 'panel' as const });
  return events.map((event, index) => entryOf({ event: eventOf({ time: at((index + 1) * 1000), ...event }), ordinal: index + 1 }));
}

function withoutPositions(told: readonly Incident[]) {
  return told.map(({ position: _, ...incident }) => incident).sort((a, b) => a.id.localeCompare(b.id) || a.class.localeCompare(b.class));
}

const one = { controller: 1, point: 1 };
const two = { controller: 1, point: 2 };
const RESET = { kind: 'reset', edge: 'momentary' } as const;

describe('the incident projection', () => {
  it('tells the same incidents whatever the order of arrival', () => {
    fc.assert(
      fc.property(anyArrival, ({ heard: inOrder, arrived }) => {
        expect(withoutPositions(fold(arrived))).toEqual(withoutPositions(fold(inOrder)));
      }),
    );
  });

  it('opens a lost link for a wire that is down or silent and for a driver that is given up, and ends each by its own word alone', () => {
    const note = (name: GatewayNote, edge: Edge) => ({ kind: 'gateway', note: name, edge, source: 'line-1', text: name }) as const;
    const told = heard(
      ...[note('wire-down', 'began'), note('driver-failed', 'began'), note('wire-down', 'ended'), note('wire-silent', 'began')],
      ...[note('noise', 'began'), note('started', 'momentary')],
    );
    const shown = (entries: readonly Entry[]) => fold(entries).map((one) => [one.class, one.source, one.points[0]?.text, one.state]);
    expect(shown(told).sort()).toEqual([
      ['link', 'line-1', 'driver-failed', 'open'],
      ['link', 'line-1', 'wire-down', 'restored'],
      ['link', 'line-1', 'wire-silent', 'open'],
    ]);
    const over = heard(note('driver-failed', 'began'), note('wire-silent', 'began'), note('driver-recovered', 'ended'));
    expect(fold(over).map(({ state, points }) => [points[0]?.text, state])).toEqual([
      ['wire-silent', 'open'],
      ['driver-failed', 'restored'],
    ]);
  });

  it('tells the same points as standing whatever the order of arrival, however far behind its bound a mark comes', () => {
    const standing = (told: readonly Incident[]) =>
      told
        .filter(({ state }) => state === 'open')
        .flatMap((one) =>
          one.points.filter(({ endedMs }) => endedMs === null).map(({ point, kind }) => [one.gateway, one.source, one.test, kind, point]),
        )
        .map((names) => JSON.stringify(names))
        .sort();
    fc.assert(
      fc.property(anyArrival, fc.integer({ min: 1, max: 6 }), ({ heard: inOrder, arrived }, marksMax) => {
        expect(standing(fold(arrived, incidentsWithin(marksMax)))).toEqual(standing(fold(inOrder)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('opens a fault that comes behind more alarms of its source than are told anew, and ends it when its end comes as late', () => {
    const alarms = Array.from({ length: 1_200 }, (_, index) => ({
      ...{ kind: 'fire' as const, address: one, edge: index % 2 ? ('ended' as const) : ('began' as const) },
    }));
    const [fault, ended, ...rest] = heard({ kind: 'fault', address: two }, { kind: 'fault', edge: 'ended', address: two }, ...alarms);
    const arrived = [...rest, fault as Entry, ended as Entry].map((entry, index) => ({ ...entry, position: index + 1 }));
    expect(fold(arrived.slice(0, -1)).filter(({ state }) => state === 'open')).toMatchObject([{ class: 'fault', openedMs: 1000 }]);
    expect(fold(arrived).filter(({ state }) => state === 'open')).toEqual([]);
  });

  it('tells the same points as standing where thousands of late marks come for as many points', () => {
    const points = Array.from({ length: 1_000 }, (_, point) => ({ kind: 'fault' as const, address: { controller: 1, point } }));
    const entries = heard(...points, ...points.filter((_, point) => point % 3 > 0).map((one) => ({ ...one, edge: 'ended' as const })));
    const arrived = entries.toReversed().map((entry, index) => ({ ...entry, position: index + 1 }));
    const open = (told: readonly Incident[]) => told.filter(({ state }) => state === 'open').map(({ id }) => id);
    expect(open(fold(arrived, incidentsWithin(4))).sort()).toEqual(open(fold(entries)).sort());
    expect(open(fold(entries))).toHaveLength(334);
  });

  it('copies few words for a late mark, however many points of its source have spoken', () => {
    const points = Array.from({ length: 2_000 }, (_, point) => ({ kind: 'fault' as const, address: { controller: 1, point } }));
    const [late, ...rest] = heard({ kind: 'fault', edge: 'ended', address: two }, ...points);
    const projector = new Projector({ incidents });
    for (const [index, entry] of rest.entries()) projector.fold({ ...entry, position: index + 1 });
    const wordsNow = () => [...projector.tables.incidents.values()][0]!.words;
    const before = wordsNow();
    projector.fold({ ...(late as Entry), position: rest.length + 1 });
    expect(before.long.size).toBeGreaterThan(1_000);
    expect(wordsNow()).not.toBe(before);
    expect([wordsNow().long === before.long, wordsNow().lately.size]).toEqual([true, before.lately.size + 1]);
  });

  it('tells of very many points the first, those that stand and those that spoke last, and how many there are', () => {
    const fires = Array.from({ length: 1_000 }, (_, point) => ({ kind: 'fire' as const, address: { controller: 1, point } }));
    const ends = fires.slice(0, 990).map((fire) => ({ ...fire, edge: 'ended' as const }));
    const [told] = fold(heard(...fires, ...ends, fires[7] as (typeof fires)[0])).map(viewOfIncident);
    expect(told).toMatchObject({ state: 'open', pointsTotal: 1_000, pointsStanding: 11, events: 1_991 });
    const shown = told?.points.map(({ address }) => address.point ?? -1) ?? [];
    expect(shown).toHaveLength(100);
    expect(shown.slice(0, 2)).toEqual([0, 7]);
    expect(shown.slice(2)).toEqual(Array.from({ length: 98 }, (_, index) => 902 + index));
  });

  it('counts how often a point of an incident comes and goes, and grows no larger by it', () => {
    const flapping = Array.from({ length: 2_001 }, (_, index) => ({
      ...{ kind: 'fire' as const, address: two, place: '西', edge: index % 2 ? ('ended' as const) : ('began' as const) },
    }));
    const [told, ...more] = fold(heard({ kind: 'fire', address: one }, ...flapping));
    expect(more).toEqual([]);
    expect(told).toMatchObject({ state: 'open', events: 2_002, openedMs: 1000 });
    expect(told?.points).toMatchObject([
      { address: one, times: 1, endedMs: null },
      { address: two, times: 1_001, beganMs: 2_000, lastBeganMs: 2_002_000, endedMs: null },
    ]);
  });

  it('tells the same again when it is rebuilt', () => {
    fc.assert(
      fc.property(anyHistory, (entries) => {
        expect(fold(entries)).toEqual(fold(structuredClone(entries)));
      }),
    );
  });

  it('folds every event the model can express without an exception', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
        fold(events.map((event, index) => entryOf({ event, ordinal: index + 1 })));
      }),
    );
  });

  it('makes fires that spread over a panel one incident with several points', () => {
    const told = fold(
      heard(
        { kind: 'fire', address: one, place: '东' },
        { kind: 'fire', address: two, place: '西' },
        { kind: 'fire', address: one, edge: 'still' },
      ),
    );
    expect(told).toMatchObject([
      { class: 'fire', urgency: 1, state: 'open', events: 3, openedMs: 1000, points: [{ place: '东' }, { place: '西' }] },
    ]);
    expect(told[0]?.id).toBe(told[0]?.points[0]?.eventId);
  });

  it('keeps fires of two sources apart, and limits of two points of one source', () => {
    expect(fold(heard({ kind: 'fire', source: 'a' }, { kind: 'fire', source: 'b' }))).toHaveLength(2);
    expect(fold(heard({ kind: 'low', address: one }, { kind: 'low', address: two }))).toHaveLength(2);
  });

  it('restores an incident when its last point is over, and opens another one afterwards', () => {
    const entries = heard(
      { kind: 'fire', address: one },
      { kind: 'fire', address: two },
      { kind: 'fire', edge: 'ended', address: one },
      { kind: 'fire', edge: 'ended', address: two },
      { kind: 'fire', address: one },
    );
    expect(fold(entries.slice(0, 3))).toMatchObject([{ state: 'open', points: [{ endedMs: 3000 }, { endedMs: null }] }]);
    expect(fold(entries.slice(0, 4))).toMatchObject([{ state: 'restored', restoredMs: 4000, restoredBy: 'device' }]);
    expect(fold(entries)).toMatchObject([{ state: 'open', openedMs: 5000 }, { state: 'restored' }]);
  });

  it('restores by a reset what latches, of the controller that was reset, and leaves faults open', () => {
    const entries = heard({ kind: 'fire', address: one }, { kind: 'fault', address: one }, { ...RESET, address: { controller: 2 } }, RESET);
    expect(fold(entries.slice(0, 3)).map(({ state }) => state)).toEqual(['open', 'open']);
    expect(fold(entries)).toMatchObject([
      { class: 'fault', state: 'open' },
      { class: 'fire', state: 'restored', restoredBy: 'reset' },
    ]);
  });

  it('does not let a fire stand that is older than the reset it arrives behind', () => {
    const [fire, reset] = heard({ kind: 'fire', address: one }, RESET) as [Entry, Entry];
    expect(
      fold([
        { ...reset, position: 1 },
        { ...fire, position: 2 },
      ]),
    ).toMatchObject([{ state: 'restored', restoredBy: 'reset' }]);
  });

  it('never joins test traffic with a live incident', () => {
    const told = fold(heard({ kind: 'fire', address: one, test: ['maintenance'] }, { kind: 'fire', address: one }));
    expect(told.map(({ test }) => test)).toEqual([true, false]);
  });

  it('opens a fire for a fire flag that comes with another word', () => {
    expect(fold(heard({ kind: 'fault', edge: 'ended', address: one, states: ['fire'] }))).toMatchObject([{ class: 'fire', state: 'open' }]);
    const [fault, fire] = fold(heard({ kind: 'fault', address: one, states: ['fire'] })).toSorted((a, b) => b.urgency - a.urgency);
    expect(fire?.id).toBe(`${fault?.id}-fire`);
  });

  it('does not count what a burning room says besides', () => {
    const reading = { kind: 'reading', edge: 'momentary', address: one, states: ['fire'] } as const;
    expect(fold(heard({ kind: 'fire', address: one, states: ['fire'] }, reading, reading))).toMatchObject([{ events: 1, points: [{}] }]);
    expect(fold(heard({ kind: 'fire', address: one }, reading, { kind: 'fire', edge: 'ended', address: one }))).toMatchObject([
      { state: 'restored' },
    ]);
  });

  it('takes a first fire and a fire of a point for one matter that ends together', () => {
    const entries = heard(
      { kind: 'first-fire', address: one },
      { kind: 'fire', address: one },
      { kind: 'fire', edge: 'ended', address: one },
    );
    expect(fold(entries)).toMatchObject([{ state: 'restored' }]);
  });

  it('opens nothing for what no one must act on', () => {
    const kinds: readonly EventKind[] = ['reading', 'heartbeat', 'start', 'feedback', 'text', 'gateway', 'test', 'operation'];
    expect(fold(heard(...kinds.map((kind) => ({ kind }))))).toEqual([]);
  });

  it('opens and restores at once what was over at once', () => {
    expect(fold(heard({ kind: 'water-release', edge: 'momentary' }))).toMatchObject([{ state: 'restored', restoredMs: 1000 }]);
  });

  it('stays bounded over a source that never rests, and still takes a mark that is a little late', () => {
    const restless = Array.from({ length: 3000 }, (_, index) => ({
      kind: 'fault' as const,
      address: one,
      edge: index % 2 ? ('ended' as const) : ('began' as const),
    }));
    const entries = heard(...restless);
    const projector = new Projector({ incidents });
    const late = entries[2980];
    const arrived = [...entries.filter((entry) => entry !== late), late as Entry, entries[3] as Entry];
    for (const [index, entry] of arrived.entries()) projector.fold({ ...entry, position: index + 1 });
    const [row] = projector.tables.incidents.values();
    expect(row?.marks.length).toBeLessThanOrEqual(512);
    expect(row?.tooLate).toBe(1);
    expect(row?.told.closed).toHaveLength(20);
    expect(withoutPositions(row?.told.closed ?? [])).toEqual(withoutPositions(fold(entries)));
  });
});
