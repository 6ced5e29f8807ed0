import { raw, u8, u16le } from '../../codec/fields.ts';
import { field } from '../../codec/layout.ts';
import { CONTROL, FRAME_BYTES_MIN, FRAME_CUT, unitOf, versionOf } from '../frame.ts';
import { ANALOGUE_VALUE } from '../units.ts';
import { BCD_CLOCK, PLAIN_CLOCK } from './clocks.ts';
import { type Dialect, fieldsOf, own, stateBits, TIME, table, typesWith } from './dialect.ts';
import { withShort } from './short-frames.ts';

/** What is true of every device whose bytes are the standard's; a dialect names what differs. */
const PLAIN = { ...PLAIN_CLOCK, cut: FRAME_CUT, heartbeats: ['empty-send'], versions: [] } as const;

export const HIKVISION: Dialect = {
  ...PLAIN,
  name: 'hikvision',
  title: { en: 'Hikvision', zh: '海康威视' },
  addressSplit: ['loop', 'point'],
  // The first byte of a description is 0x02.
  tell: (frame) => unitOf(frame)[0] === 2 && unitOf(frame)[11] === 0x02 && (unitOf(frame).length - 2) % 46 === 0,
};

const isRegistration = (frame: Uint8Array) => frame[26] === 0 && unitOf(frame)[0] === 0 && unitOf(frame).length > 0;

export const DAHUA: Dialect = {
  ...PLAIN,
  name: 'dahua',
  title: { en: 'Dahua v1.03', zh: '大华 v1.03' },
  heartbeats: ['command-7'],
  // Registration is command 0, which the standard reserves; unconfirmed, the device never begins to report.
  confirms: [0],
  versions: [[1, 3]],
  addressSplit: ['loop', 'point'],
  extraStates: stateBits({ 9: 'offline', 10: 'open-circuit', 11: 'short-circuit', 12: 'removed', 14: 'sensor', 15: 'upgrading' }),
  tell: (frame) => (frame.length === FRAME_BYTES_MIN && frame[26] === 7) || isRegistration(frame),
  notes: [
    { en: 'some firmware writes times as BCD: use dahua-bcd there', zh: '部分固件时间为 BCD,用 dahua-bcd' },
    { en: 'its own types 0x84–0x8C, 0xBE, 0xBF, 0xC8–0xCA, 0xF9, 0xFA have no published body: kept raw', zh: '自定义类型未公布,原样保存' },
  ],
};

/** Every digit of the header's clock is decimal, and read as plain binary it would be no time: only a BCD clock writes that. */
function isBcdOnly(frame: Uint8Array): boolean {
  if (frame.length < FRAME_BYTES_MIN) return false;
  const bcd = BCD_CLOCK.control.view(BCD_CLOCK.control.decode(frame, 2))['time'];
  return bcd !== null && CONTROL.view(CONTROL.decode(frame, 2))['time'] === null;
}

export const DAHUA_BCD: Dialect = {
  ...DAHUA,
  ...BCD_CLOCK,
  name: 'dahua-bcd',
  title: { en: 'Dahua with BCD clock', zh: '大华(BCD 时钟)' },
  tell: (frame) => isBcdOnly(frame) && (versionOf(frame)[1] === 3 || DAHUA.tell!(frame)),
};

export const BCD: Dialect = {
  ...PLAIN,
  ...BCD_CLOCK,
  name: 'bcd-clock',
  title: { en: 'devices with a BCD clock', zh: 'BCD 时钟的设备' },
  tell: isBcdOnly,
};

const COMPONENT = fieldsOf(ANALOGUE_VALUE, 'analogueType', 'raw', 'time');
const FUBEI_STATE = table({ ...COMPONENT, status: field(u16le, 'state bits', '状态'), unknown: field(u8, 'not known', '未知'), ...TIME });
const FUBEI_REPORT = table({ ...COMPONENT, bytes: field(raw(3), 'state or value', '状态或数值'), ...TIME });
const isOf16 = (unit: Uint8Array) => unit.length === 2 + 16 * (unit[1] ?? 0);

export const FUBEI: Dialect = {
  ...PLAIN,
  name: 'fubei',
  title: { en: 'Fubei (2024)', zh: '富贝(2024)' },
  types: typesWith([
    [2, own(FUBEI_STATE, 63, 'component state without description', '部件状态(无说明)')],
    ...[0x87, 0x96, 0x97].map((type) => [type, own(FUBEI_REPORT, 63, 'component report', '部件上报')] as const),
  ]),
  addressSplit: ['point', 'loop'],
  tell: (frame) => [2, 0x87, 0x96, 0x97].includes(unitOf(frame)[0] ?? 0) && unitOf(frame)[1] !== 0 && isOf16(unitOf(frame)),
  notes: [{ en: 'where in the three bytes of 0x87, 0x96 and 0x97 the state stands is not known', zh: '0x87、0x96、0x97 三字节含义未知' }],
};

export const FSCN8001: Dialect = {
  ...PLAIN,
  name: 'fscn8001',
  title: { en: 'FSCN8001', zh: '赋安 FSCN8001' },
  // Private replies of 19 bytes stand between its frames; they are of the centre and say nothing of the site.
  cut: withShort(19),
  versions: [[1, 5]],
  tell: (frame) => frame.length === 19 || (versionOf(frame)[0] === 1 && versionOf(frame)[1] === 5),
  notes: [{ en: 'other FSCN models use a 0x68 … 0x16 frame, which is not this standard', zh: '其他 FSCN 型号用 0x68…0x16 帧,不是本标准' }],
};

/** A transmitter that reports switches and gas under numbers of its own. */
export const SWITCH_AND_GAS: Dialect = {
  ...PLAIN,
  name: 'switch-and-gas',
  title: { en: 'transmitters with switch and gas units', zh: '开关量与气体传输装置' },
  addressSplit: ['point', 'zone'],
  systemTypes: new Map([201, 203].map((type) => [type, { en: 'of the maker', zh: '厂家自定义' }])),
  tell: (frame) => [201, 203].includes(unitOf(frame)[2] ?? 0) && (unitOf(frame)[0]! < 9 || [204, 205].includes(unitOf(frame)[0] ?? 0)),
  notes: [{ en: 'types 204 and 205 have no published body: kept raw', zh: '类型 204、205 未公布,原样保存' }],
};

export const FIRE_CANNON: Dialect = {
  ...PLAIN,
  name: 'fire-cannon',
  title: { en: 'fire cannon controllers', zh: '消防炮控制器' },
  versions: [[1, 6]],
  secretTypes: new Set([60]),
  tell: (frame) => unitOf(frame)[0] === 60,
  notes: [{ en: 'reserved type 60 carries an access token: never logged', zh: '保留类型 60 携带访问令牌,不入日志' }],
};
