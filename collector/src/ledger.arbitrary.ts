import { type Batch, type DeviceAddress, type Edge, type EventKind, type Lane, laneOf, PROFILES, type SiteEvent } from '@fengsui/protocol';
import fc from 'fast-check';
import type { Entry } from './ledger/ledger.ts';

/** A live event at a point, made for tests that say only what matters to them. */
export function eventOf(overrides: Partial<SiteEvent> & { readonly kind: EventKind }): SiteEvent {
  const id = overrides.id ?? '0'.repeat(32);
  return {
    edge: 'began',
    time: { ms: Date.UTC(2026, 10, 23), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1 },
    source: 'panel-1',
    ...overrides,
    id,
  };
}

/** An entry of a ledger, its event's id derived from its place in the gateway's order. */
export function entryOf(overrides: Partial<Entry> & { readonly event: SiteEvent }): Entry {
  const { ordinal = 1, epoch = 1, position = ordinal } = overrides;
  return {
    gateway: 'gw-1',
    lane: 'alarm',
    number: ordinal,
    boot: 1,
    monotonicMs: ordinal * 100,
    wallMs: overrides.event.time.ms + 5,
    clockSynchronised: true,
    profile: 'db36-t1297-2020',
    committedMs: overrides.event.time.ms + 20,
    ...overrides,
    position,
    epoch,
    ordinal,
    event: { ...overrides.event, id: (epoch * 0x1000000 + ordinal).toString(16).padStart(32, '0') },
  };
}

const KINDS: readonly EventKind[] = [
  'fire',
  'first-fire',
  'gas-alarm',
  'fault',
  'shield',
  'supervisory',
  'feedback',
  'low',
  'reading',
  'link',
];
const ADDRESSES: readonly DeviceAddress[] = [{}, { controller: 1, point: 1 }, { controller: 1, point: 2 }, { controller: 2, point: 1 }];

const said = fc
  .record({
    kind: fc.constantFrom<EventKind>(...KINDS, 'reset', 'reset', 'normal', 'test', 'gateway'),
    edge: fc.constantFrom<Edge>('began', 'began', 'ended', 'still', 'momentary'),
    source: fc.constantFrom('panel-1', 'panel-2'),
    address: fc.constantFrom(...ADDRESSES),
    isTest: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
    saysFire: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
  })
  .map(({ isTest, saysFire, ...event }) =>
    eventOf({ ...event, ...(isTest && { test: ['maintenance'] }), ...(saysFire && { states: ['fire'] }) }),
  );

/** What two gateways heard over several epochs, in the order they heard it. */
export const anyHistory: fc.Arbitrary<readonly Entry[]> = fc
  .array(fc.record({ event: said, gateway: fc.constantFrom('gw-1', 'gw-2'), newEpoch: fc.integer({ min: 0, max: 19 }) }), { maxLength: 60 })
  .map((heard) => {
    let epoch = 1;
    return heard.map(({ event, gateway, newEpoch }, index) => {
      if (newEpoch === 0) epoch += 1;
      const time = { ...event.time, ms: event.time.ms + index * 1000 };
      return entryOf({ event: { ...event, time }, gateway, epoch, ordinal: index + 1, position: index + 1 });
    });
  });

/** The same entries as another arrival would have committed them. */
export function arrivedAs(entries: readonly Entry[]): readonly Entry[] {
  return entries.map((entry, index) => ({ ...entry, position: index + 1 }));
}

/** A history, and the same history in some other order of arrival. */
export const anyArrival: fc.Arbitrary<{ readonly heard: readonly Entry[]; readonly arrived: readonly Entry[] }> = anyHistory.chain(
  (heard) => fc.shuffledSubarray([...heard], { minLength: heard.length }).map((shuffled) => ({ heard, arrived: arrivedAs(shuffled) })),
);

/** Deliveries of events as a gateway makes them: one for each, its lane counted on from `counters`. */
export function deliveriesOf(events: readonly SiteEvent[], counters: Record<Lane, number>, gateway = 'gw-1'): readonly Batch[] {
  const profile = PROFILES.get('db36-t1297-2020');
  if (!profile) throw new Error('the profile is gone');
  return events.map((event) => {
    const lane = laneOf(event);
    const number = ++counters[lane];
    const order = counters.alarm + counters.ordinary;
    const sentMs = event.time.ms;
    const frame = profile.write(event, { serial: number & 0xffff, source: 3_000_001, destination: 20, sentMs, zoneMinutes: 480 });
    const row = { number, order, frame, boot: 1, monotonicMs: order * 10, wallMs: sentMs, clockSynchronised: true };
    return { gateway, epoch: 1, lane, profile: profile.name, rows: [row] };
  });
}
