import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { sum8 } from '../codec/checksums.ts';
import { hexDigits } from '../codec/digits.ts';
import { raw, u8, u16le } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { clockOf, deviceClock } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { printedText } from './printer.ts';
import { codeOf, datedIdentity, FROM_PANEL, orNull, packetsOnly, type Saying, spoken, undecodable } from './saying.ts';
import { DEVICE_TYPES, STATES, UNIT_TYPES } from './tx3016a-codes.ts';

const clock = deviceClock(['second', 'minute', 'hour', 'day', 'month', 'year']);
/** The envelope looks like GB/T 26875.3; the body does not: it is never given to that decoder. */
const HEAD = layout({
  head: field(hexDigits(2), 'head', '头'),
  serial: field(u16le, 'serial', '流水号'),
  version: field(raw(2), 'version', '版本'),
  sent: field(clock, 'sent', '发送时间'),
  source: field(raw(6), 'source', '源地址'),
  destination: field(raw(6), 'destination', '目的地址'),
  length: field(u16le, 'length of the data', '数据长度'),
  command: field(u8, 'command', '命令'),
});
const UNIT = layout({ type: field(u8, 'application type', '应用类型'), count: field(u8, 'objects', '对象数') });
const OBJECT = layout({
  deviceType: field(u8, 'device type', '设备类型'),
  deviceAddress: field(u8, 'device address', '设备地址'),
  unitType: field(u8, 'unit type', '部件类型'),
  unitAddress: field(raw(8), 'unit address, ASCII', '部件地址(ASCII)'),
  state: field(u8, 'state', '状态'),
  remark: field(raw(32), 'remark', '注释'),
  time: field(clock, 'device time', '设备时间'),
});
const HEAD_BYTES = HEAD.size!;
const TAIL_BYTES = 3;
const DATA_MAX = 1024;
const PART_STATE = 2;
const LINE_TEST = 9;
const SEND = 2;

const cut: CutRule = {
  maxBytes: HEAD_BYTES + DATA_MAX + TAIL_BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== 0x40 || (to - from > 1 && bytes[from + 1] !== 0x40)) return NO_START;
    if (to - from < HEAD_BYTES) return 'more';
    const data = bytes[from + 24]! | (bytes[from + 25]! << 8);
    if (data > DATA_MAX) return { why: 'length', claimedBytes: HEAD_BYTES };
    const length = HEAD_BYTES + data + TAIL_BYTES;
    if (to - from < length) return 'more';
    const end = from + length;
    if (bytes[end - 1] !== 0x23 || bytes[end - 2] !== 0x23) return { why: 'terminator', claimedBytes: length };
    return bytes[end - 3] === sum8(bytes, from + 2, end - 3) ? length : { why: 'checksum', claimedBytes: length };
  },
};

function decode(packet: Uint8Array): Decoded {
  const { serial, command, length } = HEAD.decode(packet);
  const fields = { ...FROM_PANEL, serial, command };
  if (length < UNIT.size!) return { fields, observations: [{ what: 'heartbeat', address: {} }] };
  const { type, count } = UNIT.decode(packet, HEAD_BYTES);
  const from = HEAD_BYTES + UNIT.size!;
  if (type === LINE_TEST) return { fields: { ...fields, type, count }, observations: [{ what: 'link', address: {}, detail: 'line-test' }] };
  const held = type === PART_STATE ? Math.min(count, Math.floor((length - UNIT.size!) / OBJECT.size!)) : 0;
  if (held === 0) {
    const data = toHex(packet.subarray(from, -TAIL_BYTES));
    return {
      fields: { ...fields, type, count, data },
      observations: [],
      remarks: ['application type whose layout is not known: kept raw'],
    };
  }
  const read = Array.from({ length: held }, (_, index) => readObject(packet, from + index * OBJECT.size!));
  return {
    fields: { ...fields, type, count, objects: read.map(({ shown }) => shown) },
    observations: read.map(({ observation }) => observation),
    remarks: read.some(({ saying }) => !saying) ? ['unknown state: kept raw'] : [],
  };
}

function readObject(packet: Uint8Array, at: number) {
  const { deviceType, deviceAddress, unitType, unitAddress, state, remark, time } = OBJECT.decode(packet, at);
  const saying: Saying | undefined = STATES[state];
  const said = spoken(saying);
  const place = asciiText(unitAddress);
  const { text, textHex } = printedText(remark.filter((byte) => byte !== 0));
  const { deviceTime } = clockOf(clock, time);
  const componentType = UNIT_TYPES[unitType]?.componentType ?? DEVICE_TYPES[deviceType]?.componentType;
  const shown = {
    deviceType,
    deviceTypeName: DEVICE_TYPES[deviceType]?.en ?? null,
    deviceAddress,
    unitType,
    unitTypeName: UNIT_TYPES[unitType]?.en ?? null,
  };
  const address = { controller: deviceAddress, ...(/^\d{8}$/.test(place) ? { point: Number(place) } : {}) };
  return {
    saying,
    shown: {
      ...shown,
      unitAddress: /^[ -~]*$/.test(place) ? place : toHex(unitAddress),
      state,
      stateName: saying?.en ?? null,
      text,
      textHex,
      deviceTime,
    },
    observation: said
      ? {
          ...said,
          address,
          deviceType: unitType,
          ...(componentType === undefined ? {} : { componentType }),
          deviceTime,
          ...(text ? { text } : {}),
        }
      : undecodable(packet.subarray(at, at + OBJECT.size!), address),
  };
}

function say({ what, detail, address, deviceType, deviceTime }: Stimulus): Uint8Array | null {
  const state = codeOf(STATES, { what, detail });
  if (state === null) return null;
  const digits = String(address.point ?? 1).padStart(8, '0');
  if (digits.length > 8) return null;
  const time = clock.parse(deviceTime);
  const object = {
    deviceType: 1,
    deviceAddress: address.controller ?? 1,
    unitType: deviceType ?? 78,
    unitAddress: asciiBytes(digits),
    state,
    remark: new Uint8Array(32),
    time,
  };
  const data = [...UNIT.encode({ type: PART_STATE, count: 1 }), ...OBJECT.encode(object)];
  const zeros = new Uint8Array(6);
  const head = {
    head: '4040',
    serial: 1,
    version: Uint8Array.of(1, 1),
    sent: time,
    source: zeros,
    destination: zeros,
    length: data.length,
    command: SEND,
  };
  const packet = Uint8Array.from([...HEAD.encode(head), ...data, 0, 0x23, 0x23]);
  packet[packet.length - TAIL_BYTES] = sum8(packet, 2, packet.length - TAIL_BYTES);
  return packet;
}

/** Taihean TX3016A: an envelope like GB/T 26875.3 around objects of its own. */
export const TX3016A: TalkingFamily = {
  shape: 'talks',
  name: 'tx3016a',
  version: 1,
  title: { en: 'Taihean TX3016A', zh: '泰和安 TX3016A' },
  tier: 3,
  basis: 'one implementation; baud rate and acknowledgement unknown; no sample',
  notes: [
    {
      en: 'Same envelope as GB/T 26875.3, other body: never configure it as that family. The baud rate is a guess.',
      zh: '外层同 GB/T 26875.3,内容不同:不可按该协议配置。波特率为推测。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  emits: [],
  neverSent: [],
  gapMs: 500,
  silenceMs: 93_000,
  repeatMs: 2000,
  identity: datedIdentity(decode),
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
