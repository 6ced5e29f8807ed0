import { u8 } from '../../codec/fields.ts';
import { field } from '../../codec/layout.ts';
import { instantOf, type TimeTag } from '../fields.ts';
import { decodeFrame, FRAME_BYTES_MIN, FRAME_CUT, unitOf, versionOf } from '../frame.ts';
import { decodeUnit } from '../units.ts';
import { PLAIN_CLOCK, YEAR_FIRST_CLOCK } from './clocks.ts';
import { type Dialect, own, table, typesWith } from './dialect.ts';

/** Dialects of no one maker: a habit that a device has, or has not. */
const PLAIN = { ...PLAIN_CLOCK, cut: FRAME_CUT, heartbeats: ['empty-send'], versions: [] } as const;

export const STANDARD: Dialect = {
  ...PLAIN,
  name: 'standard',
  title: { en: 'the text of GB/T 26875.3-2011', zh: 'GB/T 26875.3-2011 原文' },
  heartbeats: ['empty-send', 'device-time', 'login-time'],
  versions: [[1, 1]],
};

export const ZONE_AND_POINT: Dialect = {
  ...PLAIN,
  name: 'zone-and-point',
  title: { en: 'addresses of zone (low word) and point (high word)', zh: '部件地址:低字区号,高字位号' },
  addressSplit: ['zone', 'point'],
};

export const BASE_STATION: Dialect = {
  ...PLAIN,
  name: 'base-station',
  title: { en: 'base station firmware: state without its time', zh: '基站固件(状态无时间)' },
  types: typesWith([
    [21, own(table({ status: field(u8, 'state bits', '运行状态') }), 1, 'transmission device state without time', '用传运行状态(无时间)')],
  ]),
  heartbeats: ['state-without-time', 'empty-send'],
  versions: [[1, 32]],
  addressSplit: ['loop', 'point'],
  tell: (frame) => unitOf(frame)[0] === 21 && unitOf(frame).length === 3,
  notes: [{ en: 'it sets its clock by the header time of our replies', zh: '按应答帧头时间校时' }],
};

export const MAIN_VERSION_16: Dialect = {
  ...PLAIN,
  name: 'main-version-16',
  title: { en: 'devices of main version 16', zh: '主版本号 16 的设备' },
  heartbeats: ['one-byte-unit', 'empty-send'],
  versions: [[16, 0]],
  tell: (frame) => versionOf(frame)[0] === 16,
};

export const PRIVATE_HEARTBEAT: Dialect = {
  ...PLAIN,
  name: 'private-heartbeat',
  title: { en: 'transmitters with a private heartbeat and a private description', zh: '私有心跳与私有说明的传输装置' },
  heartbeats: ['private-command', 'empty-send'],
  versions: [
    [1, 20],
    [1, 216],
    [1, 211],
    [1, 215],
    [1, 188],
  ],
  tell: (frame) => frame[26] === 128 && unitOf(frame)[0] === 128,
};

export const YEAR_FIRST: Dialect = {
  ...PLAIN,
  ...YEAR_FIRST_CLOCK,
  name: 'year-first',
  title: { en: 'devices that write the year first ("20180312 edition" and a mock)', zh: '时间年在前的设备(“20180312 版”等)' },
  versions: [[0, 1]],
  tell: (frame) => versionOf(frame)[0] === 0 && versionOf(frame)[1] === 1,
  notes: [{ en: 'the edition has a type flag of two bytes: its units are kept raw', zh: '该版类型标志为两字节,单元原样保存' }],
};

const HOURS_8_MS = 8 * 3_600_000;
/** Header and object are written within moments of each other, a panel's clock a few minutes wrong. */
const NEAR_MS = 10 * 60_000;

/** The object's time lies eight hours behind the header's: the header follows our replies, the object counts in UTC. */
function isEightHoursBehind(frame: Uint8Array): boolean {
  if (frame.length < FRAME_BYTES_MIN) return false;
  const { control, unit } = decodeFrame(frame);
  const read = decodeUnit(unit);
  const [first] = read && 'objects' in read ? (read.objects as ReadonlyArray<{ readonly time?: TimeTag }>) : [];
  const [sent, happened] = [instantOf(control.time, 0), instantOf(first?.time ?? 0, 0)];
  return sent !== null && happened !== null && Math.abs(sent - happened - HOURS_8_MS) <= NEAR_MS;
}

export const UTC_CLOCK: Dialect = {
  ...PLAIN,
  name: 'utc-clock',
  title: { en: 'devices whose clock counts in UTC', zh: '时钟为 UTC 的设备' },
  heartbeats: ['empty-send', 'device-time', 'login-time'],
  zoneMinutes: 0,
  tell: isEightHoursBehind,
};
