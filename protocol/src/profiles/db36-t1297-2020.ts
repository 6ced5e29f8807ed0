import { f64le, i16le, i32le, u8, u16le, u32le, u48le } from '../codec/fields.ts';
import {
  type Battery,
  type DeviceAddress,
  EDGES,
  EVENT_KINDS,
  type EventTime,
  GATEWAY_NOTES,
  type Measured,
  OPERATIONS,
  QUALITIES,
  QUANTITIES,
  type Quantity,
  RADIO_TECHNOLOGIES,
  type Radio,
  type SiteEvent,
  STATES,
  TEST_REASONS,
  TIME_SOURCES,
  type Tilt,
  type WaterRelease,
} from '../event.ts';
import type { Words } from '../words.ts';
import {
  type AnnexField,
  type Form,
  flag,
  hexBytes,
  known,
  oneOf,
  type Part,
  property,
  record,
  setOf,
  single,
  tenths,
  utf8,
} from './annex.ts';

/**
 * DB36/T 1297-2020 over GB/T 26875.3-2011, as far as it is public. This file is the whole profile and nothing else knows its
 * numbers: when the city publishes the standard's text, this file changes. That the carrier is GB/T 26875.3 is an assumption;
 * unit types 161–184 and the annex are ours, in the user-defined range of table 3, where no vendor was seen (docs/wire.md).
 */
export const NAME = 'db36-t1297-2020';
export const TITLE: Words = { en: 'DB36/T 1297-2020 over GB/T 26875.3-2011', zh: 'DB36/T 1297-2020(承载于 GB/T 26875.3-2011)' };

/** The main version is the standard's 1; the user version marks frames whose unit carries an annex. */
export const MAIN_VERSION = 1;
export const USER_VERSION = 70;

export const UNKNOWNS: readonly Words[] = [
  { en: 'whether DB36/T 1297 is carried in GB/T 26875.3 frames at all', zh: 'DB36/T 1297 是否以 GB/T 26875.3 帧承载' },
  { en: 'its own codes of devices, parts, events and faults', zh: '其自身的设备、部件、事件与故障代码' },
  { en: 'registration, authentication, heartbeat and reporting periods', zh: '注册、鉴权、心跳与上报周期' },
];

/** A unit of ours is a unit of the standard, unchanged, with an annex behind its one object. */
export const UNITS = {
  'system-state': 161,
  'component-state': 162,
  'analogue-value': 163,
  'facility-operation': 164,
  /** A fact of a component with neither state, value nor operation: battery, radio, tilt, link. */
  'component-note': 170,
  /** The gateway speaks of itself. */
  'gateway-note': 171,
  'device-operation': 184,
} as const;
export type UnitName = keyof typeof UNITS;

/** Bit of the standard's state word (Fig. 6) that a kind sets by itself, where the event carries no full set of states. */
export const KIND_BITS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(EVENT_KINDS)
    .filter(([, { code }]) => code >= 1 && code <= 13)
    .map(([kind, { code }]) => [kind, code]),
);

function codesOf<N extends string>(table: Readonly<Record<N, { readonly code: number }>>): Record<N, number> {
  return Object.fromEntries(Object.entries<{ readonly code: number }>(table).map(([name, { code }]) => [name, code])) as Record<N, number>;
}

const STATE_BITS = Object.fromEntries(Object.entries(STATES).map(([name, { bit }]) => [name, bit])) as Record<keyof typeof STATES, number>;

/** 物理量: table 6 below 256, ours above. */
const quantity: Part<Quantity> = oneOf<Quantity>(codesOf(QUANTITIES), 2);

interface ExactValue {
  readonly quantity: Quantity;
  readonly value?: number;
  readonly lowLimit?: number;
  readonly highLimit?: number;
}

const exactValue = known<ExactValue>({ quantity, value: f64le, lowLimit: f64le, highLimit: f64le });

/** Value, quality and limits share one property of the event, hence one tag. */
const MEASURED: AnnexField<SiteEvent> = {
  tag: 27,
  en: 'exact value, quality and limits',
  zh: '精确值、质量与限值',
  write({ measured }) {
    if (!measured) return null;
    const { value, quality, ...rest } = measured;
    return Uint8Array.of(QUALITIES[quality], ...exactValue.write(value === null ? rest : { ...rest, value }));
  },
  read(bytes) {
    const exact = bytes.length > 0 ? exactValue.read(bytes.subarray(1)) : null;
    const quality = Object.entries(QUALITIES).find(([, code]) => code === bytes[0])?.[0] as Measured['quality'] | undefined;
    if (!exact || !quality || exact.quantity === undefined) return null;
    return { measured: { ...exact, value: exact.value ?? null, quality } };
  },
};

/** The numbers of an address stand in a table; a device that names itself stands behind them as UTF-8. */
const numbers = known<Omit<DeviceAddress, 'device'>>({ controller: u32le, loop: u32le, point: u32le, zone: u32le, channel: u32le });
const NUMBERS_BYTES = numbers.write({}).length;
const address: Form<DeviceAddress> = {
  write({ device, ...counted }) {
    return device === undefined ? numbers.write(counted) : Uint8Array.of(...numbers.write(counted), ...utf8.write(device));
  },
  read(bytes) {
    const counted = bytes.length < NUMBERS_BYTES ? null : numbers.read(bytes.subarray(0, NUMBERS_BYTES));
    if (!counted || bytes.length === NUMBERS_BYTES) return counted;
    const device = utf8.read(bytes.subarray(NUMBERS_BYTES));
    return device === null ? null : { ...counted, device };
  },
};

interface Happened {
  readonly kind: SiteEvent['kind'];
  readonly edge: SiteEvent['edge'];
}
const happened = record<Happened>({ kind: oneOf(codesOf(EVENT_KINDS)), edge: oneOf(EDGES) });
const HAPPENED: AnnexField<SiteEvent> = {
  tag: 7,
  en: 'kind and edge',
  zh: '事件与变化',
  write: (event) => happened.write(event),
  read: (bytes) => happened.read(bytes),
};

/** The annex, in ascending order of tags. */
export const ANNEX: ReadonlyArray<AnnexField<SiteEvent>> = [
  property(1, 'time', record<EventTime>({ ms: u48le, zoneMinutes: i16le, source: oneOf(TIME_SOURCES) }), 'event time', '发生时间(毫秒)'),
  property(2, 'receivedMs', single(u48le), 'receive time', '接收时间'),
  property(3, 'deviceTimeHex', hexBytes, 'device time as sent', '设备原始时间'),
  property(4, 'family', utf8, 'device family', '设备族'),
  property(6, 'test', setOf(TEST_REASONS, 1), 'test flag', '测试标志'),
  HAPPENED,
  property(8, 'states', setOf(STATE_BITS, 4), 'states', '状态'),
  property(10, 'text', utf8, 'device text', '设备文本'),
  property(11, 'textHex', hexBytes, 'text bytes as sent', '文本原始字节'),
  property(12, 'packetReference', record({ number: u48le, length: u16le, crc32: u32le }), 'raw packet reference', '原始报文引用'),
  property(13, 'address', address, 'address as the device counts', '设备编址'),
  property(14, 'place', utf8, 'place in words', '位置'),
  property(15, 'operator', utf8, 'operator in words', '操作员'),
  property(16, 'answers', record({ serial: u16le, unitType: u8, ms: u48le }), 'order answered', '所答命令'),
  property(17, 'id', hexBytes, 'event id', '事件标识'),
  property(20, 'battery', known<Battery>({ percent: u8, millivolts: u16le, low: flag, externalPower: flag }), 'battery', '电池'),
  property(
    21,
    'radio',
    known<Radio>({
      technology: oneOf(RADIO_TECHNOLOGIES),
      rssi: tenths(i16le),
      rsrp: tenths(i16le),
      snr: tenths(i16le),
      csq: u8,
      coverageLevel: u8,
      cellId: u48le,
    }),
    'radio',
    '无线信号',
  ),
  property(23, 'tilt', known<Tilt>({ x: tenths(i16le), y: tenths(i16le), beyondLimit: flag, knocked: flag, open: flag }), 'tilt', '倾斜'),
  property(24, 'release', known<WaterRelease>({ flowing: flag, seconds: u32le, litres: tenths(u32le) }), 'water release', '出水'),
  property(25, 'levelMm', single(i32le), 'tank level', '水箱液位'),
  MEASURED,
  property(29, 'source', utf8, 'source on site', '站端来源'),
  property(30, 'packetHex', hexBytes, 'raw packet', '原始报文'),
  property(31, 'note', single(oneOf(GATEWAY_NOTES)), 'gateway note', '网关自述'),
  property(32, 'operations', setOf(OPERATIONS, 1), 'operations', '操作'),
  property(33, 'operatorNumber', single(u8), 'operator number', '操作员编号'),
];
