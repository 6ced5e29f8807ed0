import fc from 'fast-check';
import {
  EDGES,
  EVENT_KINDS,
  GATEWAY_NOTES,
  OPERATIONS,
  QUALITIES,
  QUANTITIES,
  RADIO_TECHNOLOGIES,
  type SiteEvent,
  STATES,
  TEST_REASONS,
  TIME_SOURCES,
} from './event.ts';

const names = <N extends string>(table: Readonly<Record<N, unknown>>) => Object.keys(table) as N[];
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const byte = fc.integer({ min: 0, max: 255 });
const tenth = (min: number, max: number) => fc.integer({ min: min * 10, max: max * 10 }).map((steps) => steps / 10);
const hexOf = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
/** In the order of the table, each at most once: the canonical form of a set. */
const subset = <N extends string>(table: Readonly<Record<N, unknown>>) => fc.subarray(names(table));
const words = (maxLength: number) =>
  fc.oneof(fc.string({ maxLength, unit: 'grapheme' }), fc.constantFrom('3号楼2层西侧走道', '消防泵房', '𠮷野家 2F', ''));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const optional = <T extends object>(record: { [N in keyof T]: fc.Arbitrary<T[N]> }) =>
  fc.record(record, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

const part = fc.record(
  { systemType: byte, systemAddress: byte, component: fc.record({ type: byte, address: u32 }) },
  { requiredKeys: ['systemType', 'systemAddress'] },
);
const whole = fc.constant({ systemType: 0, systemAddress: 0 });

const measured = fc.record(
  {
    quantity: fc.constantFrom(...names(QUANTITIES)),
    value: fc.option(finite),
    quality: fc.constantFrom(...names(QUALITIES)),
    lowLimit: finite,
    highLimit: finite,
  },
  { requiredKeys: ['quantity', 'value', 'quality'] },
);

const record = {
  id: hexOf(16, 16),
  kind: fc.constantFrom(...names(EVENT_KINDS)),
  edge: fc.constantFrom(...names(EDGES)),
  time: fc.record({ ms: u48, zoneMinutes: fc.integer({ min: -840, max: 840 }), source: fc.constantFrom(...names(TIME_SOURCES)) }),
  receivedMs: u48,
  deviceTimeHex: hexOf(1, 12),
  part: fc.oneof(part, whole),
  source: fc.string({ maxLength: 24 }),
  family: fc.constantFrom('jbf-193k/1', 'modbus-basic/1', 'nb-huaqiang/12'),
  address: optional({
    controller: u32,
    loop: u32,
    point: u32,
    zone: u32,
    channel: u32,
    device: fc.string({ minLength: 1, maxLength: 20 }),
  }),
  place: words(20),
  text: words(20),
  textHex: hexOf(1, 20),
  states: subset(STATES),
  measured,
  battery: optional({ percent: byte, millivolts: fc.integer({ min: 0, max: 65_535 }), low: fc.boolean(), externalPower: fc.boolean() }),
  radio: optional({
    technology: fc.constantFrom(...names(RADIO_TECHNOLOGIES)),
    rssi: tenth(-200, 20),
    rsrp: tenth(-200, 20),
    snr: tenth(-50, 50),
    csq: byte,
    coverageLevel: byte,
    cellId: u48,
  }),
  tilt: optional({ x: tenth(-180, 180), y: tenth(-180, 180), beyondLimit: fc.boolean(), knocked: fc.boolean(), open: fc.boolean() }),
  release: optional({ flowing: fc.boolean(), seconds: u32, litres: tenth(0, 100_000) }),
  levelMm: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  operations: subset(OPERATIONS),
  operatorNumber: byte,
  operator: words(10),
  answers: fc.record({ serial: fc.integer({ min: 0, max: 65_535 }), unitType: byte, ms: u48 }),
  test: subset(TEST_REASONS),
  note: fc.constantFrom(...names(GATEWAY_NOTES)),
  packetHex: hexOf(1, 40),
  packetReference: fc.record({ number: u48, length: fc.integer({ min: 0, max: 65_535 }), crc32: u32 }),
  unknown: fc
    .uniqueArray(fc.record({ tag: fc.integer({ min: 128, max: 254 }), hex: hexOf(0, 8) }), {
      minLength: 1,
      maxLength: 3,
      selector: ({ tag }) => tag,
    })
    .map((fields) => fields.sort((a, b) => a.tag - b.tag)),
};

/** Every event the model can express and a frame has room for: any field present or absent, any value. Made for laws. */
export const anyEvent: fc.Arbitrary<SiteEvent> = fc.record(record, {
  requiredKeys: ['id', 'kind', 'edge', 'time', 'part', 'source'],
}) as fc.Arbitrary<SiteEvent>;
