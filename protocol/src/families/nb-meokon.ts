import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { u16be, u32be } from '../codec/big-endian.ts';
import { crc16Modbus } from '../codec/checksums.ts';
import { code8, hexDigits } from '../codec/digits.ts';
import { i8, raw, u8 } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import type { Quantity } from '../event.ts';
import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation, What } from '../observation.ts';
import { FROM_DEVICE, isoTime, NB_SILENCE_MS } from './json-payload.ts';
import { orNull } from './saying.ts';

const HEAD = layout({
  head: field(hexDigits(2), 'head', '头'),
  cmd: field(code8, 'command', '命令'),
  length: field(u16be, 'length of the frame', '全帧长度'),
  id: field(raw(12), 'device', '设备号'),
  battery: field(u8, 'battery', '电池'),
  rssi: field(i8, 'RSSI', '信号强度'),
  intervalS: field(u16be, 'interval, s', '上报间隔 s'),
  count: field(u16be, 'records', '记录数'),
});
/** One record. The widths of thresholds and value are the one implementation's: two bytes each. */
const RECORD = layout({
  type: field(u8, 'type', '类型'),
  alarmBits: field(u8, 'alarm bits', '报警位'),
  low: field(u16be, 'low threshold', '低限'),
  high: field(u16be, 'high threshold', '高限'),
  value: field(u16be, 'value', '数值'),
  time: field(u32be, 'time', '时间'),
});
const TAIL = layout({ crc: field(u16be, 'CRC', 'CRC'), end: field(hexDigits(2), 'end', '尾') });
const UPLOAD = 0x00;

const TYPES: Readonly<Record<number, { readonly scale: number; readonly quantity?: Quantity; readonly unit: string }>> = {
  0: { scale: 0.1, quantity: 'pressure-kpa', unit: 'kPa' },
  1: { scale: 0.001, quantity: 'pressure-mpa', unit: 'MPa' },
  8: { scale: 0.01, quantity: 'height', unit: 'm' },
  24: { scale: 1, unit: 'hydrant' },
  31: { scale: 0.1, quantity: 'gas', unit: '%LEL' },
  34: { scale: 0.001, quantity: 'pressure-mpa', unit: 'MPa' },
};
const ALARM_BITS: ReadonlyArray<{ readonly what: What; readonly detail: string }> = [
  { what: 'low', detail: 'low' },
  { what: 'high', detail: 'high' },
  { what: 'battery-low', detail: 'battery' },
  { what: 'fault', detail: 'sensor' },
  { what: 'fault', detail: 'device' },
  { what: 'tilt', detail: 'shock' },
  { what: 'tilt', detail: 'tilt' },
  { what: 'water-release', detail: 'discharge' },
];

function isWhole(bytes: Uint8Array): boolean {
  if (HEAD.measure(bytes, 0, bytes.length) === null || bytes[0] !== 0xa5 || bytes[1] !== 0x5a) return false;
  const end = bytes.length - TAIL.size!;
  const tail = TAIL.decode(bytes, Math.max(0, end));
  return end >= HEAD.size! && HEAD.decode(bytes).length === bytes.length && tail.end === '55AA' && tail.crc === crc16Modbus(bytes, 0, end);
}

function readRecord(
  { type, alarmBits, low, high, value, time }: LayoutValue<typeof RECORD>,
  state: Pick<Observation, 'battery' | 'radio'>,
) {
  const kind = TYPES[type];
  const scaled = (raw: number) => (kind ? Number((raw * kind.scale).toFixed(4)) : raw);
  const at = isoTime(time * 1000);
  const about = { address: {}, ...(at === null ? {} : { deviceTime: at }), ...state };
  const measured = kind?.quantity ? { value: scaled(value), quantity: kind.quantity } : { value: scaled(value) };
  const alarms = ALARM_BITS.filter((_, bit) => (alarmBits >> bit) & 1).map(
    ({ what, detail }): Observation => ({ what, detail, ...about, ...(what === 'low' || what === 'high' ? measured : {}) }),
  );
  return {
    shown: { type, unit: kind?.unit ?? null, alarmBits, low: scaled(low), high: scaled(high), value: scaled(value), time: at },
    observations: [{ what: 'reading', ...about, ...measured } as Observation, ...alarms],
  };
}

function decode(bytes: Uint8Array): Published | null {
  if (!isWhole(bytes)) return null;
  const head = HEAD.decode(bytes);
  const id = asciiText(head.id);
  const device = /^[\x21-\x7e]+$/.test(id) ? id : toHex(head.id);
  const external = (head.battery & 0x80) !== 0;
  const percent = Math.min(100, 5 * (head.battery & 0x1f));
  const state = { battery: { percent, externalPower: external }, radio: { technology: 'nb-iot', rssi: head.rssi } } as const;
  const fields = {
    ...FROM_DEVICE,
    cmd: head.cmd,
    device,
    batteryPercent: percent,
    externalPower: external,
    rssi: head.rssi,
    intervalS: head.intervalS,
    records: head.count,
  };
  const room = Math.floor((bytes.length - TAIL.size! - HEAD.size!) / RECORD.size!);
  const held = head.cmd === UPLOAD ? Math.min(head.count, room) : 0;
  const read = Array.from({ length: held }, (_, index) => readRecord(RECORD.decode(bytes, HEAD.size! + index * RECORD.size!), state));
  const exact = HEAD.size! + head.count * RECORD.size! + TAIL.size! === bytes.length;
  return {
    device,
    counter: null,
    fields: { ...fields, recordList: read.map(({ shown }) => shown), body: toHex(bytes.subarray(HEAD.size!, -TAIL.size!)) },
    observations: read.flatMap(({ observations }) => observations),
    remarks: [
      'layout of the records rests on one implementation',
      ...(exact ? [] : ['the records do not fill the frame: kept raw beside']),
    ],
  };
}

function say({ what, detail, value, battery, deviceTime }: Stimulus, device: string): Uint8Array | null {
  const bit = ALARM_BITS.findIndex((alarm) => alarm.what === what && (detail === undefined || alarm.detail === detail));
  if (bit < 0 && what !== 'reading') return null;
  const time = Math.floor(Date.parse(`${deviceTime.replace(/Z$/, '')}Z`) / 1000);
  const record = RECORD.encode({
    type: 0,
    alarmBits: bit < 0 ? 0 : 1 << bit,
    low: 1400,
    high: 12_000,
    value: Math.round((value ?? 300) * 10),
    time,
  });
  const id = asciiBytes(device.slice(-12).padStart(12, '0'));
  const length = HEAD.size! + record.length + TAIL.size!;
  const head = HEAD.encode({
    head: 'A55A',
    cmd: UPLOAD,
    length,
    id,
    battery: Math.round((battery?.percent ?? 100) / 5),
    rssi: -80,
    intervalS: 3600,
    count: 1,
  });
  const packet = Uint8Array.from([...head, ...record, ...TAIL.encode({ crc: 0, end: '55AA' })]);
  u16be.write(packet, packet.length - TAIL.size!, crc16Modbus(packet, 0, packet.length - TAIL.size!));
  return packet;
}

/** Meokon V3.3: pressure, level and gas meters with records. */
export const NB_MEOKON: PublishingFamily = {
  shape: 'publishes',
  name: 'nb-meokon',
  version: 1,
  title: { en: 'Meokon V3.3 meters (NB-IoT)', zh: '铭控 V3.3 仪表(NB-IoT)' },
  tier: 3,
  basis: 'one implementation; no sample',
  notes: [
    {
      en: 'The widths inside a record are not settled: the record is kept raw beside what is read.',
      zh: '记录内部各字段宽度未确认:读取结果旁保留原始记录。',
    },
    {
      en: 'The device sets its clock by the acknowledgement of the server, which is not sent: its clock drifts.',
      zh: '设备以服务器应答校时,本系统不发送该应答:其时钟会漂移。',
    },
  ],
  carrier: 'coap',
  decode,
  silenceMs: NB_SILENCE_MS,
  play: { say: (stimulus, device) => orNull(() => say(stimulus, device)) },
};
