import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { type EventKind, QUANTITIES, type Quantity, type SiteEvent } from '../event.ts';
import { HYDRANT_PRESSURE } from '../gb26875/codes.ts';
import type { Heard, Said } from '../heard.ts';
import { type Observation, WHATS } from '../observation.ts';
import { createNormalizer, type Normalizer, partsOf } from './normalizer.ts';
import type { DeviceRecord, PointRecord } from './points.ts';

const HEARD_MS = Date.UTC(2026, 9, 1, 4);
let nowMs: number;
let normalizer: Normalizer;

function site(points: PointRecord[], over: Partial<DeviceRecord> = {}, stood?: () => boolean | null): void {
  let ids = 0;
  normalizer = createNormalizer({
    devices: [{ name: 'panel', part: { systemType: 1, systemAddress: 2 }, points, ...over }],
    zoneMinutes: 480,
    newEventId: () => (ids++).toString(16).padStart(32, '0'),
    clock: { monotonicMs: () => nowMs },
    ...(stood ? { stood } : {}),
  });
}

function hear(...observations: Said[]): SiteEvent[] {
  return normalizer.normalize({ device: 'panel', family: 'three/1', observations, packet: Uint8Array.of(1, 2), heardMs: HEARD_MS + nowMs });
}
const at = (point: number, over: Partial<Said> = {}): Said => ({ what: 'fire', address: { controller: 1, loop: 3, point }, ...over });
const brief = (events: readonly SiteEvent[]) => events.map(({ kind, edge }) => `${kind} ${edge}`);
const reading = (value: number | null, over: Partial<Said> = {}): Said => ({
  what: 'reading',
  address: {},
  register: 'pressure',
  quantity: 'pressure-kpa',
  value,
  ...over,
});

beforeEach(() => {
  nowMs = 0;
  site([]);
});

test('a fire at a listed point carries its place, its part, its evidence and who said it', () => {
  site([{ address: { controller: 1, loop: 3, point: 7 }, place: '1号楼3层东走道', componentType: 42 }]);
  expect(hear(at(7, { text: '走道' }))).toEqual([
    {
      id: '0'.repeat(32),
      kind: 'fire',
      edge: 'began',
      time: { ms: HEARD_MS, zoneMinutes: 480, source: 'gateway' },
      receivedMs: HEARD_MS,
      part: { systemType: 1, systemAddress: 2, component: { type: 42, address: 0x70003 } },
      source: 'panel',
      family: 'three/1',
      states: ['fire', 'first-fire'],
      address: { controller: 1, loop: 3, point: 7 },
      place: '1号楼3层东走道',
      text: '走道',
      packetHex: '0102',
    },
  ]);
});

test('a point nobody listed, and a device nobody listed, still make an event', () => {
  expect(hear(at(9))[0]).toMatchObject({ kind: 'fire', part: { component: { type: 0, address: 0x90003 } } });
  expect(hear(at(9))[0]).not.toHaveProperty('place');
  const [event] = normalizer.normalize({
    device: 'unknown-86',
    family: 'x/1',
    observations: [{ what: 'fire', address: {} }],
    packet: null,
    heardMs: 5,
  });
  expect(event).toMatchObject({ kind: 'fire', source: 'unknown-86', part: { systemType: 0, systemAddress: 0 } });
});

test('of several rows that fit, the one that names most is taken', () => {
  site([
    { address: {}, place: 'somewhere' },
    { address: { loop: 3 }, place: 'loop' },
    { address: { loop: 3, point: 7 }, place: 'point' },
  ]);
  expect(hear(at(7))[0]?.place).toBe('point');
  expect(hear(at(8))[0]?.place).toBe('loop');
  expect(hear({ what: 'fault', address: { zone: 4 } })[0]?.place).toBe('somewhere');
});

test.each([
  ['supervisory', 11, 'gas-alarm'],
  ['fire', 74, 'gas-alarm'],
  ['supervisory', 17, 'electrical-alarm'],
  ['supervisory', 97, 'supervisory'],
  ['fire', 42, 'fire'],
] as const)('%s at a part of type %d is %s', (what, componentType, kind) => {
  expect(hear(at(1, { what, componentType }))[0]?.kind).toBe(kind);
});

test('the table of the site says what a word means, also when it ends', () => {
  site([{ address: { point: 1 }, componentType: 11, means: { supervisory: 'fire', start: 'water-release' } }]);
  expect(brief([...hear(at(1, { what: 'supervisory' })), ...hear(at(1, { what: 'restored', detail: 'supervisory' }))])).toEqual([
    'fire began',
    'fire ended',
  ]);
  expect(brief([...hear(at(1, { what: 'start' })), ...hear(at(1, { what: 'stop' }))])).toEqual([
    'water-release began',
    'water-release ended',
  ]);
});

test('mains and battery, bus and point faults are told apart, and the word for it is kept', () => {
  const words: Said[] = [
    { what: 'power-fault', address: { controller: 1 }, detail: 'main' },
    { what: 'power-restored', address: { controller: 1 }, detail: 'backup' },
    { what: 'fault', address: { controller: 1 }, detail: 'bus' },
    { what: 'fault', address: { controller: 1 }, detail: 'loop-short' },
  ];
  expect(hear(...words).map(({ kind, edge, text }) => `${kind} ${edge} ${text}`)).toEqual([
    'main-power began main',
    'backup-power ended backup',
    'bus began bus',
    'fault began loop-short',
  ]);
});

test('states are independent flags: fire latches until reset, fault follows its source, a shield survives the reset', () => {
  const states = (said: Said) => hear(said)[0]?.states;
  expect(states(at(1))).toEqual(['fire', 'first-fire']);
  expect(states(at(1, { what: 'fault' }))).toEqual(['fire', 'fault', 'first-fire']);
  expect(states(at(1, { what: 'shield' }))).toEqual(['fire', 'fault', 'shield', 'first-fire']);
  expect(states(at(2))).toEqual(['fire']);
  expect(brief(hear({ what: 'reset', address: { controller: 1 } }))).toEqual(['reset momentary']);
  expect(states(at(1, { what: 'fault-restored' }))).toEqual(['shield']);
  expect(states(at(2))).toEqual(['fire', 'first-fire']);
});

test('a reset reaches its own controller only', () => {
  const other = { controller: 12, loop: 1, point: 1 };
  hear({ what: 'fire', address: other });
  hear({ what: 'reset', address: { controller: 1 } });
  expect(hear({ what: 'fault', address: other })[0]?.states).toEqual(['fire', 'fault', 'first-fire']);
  hear({ what: 'reset', address: {} });
  expect(hear({ what: 'fault-restored', address: other })[0]?.states).toEqual([]);
});

test('a manual call point is told apart from a detector', () => {
  expect(hear(at(1, { componentType: 23 }))[0]?.states).toContain('manual-call-point');
});

test('"restored" ends the fire; where no fire stands it ends what stands; where nothing is known it ends the fire', () => {
  hear(at(1));
  hear(at(1, { what: 'low' }));
  expect(brief(hear(at(1, { what: 'restored' })))).toEqual(['fire ended']);
  hear(at(1, { what: 'tilt' }));
  expect(brief(hear(at(1, { what: 'restored' })))).toEqual(['low ended', 'tilt ended']);
  expect(brief(hear(at(1, { what: 'restored' })))).toEqual(['fire ended']);
});

test('a lost link begins and ends; a link that is only mentioned is a sign of life', () => {
  site([{ address: { point: 1 }, place: 'here' }]);
  const link = (detail: string): Said => ({ what: 'link', address: {}, detail });
  expect(hear(link('lost'))[0]).toMatchObject({ kind: 'link', edge: 'began', states: ['offline'], place: 'here' });
  expect(hear(link('restored'))[0]).toMatchObject({ kind: 'link', edge: 'ended', states: [] });
  expect(hear(link('confirm'), { what: 'heartbeat', address: {} })).toEqual([]);
  expect(normalizer.quiet.signsOfLife).toBe(2);
});

test("the panel's clock is taken where it is believable, else ours, with the panel's beside it", () => {
  const time = (deviceTime: string | null) => {
    const { time, deviceTimeHex } = hear(at(1, { deviceTime }))[0]!;
    return [time.source, time.ms - HEARD_MS, deviceTimeHex && Buffer.from(deviceTimeHex, 'hex').toString()];
  };
  expect(time('2026-10-01T11:59:58')).toEqual(['panel', -2_000, undefined]);
  expect(time('2026-10-01T04:00:03Z')).toEqual(['panel', 3_000, undefined]);
  expect(time('2026-10-01T12:00')).toEqual(['panel', 0, undefined]);
  expect(time('2015-09-16T24:08:00')).toEqual(['gateway', 0, '2015-09-16T24:08:00']);
  expect(time('2015-09-16T14:08:00')).toEqual(['gateway', 0, '2015-09-16T14:08:00']);
  expect(time('2026-10-01T18:00:00')).toEqual(['gateway', 0, '2026-10-01T18:00:00']);
  expect(time(null)).toEqual(['gateway', 0, undefined]);
});

test('battery, radio, tilt and the rest travel with the heartbeat that carries them', () => {
  const carried = {
    battery: { percent: 88 },
    radio: { rsrp: -97, technology: 'nb-iot' },
    tilt: { x: 1 },
    release: { flowing: false },
    levelMm: 12,
  } as const;
  expect(hear({ what: 'heartbeat', address: {}, ...carried })[0]).toMatchObject({ kind: 'heartbeat', ...carried });
});

test('a low battery is said once, and its end once', () => {
  const said = (low: boolean | undefined, what: Said['what'] = 'heartbeat'): Said => ({
    what,
    address: {},
    battery: { percent: 9, ...(low === undefined ? {} : { low }) },
  });
  expect(brief(hear(said(true)))).toEqual(['battery-low began', 'heartbeat momentary']);
  expect(brief(hear(said(true)))).toEqual(['heartbeat momentary']);
  expect(brief(hear(said(undefined, 'battery-low')))).toEqual([]);
  expect(normalizer.quiet.repeats).toBe(1);
  expect(brief(hear(said(undefined)))).toEqual(['heartbeat momentary', 'battery-low ended']);
  expect(brief(hear(said(undefined, 'battery-low')))).toEqual(['battery-low began']);
});

test('what is tested or not in service says so', () => {
  site([{ address: { point: 1 }, inService: false }]);
  expect(hear(at(1))[0]?.test).toEqual(['not-in-service']);
  expect(hear(at(2, { what: 'test' }))[0]).toMatchObject({ kind: 'test', test: ['device'] });
  site([], { inService: false });
  expect(hear(at(1))[0]?.test).toEqual(['not-in-service']);
});

test('a packet too long to travel is named by its length and checksum', () => {
  const heard: Heard = { device: 'panel', family: 'x/1', observations: [at(1)], packet: new Uint8Array(600), heardMs: 1 };
  expect(normalizer.normalize(heard)[0]).toMatchObject({ packetReference: { number: 1, length: 600, crc32: expect.any(Number) } });
});

const HYDRANT: PointRecord = {
  register: 'pressure',
  place: '昌江大道7号消火栓',
  componentType: 24,
  low: { limit: 140, hysteresis: 10 },
  high: { limit: 1200, hysteresis: 50, delayMs: 3_000 },
  report: { changeOf: 5, everyMs: 60_000 },
};

test('a reading is reported when it is new, moved, or due, and counted when it is not', () => {
  site([HYDRANT]);
  expect(hear(reading(300))[0]).toMatchObject({
    kind: 'reading',
    edge: 'momentary',
    place: '昌江大道7号消火栓',
    part: { component: { type: 24, address: 1 } },
    measured: { quantity: 'pressure-kpa', value: 300, quality: 'good', lowLimit: 140, highLimit: 1200 },
    states: [],
  });
  expect(hear(reading(305))).toEqual([]);
  expect(hear(reading(305.1))).toHaveLength(1);
  nowMs = 59_999;
  expect(hear(reading(305))).toEqual([]);
  nowMs = 60_000;
  expect(hear(reading(305))).toHaveLength(1);
  expect(normalizer.quiet.readingsHeld).toBe(2);
});

test('a poll that comes a moment early costs one period no report: as many are told as periods pass', () => {
  const every = { register: 'pressure', report: { everyMs: 1_000 } };
  site([every]);
  const told = (ms: number) => {
    nowMs = ms;
    return hear(reading(300)).length;
  };
  expect([0, 999, 1_998, 2_999, 4_003, 4_997, 6_000].map(told)).toEqual([1, 0, 1, 1, 1, 1, 1]);
  // After a silence the periods begin anew.
  expect([16_500, 17_000, 17_500].map(told)).toEqual([1, 0, 1]);
});

test('below the limit begins low at once, and only the hysteresis ends it', () => {
  site([HYDRANT]);
  hear(reading(300));
  expect(hear(reading(139.9))).toMatchObject([{ kind: 'low', edge: 'began', states: ['low'], measured: { value: 139.9, lowLimit: 140 } }]);
  expect(brief(hear(reading(141)))).toEqual([]);
  expect(brief(hear(reading(149.9)))).toEqual(['reading momentary']);
  expect(hear(reading(150))).toMatchObject([{ kind: 'low', edge: 'ended', states: [] }]);
});

test('above the limit must last before it counts', () => {
  site([HYDRANT]);
  hear(reading(1_300));
  nowMs = 2_000;
  hear(reading(1_100));
  nowMs = 4_000;
  expect(brief(hear(reading(1_300)))).not.toContain('high began');
  nowMs = 7_000;
  expect(brief(hear(reading(1_300)))).toEqual(['high began']);
});

test('where the site sets no low limit that of the standard holds for polled pressures of hydrants and sprinklers, after two more polls', () => {
  const fall = (points: PointRecord[], systemType: number, value: number, isPolled = true) => {
    site(points, { part: { systemType, systemAddress: 1 } });
    const { register, ...spoken } = reading(value);
    const words = [0, 1_000, 2_000].flatMap((ms) => {
      nowMs = ms;
      return brief(hear(isPolled ? { ...spoken, register: register! } : spoken));
    });
    return words.filter((word) => word !== 'reading momentary');
  };
  const bare: PointRecord = { register: 'pressure' };
  expect(fall([bare], 11, 139)).toEqual(['low began']);
  expect(fall([bare], 11, 140)).toEqual([]);
  expect(fall([bare], 12, 49)).toEqual(['low began']);
  expect(fall([bare], 12, 139)).toEqual([]);
  expect(fall([{ ...bare, componentType: 24 }], 1, 139)).toEqual(['low began']);
  expect(fall([{ ...bare, componentType: HYDRANT_PRESSURE }], 1, 139)).toEqual(['low began']);
  expect(fall([{ ...bare, quantity: 'pressure-mpa', scale: 0.001 }], 11, 139)).toEqual(['low began']);
  expect(fall([{ ...bare, low: { limit: 100 } }], 11, 139)).toEqual([]);
  expect(fall([{ ...bare, standardLimits: false }], 11, 0)).toEqual([]);
  expect(fall([{ ...bare, quantity: 'height' }], 11, 0)).toEqual([]);
  expect(fall([bare], 1, 0)).toEqual([]);
  // A device that speaks of itself judges by limits of its own.
  expect(fall([{ address: {} }], 11, 0, false)).toEqual([]);
});

test('stale, failed and unbelievable values are said once and cross nothing', () => {
  site([HYDRANT]);
  hear(reading(300));
  expect(hear(reading(0, { quality: 'stale' }))).toMatchObject([{ kind: 'reading', measured: { value: 0, quality: 'stale' } }]);
  expect(hear(reading(0, { quality: 'stale' }))).toEqual([]);
  expect(hear(reading(null, { quality: 'sensor-failed' }))).toMatchObject([
    { kind: 'reading', states: ['sensor-failed'], measured: { value: null } },
  ]);
  expect(hear(reading(300))).toMatchObject([{ kind: 'reading', states: [], measured: { quality: 'good' } }]);
});

test('the site may scale a value and call it by another quantity', () => {
  site([{ register: 'pressure', quantity: 'pressure-mpa', scale: 0.001 }]);
  expect(hear(reading(346))[0]?.measured).toEqual({ quantity: 'pressure-mpa', value: 0.346, quality: 'good' });
});

test('samples a device kept for hours are all reported and raise no alarm', () => {
  site([{ address: {}, quantity: 'pressure-kpa', low: { limit: 140 } }], { device: '860000000000025' });
  const sample = (hour: string, value: number): Said => ({
    what: 'reading',
    address: {},
    quantity: 'pressure-kpa',
    value,
    deviceTime: `2026-10-01T0${hour}:00:00Z`,
  });
  const events = hear(sample('1', 90), sample('2', 90), sample('4', 90));
  expect(brief(events)).toEqual(['reading momentary', 'reading momentary', 'low began']);
  expect(events[0]).toMatchObject({ time: { source: 'device', ms: Date.UTC(2026, 9, 1, 1) }, address: { device: '860000000000025' } });
});

test('a contact that cannot be read is a reading of that quality, once, and the state stands', () => {
  const contact = (value: number | null): Said => ({ what: 'reading', address: {}, register: 'contact-1', quantity: 'contact', value });
  site([{ register: 'contact-1', contact: { kind: 'start', when: 'closed' } }]);
  expect(brief(hear(contact(1)))).toEqual(['start began']);
  expect(hear(contact(null))).toMatchObject([{ kind: 'reading', edge: 'momentary', measured: { value: null } }]);
  expect(hear(contact(null))).toEqual([]);
  expect(brief(hear(contact(1)))).toEqual([]);
  expect(brief(hear(contact(0)))).toEqual(['start ended']);
});

test('a dry contact becomes what it stands for, in the sense the site gives', () => {
  const contact = (value: number, channel: number): Said => ({
    what: 'reading',
    address: { channel },
    register: `contact-${channel}`,
    quantity: 'contact',
    value,
  });
  site([
    { register: 'contact-1', contact: { kind: 'start', when: 'closed' }, place: '排烟风机' },
    { register: 'contact-2', contact: { kind: 'fault', when: 'open' } },
  ]);
  expect(brief(hear(contact(0, 1), contact(0, 2)))).toEqual(['fault began']);
  expect(brief(hear(contact(0, 1), contact(0, 2)))).toEqual([]);
  expect(hear(contact(1, 1), contact(1, 2))).toMatchObject([
    { kind: 'start', edge: 'began', states: ['start'], place: '排烟风机' },
    { kind: 'fault', edge: 'ended', states: [] },
  ]);
});

test('what the journal refused is not remembered: heard again it is an event again', () => {
  site([HYDRANT]);
  const low: Heard = {
    device: 'panel',
    family: 'x/1',
    observations: [reading(100), { what: 'battery-low', address: {} }],
    packet: null,
    heardMs: 1,
  };
  expect(brief(normalizer.normalize(low))).toEqual(['low began', 'battery-low began']);
  normalizer.revert([low]);
  expect(brief(normalizer.normalize(low))).toEqual(['low began', 'battery-low began']);
  normalizer.settle([low]);
  expect(brief(normalizer.normalize(low))).toEqual([]);
  normalizer.revert([low]);
  expect(brief(normalizer.normalize(low))).toEqual([]);
});

const anySaid: fc.Arbitrary<Said> = fc.record(
  {
    what: fc.constantFrom(...WHATS),
    address: fc.record({ controller: fc.nat(2), loop: fc.nat(3), point: fc.nat(300) }, { requiredKeys: [] }) as fc.Arbitrary<
      Observation['address']
    >,
    componentType: fc.nat(255),
    detail: fc.constantFrom('lost', 'restored', 'main', 'backup', 'bus', 'fire', 'low', 'whatever'),
    deviceTime: fc.option(fc.constantFrom('2026-10-01T04:00:00Z', '2026-02-30T00:00:00', 'nonsense'), { nil: null }),
    quantity: fc.constantFrom(...(Object.keys(QUANTITIES) as Quantity[])),
    value: fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { nil: null }),
    quality: fc.constantFrom('good', 'stale', 'sensor-failed', 'out-of-range'),
    register: fc.constantFrom('pressure', 'contact-1'),
    battery: fc.constantFrom({ percent: 5 }, { low: true }, { low: false }),
  },
  { requiredKeys: ['what', 'address'] },
) as fc.Arbitrary<Said>;

test('law: everything heard becomes at least one event or is counted', () => {
  fc.assert(
    fc.property(fc.array(anySaid, { maxLength: 20 }), (all) => {
      site([
        HYDRANT,
        { register: 'contact-1', contact: { kind: 'start', when: 'closed' } },
        { address: { loop: 1 }, means: { fault: 'fire' } },
      ]);
      for (const said of all) {
        const before = Object.values(normalizer.quiet).reduce((sum, count) => sum + count, 0);
        const events = hear(said);
        const after = Object.values(normalizer.quiet).reduce((sum, count) => sum + count, 0);
        expect(events.length + after - before).toBeGreaterThan(0);
        for (const { states } of events) expect(new Set(states).size).toBe(states?.length);
      }
    }),
  );
});

test('law: a threshold never chatters: it begins and ends in turn, and between them the value crossed the whole hysteresis', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: 100, max: 200 }), { maxLength: 60 }), (values) => {
      site([HYDRANT]);
      let standing = false;
      for (const value of values) {
        nowMs += 1_000;
        for (const { kind, edge } of hear(reading(value)).filter(({ kind }) => kind === ('low' satisfies EventKind))) {
          expect([kind, edge]).toEqual(['low', standing ? 'ended' : 'began']);
          standing = !standing;
        }
        if (Number(value.toPrecision(12)) < 140) expect(standing).toBe(true);
        if (Number(value.toPrecision(12)) >= 150) expect(standing).toBe(false);
      }
    }),
  );
});

test('the parts of a point table are those that its events will name', () => {
  const points: PointRecord[] = [
    { address: { controller: 1, loop: 3, point: 7 }, componentType: 42 },
    { register: 'pressure', componentType: 99 },
  ];
  const record = { name: 'panel', part: { systemType: 1, systemAddress: 2 }, points };
  site(points);
  expect(partsOf(record)[0]).toEqual(hear(at(7))[0]!.part);
  expect(partsOf(record)).toHaveLength(2);
});

test('a fire at a point that is not in service keeps no live fire from being the first, and leaves it no flag', () => {
  site([{ address: { point: 1 }, inService: false }]);
  expect(hear(at(1))).toMatchObject([{ test: ['not-in-service'], states: ['fire', 'first-fire'] }]);
  const [live] = hear(at(2));
  expect([live!.states, live!.test]).toEqual([['fire', 'first-fire'], undefined]);
  hear({ what: 'reset', address: { controller: 1 } });
  expect(hear(at(1, { what: 'fault' }))[0]!.states).toEqual(['fault']);
});

const STOOD: PointRecord[] = [
  { register: 'contact', mapped: {}, quantity: 'contact', contact: { kind: 'fire', when: 'closed' } },
  { register: 'pressure', mapped: {}, quantity: 'pressure-kpa', low: { limit: 100, hysteresis: 20 } },
  { register: 'state', mapped: {}, componentType: 42 },
];
const over = (register: string): Said => ({ what: 'restored', detail: 'fire', address: {}, register, isFirstLook: true });
/** A word, and the first good read that shows of it that it is not so. */
const LOOKS: ReadonlyArray<readonly [string, Said, string]> = [
  ['a contact', reading(0, { register: 'contact', quantity: 'contact' }), 'fire ended'],
  ['a limit', reading(130), 'low ended'],
  ['a state register', over('state'), 'fire ended'],
];
const news = (said: Said) => brief(hear(said)).filter((words) => !words.startsWith('reading'));

test.each(LOOKS)('the first good read of %s ends what an earlier run heard begin, once', (_, said, ended) => {
  site(STOOD, {}, () => true);
  expect([news(said), news(said)]).toEqual([[ended], []]);
  site(STOOD, {}, () => false);
  expect(news(said)).toEqual([]);
  site(STOOD);
  expect(news(said)).toEqual([]);
});

test.each(LOOKS)('the first good read of %s waits until it is known what an earlier run heard', (_, said, ended) => {
  let stood: boolean | null = null;
  site(STOOD, {}, () => stood);
  expect(news(said)).toEqual([]);
  stood = true;
  expect(news(said)).toEqual([ended]);
});

test('a first look ends nothing at a part of which another register speaks, and nothing with a word that has no meaning', () => {
  site(
    ['state', 'other'].map((register) => ({ register, mapped: {}, componentType: 42, componentAddress: 1 })),
    {},
    () => true,
  );
  expect(news(over('state'))).toEqual([]);
  expect(news({ what: 'restored', address: {}, register: 'state', isFirstLook: true })).toEqual([]);
});
