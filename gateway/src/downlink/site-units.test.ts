import { type Order, orderParameters, READ_UNITS, type ReadUnit, type SiteEvent } from '@fengsui/protocol';
import { decodeUnit, encodeUnit, UNIT_TYPES } from '@fengsui/protocol/gb26875';
import { expect, it } from 'vitest';
import { SiteState } from './site-state.ts';
import { answerUnit, type UnitSources } from './site-units.ts';

const NOON = Date.UTC(2026, 10, 23, 4);
let events = 0;
function event(more: Partial<SiteEvent>): SiteEvent {
  const ms = NOON + 1_000 * ++events;
  return {
    ...{ id: String(events).padStart(32, '0'), kind: 'fire', edge: 'began', receivedMs: ms, source: 'panel-1' },
    time: { ms, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 258 } },
    ...more,
  };
}

const site = new SiteState();
site.hear([
  event({ place: '1号楼3层东走道' }),
  event({ kind: 'shield', part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 259 } } }),
  event({
    kind: 'reading',
    edge: 'momentary',
    source: 'hydrant-7',
    part: { systemType: 11, systemAddress: 1, component: { type: 24, address: 7 } },
    measured: { quantity: 'pressure-kpa', value: 352.4, quality: 'good' },
  }),
  event({
    kind: 'operation',
    edge: 'momentary',
    operations: ['mute'],
    operatorNumber: 3,
    part: { systemType: 1, systemAddress: 1 },
    time: { ms: NOON + 5_000, zoneMinutes: 480, source: 'panel' },
    receivedMs: NOON + 2_000,
  }),
  event({ kind: 'duty-answer', edge: 'momentary', operatorNumber: 9, part: { systemType: 0, systemAddress: 0 }, source: 'gw-1' }),
]);

const sources: UnitSources = {
  site,
  facts: () => ({ mainPowerFault: true, backupPowerFault: false, channelFault: false, lineFault: true }),
  version: '1.7.2',
  description: 'gw-1 1.7.2: 2 条线路',
  describe: (systemType) => `系统 ${systemType}`,
  nowMs: () => NOON,
  startedMs: NOON,
  configured: [{ source: 'panel-1', part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 258 } } }],
  zoneMinutes: 480,
};

const asked = (unit: ReadUnit, ...objects: NonNullable<Parameters<typeof answerUnit>[1]>) => answerUnit(unit, objects, sources);

it('answers what a facility stands at, by system, component and value, as it was last heard', () => {
  expect(asked(61, { systemType: 1, systemAddress: 1 })).toEqual({
    unit: 1,
    objects: [{ systemType: 1, systemAddress: 1, status: 0b1011, time: '2026-11-23T12:00:05' }],
    inAll: 1,
  });
  expect(asked(62, { systemType: 1, systemAddress: 1, componentAddress: 258 }).objects).toEqual([
    {
      ...{ systemType: 1, systemAddress: 1, componentType: 42, componentAddress: 258 },
      ...{ status: 0b11, text: '1号楼3层东走道', time: '2026-11-23T12:00:01' },
    },
  ]);
  expect(asked(63).objects).toMatchObject([{ systemType: 11, analogueType: 5, raw: 3524 }]);
  expect(asked(67, { systemType: 1 }).objects).toHaveLength(2);
  expect(asked(66, { systemType: 11, systemAddress: 1 }).objects).toEqual([{ systemType: 11, systemAddress: 1, text: '系统 11' }]);
});

it('answers who did what, from a time on and so many', () => {
  expect(asked(64, { systemType: 1, systemAddress: 1, recordCount: 5 }).objects).toEqual([
    { systemType: 1, systemAddress: 1, operation: 2, operator: 3, time: '2026-11-23T12:00:05' },
  ]);
  expect(asked(64, { startTime: '2026-11-23T12:00:06' }).objects).toEqual([]);
  expect(asked(84).objects).toEqual([{ operation: 0x20, operator: 9, time: '2026-11-23T12:00:05' }]);
});

it('answers how the gateway itself stands, its version, its configuration and both clocks', () => {
  expect(asked(81).objects).toEqual([{ status: 0b1001011, time: '2026-11-23T12:00:00' }]);
  expect(asked(85).objects).toEqual([{ mainVersion: 1, minorVersion: 7 }]);
  expect(asked(88).objects).toEqual([{ time: '2026-11-23T12:00:00' }]);
  expect(asked(68, { systemType: 1, systemAddress: 1 }).objects).toEqual([
    { systemType: 1, systemAddress: 1, time: '2026-11-23T12:00:03' },
  ]);
});

it('says that it has nothing, and why, rather than guess', () => {
  expect(asked(65)).toMatchObject({ unit: 5, objects: [], why: expect.stringContaining('software version') });
  expect(asked(62, { systemType: 1, systemAddress: 1, componentAddress: 9 })).toMatchObject({ objects: [], why: expect.any(String) });
});

it.each([...READ_UNITS])('what answers unit %i fits a frame of unit %i and is read back the same', (reading, answering) => {
  const { unit, objects } = asked(reading);
  expect(unit).toBe(answering);
  const { object } = UNIT_TYPES.get(unit)!;
  const bytes = encodeUnit({ type: unit, count: objects.length, objects: objects.map((view) => object.parse(view)) });
  const read = decodeUnit(bytes);
  expect(read).toMatchObject({ type: unit, count: objects.length });
  if (read && 'objects' in read) expect(read.objects.map((value) => object.view(value))).toMatchObject(objects);
});

it('no more travels than one frame holds, and how many there are is said', () => {
  const many = new SiteState();
  many.hear(
    Array.from({ length: 40 }, (_, address) => event({ part: { systemType: 1, systemAddress: 1, component: { type: 42, address } } })),
  );
  const answer = answerUnit(62, [], { ...sources, site: many });
  expect([answer.objects.length, answer.inAll, answer.objects[0]]).toMatchObject([22, 40, { componentAddress: 39 }]);
});

it('an order asks for a unit by its number, and wrong ones are named', () => {
  const parameters: Order['parameters'] = { what: 'unit', unit: 62, objects: [{ systemType: 1, systemAddress: 1, componentAddress: 258 }] };
  expect(orderParameters('read', parameters)).toEqual(parameters);
  expect(orderParameters('read', { what: 'unit', unit: 69 })).toHaveProperty('wrong');
  expect(orderParameters('read', { what: 'unit', unit: 64, objects: [{ startTime: 'noon' }] })).toHaveProperty('wrong');
});

it('a fire that was a test is told to no centre, and what is said live of the point afterwards does not carry it', () => {
  const tested = new SiteState();
  const point = { test: ['not-in-service'] as const };
  const status = (unit: 61 | 62 | 81) => answerUnit(unit, [], { ...sources, facts: none, site: tested }).objects[0]!['status'];
  const none = () => ({ mainPowerFault: false, backupPowerFault: false, channelFault: false, lineFault: false });
  tested.hear([event(point)]);
  expect([tested.points()[0]!.states, status(61), status(62), status(81)]).toEqual([['fire'], 1, 1, 1]);
  tested.hear([event({ kind: 'fault' })]);
  expect([tested.points()[0]!.states, status(61), status(62), status(81)]).toEqual([['fault'], 0b101, 0b101, 0b101]);
  tested.hear([event({}), event({ kind: 'test', edge: 'momentary', test: ['device'] })]);
  expect(status(62)).toBe(0b111);
});

it('says of configured components that were not heard that nothing is known of them, and calls them nothing else', () => {
  const part = { systemType: 1, systemAddress: 1, component: { type: 42, address: 300 } };
  const more = { ...sources, configured: [...sources.configured, { source: 'panel-1', part }] };
  const unheard = { points: 1, since: '2026-11-23T12:00:00', text: expect.stringContaining('本次启动(2026-11-23 12:00:00)以来未收到') };
  const one = { systemType: 1, systemAddress: 1, componentAddress: 300 };
  expect(answerUnit(62, [one], more)).toMatchObject({ objects: [], unheard });
  expect(answerUnit(62, [], more)).toMatchObject({ inAll: 3, unheard });
  expect(answerUnit(62, [{ ...one, componentAddress: 258 }], more)).not.toHaveProperty('unheard');
});
