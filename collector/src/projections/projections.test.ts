import { type EventKind, flagsAfter, type SiteEvent, type State } from '@fengsui/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyEvent } from '../../../protocol/src/event.arbitrary.ts';
import type { Entry } from '../ledger/ledger.ts';
import { anyArrival, anyHistory, entryOf, eventOf } from '../ledger.arbitrary.ts';
import { type Device, keyOf } from './device.ts';
import { viewOfDevice } from './device-view.ts';
import { devices } from './devices.ts';
import { gateways } from './gateways.ts';
import { Projector } from './projector.ts';

function fold(entries: readonly Entry[]) {
  const projector = new Projector({ devices, gateways });
  for (const entry of entries) projector.fold(entry);
  return projector.tables;
}

/** Rows without the position, which is of the arrival and nothing else. */
function told<Row extends { readonly position: number }>(rows: Iterable<Row>, key: (row: Row) => string) {
  return [...rows].map(({ position: _, ...row }) => row).sort((a, b) => key(a as Row).localeCompare(key(b as Row)));
}

function heard(...events: ReadonlyArray<Partial<SiteEvent> & { kind: EventKind }>): readonly Entry[] {
  return events.map((event, index) => entryOf({ event: eventOf(event), ordinal: index + 1 }));
}

function statesOf(entries: readonly Entry[], address: { controller?: number; point?: number } = {}): readonly State[] {
  const rows = [...fold(entries).devices.values()];
  const row = rows.find((device) => JSON.stringify(device.address) === JSON.stringify(address));
  return viewOfDevice(row as Device).states.map(({ state }) => state);
}

const POINT = { controller: 1, point: 7 };

describe('the device projection', () => {
  it('gives the same rows whatever the order of arrival', () => {
    fc.assert(
      fc.property(anyArrival, ({ heard: inOrder, arrived }) => {
        const [one, other] = [fold(inOrder), fold(arrived)];
        expect(told(other.devices.values(), ({ key }) => key)).toEqual(told(one.devices.values(), ({ key }) => key));
        expect(told(other.gateways.values(), ({ gateway }) => gateway)).toEqual(told(one.gateways.values(), ({ gateway }) => gateway));
      }),
    );
  });

  it('agrees with the flags of the protocol when one point is heard in order', () => {
    const plain = fc.constantFrom<EventKind>('fire', 'prealarm', 'fault', 'feedback', 'start', 'shield', 'supervisory', 'reset');
    const edge = fc.constantFrom('began' as const, 'ended' as const, 'still' as const);
    fc.assert(
      fc.property(fc.array(fc.record({ kind: plain, edge }), { minLength: 1, maxLength: 40 }), (said) => {
        let flags: State[] = [];
        for (const event of said) flags = flagsAfter(flags, event);
        expect(statesOf(heard(...said))).toEqual(flags);
      }),
    );
  });

  it('folds every event the model can express without an exception, and the same again when rebuilt', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
        const entries = events.map((event, index) => entryOf({ event, ordinal: index + 1 }));
        const [one, other] = [fold(entries), fold(entries)];
        expect([...one.devices.values()].map(viewOfDevice)).toEqual([...other.devices.values()].map(viewOfDevice));
      }),
    );
  });

  it('keeps a fire until its controller is reset, and a fault and a shield beyond that', () => {
    const before = [
      { kind: 'fire', address: POINT },
      { kind: 'fault', address: POINT },
      { kind: 'shield', address: POINT },
    ] as const;
    expect(statesOf(heard(...before), POINT)).toEqual(['fire', 'fault', 'shield']);
    expect(statesOf(heard(...before, { kind: 'reset', edge: 'momentary', address: { controller: 2 } }), POINT)).toContain('fire');
    expect(statesOf(heard(...before, { kind: 'reset', edge: 'momentary', address: { controller: 1 } }), POINT)).toEqual([
      'fault',
      'shield',
    ]);
    expect(statesOf(heard(...before, { kind: 'reset', edge: 'momentary' }), POINT)).toEqual(['fault', 'shield']);
  });

  it('does not let a fire come back that is older than the reset it arrives behind', () => {
    const [fire, reset] = heard({ kind: 'fire', address: POINT }, { kind: 'reset', edge: 'momentary' });
    const late = [
      { ...(reset as Entry), position: 1 },
      { ...(fire as Entry), position: 2 },
    ];
    expect(statesOf(late, POINT)).toEqual([]);
  });

  it('takes a smaller ordinal of a newer epoch for newer', () => {
    const event = eventOf({ kind: 'fault', address: POINT });
    const entries = [
      entryOf({ event: { ...event, edge: 'began' }, epoch: 1, ordinal: 900, position: 1 }),
      entryOf({ event: { ...event, edge: 'ended' }, epoch: 2, ordinal: 1, position: 2 }),
    ];
    expect(statesOf(entries, POINT)).toEqual([]);
    expect(
      statesOf(
        [...entries].reverse().map((entry, index) => ({ ...entry, position: index + 1 })),
        POINT,
      ),
    ).toEqual([]);
  });

  it('never lets a test hide a live fire, and marks what is only a test', () => {
    const test = { kind: 'fire', address: POINT, test: ['maintenance'] } as const;
    const view = (entries: readonly Entry[]) => [...fold(entries).devices.values()].map(viewOfDevice)[0]?.states;
    expect(view(heard(test))).toMatchObject([{ state: 'fire', test: true }]);
    expect(view(heard({ kind: 'fire', address: POINT }, test))).toMatchObject([{ state: 'fire', test: false }]);
  });

  it('shows every point of a source as offline while its link is lost, also points heard of later', () => {
    const entries = heard({ kind: 'fault', address: POINT }, { kind: 'link' }, { kind: 'fault', address: { controller: 1, point: 8 } });
    expect([...fold(entries).devices.values()].map((row) => viewOfDevice(row).online)).toEqual([false, false, false]);
    const back = [...entries, ...heard({ kind: 'link', edge: 'ended' }).map((entry) => ({ ...entry, ordinal: 4, position: 4 }))];
    expect([...fold(back).devices.values()].map((row) => viewOfDevice(row).online)).toEqual([true, true, true]);
  });

  it('takes a lost link without address for one of the whole source, whichever part it names', () => {
    const part = (address: number) => ({ systemType: 11, systemAddress: 1, component: { type: 24, address } });
    const rows = fold(heard({ kind: 'low', part: part(1) }, { kind: 'link', part: part(0) })).devices;
    expect([...rows.values()].map((row) => viewOfDevice(row).online)).toEqual([false, false]);
    expect(rows.get(keyOf('gw-1', 'panel-1', ''))).toMatchObject({ part: { value: { systemType: 11, systemAddress: 1 } } });
  });

  it('ends with a fire what qualified it', () => {
    const fire = { kind: 'fire', states: ['fire', 'first-fire', 'manual-call-point'] } as const;
    expect(statesOf(heard(fire))).toEqual(['fire', 'first-fire', 'manual-call-point']);
    expect(statesOf(heard(fire, { kind: 'fire', edge: 'ended', states: [] }))).toEqual([]);
  });

  it('does not take a flag that an event leaves out for one that ended', () => {
    expect(statesOf(heard({ kind: 'fire' }, { kind: 'reading', edge: 'momentary', states: [] }))).toEqual(['fire']);
  });

  it('does not take a silence for a word of the device', () => {
    const [row] = fold(heard({ kind: 'link' })).devices.values();
    expect(viewOfDevice(row as Device)).toMatchObject({ online: false });
    expect(viewOfDevice(row as Device)).not.toHaveProperty('heardMs');
  });

  it('keeps the last reading of each quantity with its unit and quality', () => {
    const measured = { quantity: 'pressure-kpa', value: 132, quality: 'good', lowLimit: 140 } as const;
    const [row] = fold(heard({ kind: 'reading', measured: { ...measured, value: 250 } }, { kind: 'low', measured })).devices.values();
    expect(viewOfDevice(row as Device)).toMatchObject({ states: [{ state: 'low' }], readings: [{ ...measured, unit: 'kPa' }] });
  });

  it('keeps points apart that have components but no address', () => {
    const part = (address: number) => ({ systemType: 1, systemAddress: 1, component: { type: 24, address } });
    expect(fold(heard({ kind: 'low', part: part(1) }, { kind: 'low', part: part(2) })).devices.size).toBe(2);
  });
});

describe('the projector', () => {
  it('rebuilds from the first entry what it had folded live, and stands at the same position', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (entries) => {
        const live = fold(entries);
        const stop = new AbortController();
        const rebuilt = new Projector({ devices, gateways });
        const after = async (position: number, max: number) =>
          entries.filter((entry) => entry.position > position).slice(0, Math.min(max, 7));
        const wait = async () => stop.abort();
        await rebuilt.run({ after, wait }, stop.signal);
        expect([...rebuilt.tables.devices.values()]).toEqual([...live.devices.values()]);
        expect(rebuilt.position).toBe(entries.at(-1)?.position ?? 0);
      }),
      { numRuns: 30 },
    );
  });

  it('gives others their turn between entries of one page that cost much', async () => {
    const entries = Array.from({ length: 20 }, (_, index) => entryOf({ event: eventOf({ kind: 'fire' }), ordinal: index + 1 }));
    const fold = () => {
      const beganMs = performance.now();
      while (performance.now() - beganMs < 4);
      return new Map();
    };
    const projector = new Projector({ slow: { name: 'slow', version: 1, group: () => '', fold } });
    const stop = new AbortController();
    const seen: number[] = [];
    const after = async (position: number) => {
      setImmediate(() => seen.push(projector.position));
      return entries.slice(position);
    };
    await projector.run({ after, wait: async () => stop.abort() }, stop.signal);
    expect(seen[0]).toBeLessThan(20);
    expect(projector.position).toBe(20);
  });

  it('tells what each row was before and is after, and folds no entry twice', () => {
    const projector = new Projector({ devices });
    const steps: string[] = [];
    const stop = projector.subscribe(({ entry, changes }) => {
      for (const { before, after } of changes.devices.values())
        steps.push(`${entry.position} ${before?.position ?? 'new'} ${after.position}`);
    });
    const entries = heard({ kind: 'fire', address: POINT }, { kind: 'fault', address: POINT });
    for (const entry of [...entries, ...entries]) projector.fold(entry);
    stop();
    for (const entry of heard({ kind: 'fire' }, { kind: 'fire' }, { kind: 'fire', address: POINT })) projector.fold(entry);
    expect(steps).toEqual(['1 new 1', '2 1 2']);
    expect(projector.tables.devices.get(keyOf('gw-1', 'panel-1', ''))).toBeUndefined();
  });
});
