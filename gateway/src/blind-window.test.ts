import type { PolledFamily, RegisterPoint, SiteEvent } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { createNormalizer, type DeviceRecord } from '@fengsui/protocol/normalizer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SiteState } from './downlink/site-state.ts';
import { changesOf, firstLookOf } from './drivers/registers.ts';
import type { Said } from './line.ts';

const DEVICE: DeviceRecord = {
  name: 'relay',
  points: [
    { register: 'contact-1', mapped: {}, quantity: 'contact', place: '3F', contact: { kind: 'fire', when: 'closed' } },
    { register: 'pressure', mapped: {}, quantity: 'pressure-kpa', place: '泵房', low: { limit: 100, hysteresis: 20 } },
    { register: 'state', mapped: {}, place: '5F', componentType: 42 },
  ],
};
const STATE: RegisterPoint = {
  name: 'state',
  title: { zh: '状态', en: 'state' },
  function: 4,
  register: 0,
  type: 'u16',
  says: { bits: { 0: 'fire', 1: 'fault', 2: 'fault' } },
};

/** One run of the gateway: what it hears of the device becomes durable, and then the site knows it. */
function run(site: SiteState, device = DEVICE) {
  let ids = 0;
  const normalizer = createNormalizer({
    devices: [device],
    zoneMinutes: 480,
    newEventId: () => String((ids += 1)).padStart(32, '0'),
    clock: { monotonicMs: () => 0 },
    onMeasured: site.measure.bind(site),
    stood: site.stood.bind(site),
  });
  return (observations: readonly Said[], isRefused = false): SiteEvent[] => {
    const heard = { device: device.name, family: 'modbus-basic/1', packet: null, heardMs: 1_000, observations };
    const events = normalizer.normalize(heard);
    if (isRefused) normalizer.revert([heard]);
    else {
      normalizer.settle([heard]);
      site.hear(events);
    }
    return events;
  };
}

const read = (register: string, value: number | null, more: Partial<Said> = {}): Said[] => [
  { what: 'reading', address: {}, register, value, quantity: register === 'pressure' ? 'pressure-kpa' : 'contact', ...more },
];
/** What the driver says of its first look at the state register. */
const look = (value: number): Said[] => [...changesOf(STATE, undefined, value), ...firstLookOf(STATE, value)];
const said = (events: readonly SiteEvent[]) => events.filter(({ kind }) => kind !== 'reading').map(({ kind, edge }) => `${kind} ${edge}`);
const standing = (site: SiteState) => site.points().flatMap(({ states }) => states);

/** The next run, which knows from the journal what the one before heard. */
async function after(...before: ReadonlyArray<readonly Said[]>) {
  return afterOf(DEVICE, ...before);
}

async function afterOf(device: DeviceRecord, ...before: ReadonlyArray<readonly Said[]>) {
  const heard = run(new SiteState(), device);
  const events = before.flatMap((observations) => heard(observations));
  const site = new SiteState();
  await site.recall(Promise.resolve([events]));
  return { site, hear: run(site, device), began: said(events) };
}

test.each([
  ['a dry contact', read('contact-1', 1), read('contact-1', 0), 'fire'],
  ['a limit', read('pressure', 80), read('pressure', 130), 'low'],
  ['a state register', look(0b001), look(0), 'fire'],
  ['one of several bits', look(0b010), look(0), 'fault'],
])('what %s said and what ended while nobody listened is over, once, with the first good read', async (_, before, now, kind) => {
  const { site, hear, began } = await after(before);
  expect([began, standing(site).includes(kind as never)]).toEqual([[`${kind} began`], true]);
  expect([now, now, now].flatMap((observations) => said(hear(observations)))).toEqual([`${kind} ended`]);
  expect(standing(site)).toEqual([]);
});

test.each([
  ['a contact that cannot be read', read('contact-1', 1), read('contact-1', null, { quality: 'sensor-failed' })],
  ['a value within the limit and not yet beyond the hysteresis', read('pressure', 80), read('pressure', 110)],
  ['a value that is not good', read('pressure', 80), read('pressure', 130, { quality: 'stale' })],
  ['a register that says what is not understood', look(0b001), look(0x80)],
  ['another point', look(0b001), read('contact-1', 0)],
])('nothing ends by %s', async (_, before, now) => {
  const { site, hear } = await after(before);
  const stood = standing(site);
  expect(said(hear(now)).filter((words) => words.endsWith('ended'))).toEqual([]);
  expect(standing(site)).toEqual(expect.arrayContaining(stood));
});

test('what still stands goes on, and of what was never said nothing is said to be over', async () => {
  const { hear } = await after(look(0b001));
  expect(said(hear(look(0b001)))).toEqual(['fire began']);
  expect(said(hear([...read('contact-1', 0), ...read('pressure', 150)]))).toEqual([]);
});

test('a first look that came before the journal was read is judged when it is, with whatever the device says next', async () => {
  const before = run(new SiteState());
  const events = [...before(look(0b001)), ...before(read('contact-1', 1))];
  const journal = Promise.withResolvers<readonly SiteEvent[][]>();
  const site = new SiteState();
  const recalled = site.recall(journal.promise);
  const hear = run(site);
  expect(said([...hear(look(0)), ...hear(read('contact-1', 0))])).toEqual([]);
  journal.resolve([events]);
  await recalled;
  expect(said(hear([]))).toEqual(['fire ended']);
  expect(said(hear(read('contact-1', 0)))).toEqual(['fire ended']);
  expect(standing(site)).toEqual([]);
});

test('an end that the journal refused is said again', async () => {
  const { site, hear } = await after(look(0b001), read('contact-1', 1));
  const both = [...look(0), ...read('contact-1', 0)];
  expect(said(hear(both, true))).toEqual(['fire ended', 'fire ended']);
  expect(said(hear(both))).toEqual(['fire ended', 'fire ended']);
  expect(standing(site)).toEqual([]);
});

/** The registers of a family's own map, as a site lists them. */
function listed(family: string, names: readonly string[], isMapped = true): { device: DeviceRecord; points: RegisterPoint[] } {
  const map = FAMILIES.get(family) as PolledFamily;
  const points = names.map((name) => map.points.find((point) => point.name === name)!);
  const rows = points.map((point) => ({ register: point.name, place: point.name, ...(isMapped ? { mapped: point } : {}) }));
  return { device: { name: family, points: rows }, points };
}
const firstRound = (points: readonly RegisterPoint[], values: readonly number[]): Said[] =>
  points.flatMap((point, index) => [...changesOf(point, undefined, values[index]!), ...firstLookOf(point, values[index]!)]);

test.each([
  ['a fire in zone 2 of a GST5000', 'gst-modbus', ['zone-1-5', 'zone-2-5', 'zone-3-5'], [0, 1, 0], 'fire'],
  ['the failed second supply of a gas controller', 'gas-sfjk200', ['supply-1-1', 'supply-1-2', 'supply-1-3'], [0, 1, 0], 'backup-power'],
] as const)('%s, whose part is that of its neighbours, is not ended by them', async (_, family, names, values, kind) => {
  for (const isMapped of [true, false]) {
    const { device, points } = listed(family, names, isMapped);
    const { site, hear } = await afterOf(device, firstRound(points, values));
    expect(said(hear(firstRound(points, values))).filter((words) => words.endsWith('ended'))).toEqual([]);
    expect(standing(site)).toContain(kind);
  }
});

test('a fire goes on beside what another register says of the same part, in one run too', () => {
  const { device, points } = listed('gst-modbus', ['zone-1-5', 'zone-2-5']);
  const site = new SiteState();
  const hear = run(site, device);
  hear(firstRound(points, [1, 0]));
  hear(changesOf(points[1]!, 0, 2));
  expect(standing(site)).toEqual(expect.arrayContaining(['fire', 'fault']));
  hear(changesOf(points[1]!, 2, 0));
  expect(standing(site)).toContain('fire');
  hear(changesOf(points[0]!, 1, 0));
  expect(standing(site)).toEqual([]);
});

test('a register that the map gives an address and that alone tells its part ends what it began', async () => {
  const { device, points } = listed('gst-modbus', ['zone-1-5', 'zone-2-6']);
  const { site, hear } = await afterOf(device, firstRound(points, [1, 0]));
  expect(said(hear(firstRound(points, [0, 0])))).toEqual(['fire ended']);
  expect(standing(site)).toEqual([]);
});

test('what a device itself calls low is not ended by a limit of the site', async () => {
  const pump: DeviceRecord = { name: 'pump', points: [{ address: {}, quantity: 'pressure-kpa', low: { limit: 140 } }] };
  const { site, hear } = await afterOf(pump, [{ what: 'low', address: {} }]);
  expect(said(hear([{ what: 'reading', address: {}, value: 170, quantity: 'pressure-kpa' }]))).toEqual([]);
  expect(standing(site)).toContain('low');
});

const number = fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined });
/** A register as its map may place it, what it says in either run, and how the site lists it. */
const anyRegister = fc.record({
  place: fc.record({ loop: number, point: number, zone: number, channel: number }),
  row: fc.record({
    componentType: fc.option(fc.constantFrom(10, 42), { nil: undefined }),
    componentAddress: number,
  }),
  values: fc.tuple(fc.nat(7), fc.nat(7)),
});
const given = <F extends object>(fields: F) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

test('whatever the tables, no fire is ended by the lack of a proof: what some register of a part still says goes on', async () => {
  const tables = fc.array(anyRegister, { minLength: 1, maxLength: 6 });
  const law = fc.asyncProperty(tables, fc.constantFrom('all', 'some', 'none'), async (registers, mapped) => {
    const points = registers.map(({ place }, index): RegisterPoint => ({ ...STATE, name: `r-${index}`, address: given(place) }));
    const rows = registers.map(({ row }, index) => {
      const isMapped = mapped === 'all' || (mapped === 'some' && index % 2 === 0);
      return { register: `r-${index}`, ...given(row), ...(isMapped ? { mapped: points[index]! } : {}) };
    });
    const device: DeviceRecord = { name: 'any', points: rows };
    const [before, now] = [0, 1].map((run) => registers.map(({ values }) => values[run]!)) as [number[], number[]];
    const { site, hear } = await afterOf(device, firstRound(points, before));
    // Each register by itself in an empty site tells its part.
    const partOf = (index: number) => JSON.stringify(run(new SiteState(), device)(changesOf(points[index]!, undefined, 1))[0]!.part);
    const parts = points.map((_, index) => partOf(index));
    const ended = hear(firstRound(points, now)).filter(({ edge }) => edge === 'ended');
    for (const { part } of ended) expect(parts.filter((other) => other === JSON.stringify(part))).toHaveLength(1);
    // Which neighbours a part has is known where the maps are, as a gateway knows them.
    if (mapped !== 'all') return;
    for (const [index, value] of now.entries()) {
      const at = site.points().find(({ part }) => JSON.stringify(part) === parts[index]);
      if ((value & 1) !== 0) expect(at?.states.some((flag) => flag === 'fire' || flag === 'gas-alarm')).toBe(true);
    }
  });
  await fc.assert(law, { seed: 5, numRuns: 300 });
});
