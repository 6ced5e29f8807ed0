import type { RegisterPoint, SiteEvent } from '@fengsui/protocol';
import { createNormalizer, type NormalizerSettings } from '@fengsui/protocol/normalizer';
import { expect, test } from 'vitest';
import { SiteState } from './downlink/site-state.ts';
import { changesOf, firstLookOf } from './drivers/registers.ts';
import type { Said } from './line.ts';

const DEVICE: NormalizerSettings['devices'][number] = {
  name: 'relay',
  points: [
    { register: 'contact-1', quantity: 'contact', place: '3F', contact: { kind: 'fire', when: 'closed' } },
    { register: 'pressure', quantity: 'pressure-kpa', place: '泵房', low: { limit: 100, hysteresis: 20 } },
    { register: 'state', place: '5F', componentType: 42 },
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
function run(site: SiteState) {
  let ids = 0;
  const normalizer = createNormalizer({
    devices: [DEVICE],
    zoneMinutes: 480,
    newEventId: () => String((ids += 1)).padStart(32, '0'),
    clock: { monotonicMs: () => 0 },
    onMeasured: site.measure.bind(site),
    stood: site.stood.bind(site),
  });
  return (observations: readonly Said[], isRefused = false): SiteEvent[] => {
    const heard = { device: 'relay', family: 'modbus-basic/1', packet: null, heardMs: 1_000, observations };
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
  const heard = run(new SiteState());
  const events = before.flatMap((observations) => heard(observations));
  const site = new SiteState();
  await site.recall(Promise.resolve([events]));
  return { site, hear: run(site), began: said(events) };
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
