import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { crc16Genibus } from '../codec/checksums.ts';
import { raw } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { showTime, timeParts } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import { FROM_PANEL, keyOf, orNull, packetsOnly, type Saying, says, spoken } from './saying.ts';

const AT = 0x40;
const HASH = 0x23;
const TAG_BYTES = 3;
/** `@`, tag, X. */
const HEAD_BYTES = 5;
const CHECK_BYTES = 6;
/** Machine 2, loop 3, number 3, time 10. */
const DIGITS_MAX = 18;
const MAX_BYTES = HEAD_BYTES + DIGITS_MAX + CHECK_BYTES + 1;

type Body = 'point' | 'time' | 'machine';
interface Row extends Saying {
  readonly body: Body;
}
const row = (body: Body, saying: Saying): Row => ({ ...saying, body });

/** Tags. ZD1 is listed twice in the document: mains normal and automatic state. */
const TAGS: Readonly<Record<string, Row>> = {
  HJ1: row('point', says('fire', 'fire', '火警')),
  GZ1: row('point', says('fault', 'fault', '故障')),
  QD1: row('point', says('start', 'start', '启动')),
  FK1: row('point', says('feedback', 'feedback', '反馈')),
  PB1: row('point', says('shield', 'isolated', '屏蔽')),
  GZ2: row('point', says('fault-restored', 'fault restored', '故障恢复')),
  FK2: row('point', says('feedback-ended', 'feedback restored', '反馈恢复')),
  TZ1: row('point', says('stop', 'stopped', '停止')),
  PB2: row('point', says('unshield', 'released', '屏蔽解除')),
  ZD1: row('time', says('power-restored', 'mains normal (or automatic state)', '主电正常(或自动状态)', 'main')),
  ZD2: row('time', says('power-fault', 'mains fault', '主电故障', 'main')),
  BD1: row('time', says('power-restored', 'battery normal', '备电正常', 'backup')),
  BD2: row('time', says('power-fault', 'battery fault', '备电故障', 'backup')),
  SD1: row('time', says('manual', 'manual state', '手动状态')),
  XY1: row('time', says('silence', 'silence', '消音')),
  FW1: row('time', says('reset', 'reset', '复位')),
  XJ1: row('machine', says('heartbeat', 'patrol', '巡检')),
};

/** The six checksum digits: high and low byte of the CRC, three decimal digits each, as sent. */
function checkDigits(bytes: Uint8Array, from: number, to: number): string {
  const crc = crc16Genibus(bytes, from, to);
  return [crc >> 8, crc & 0xff].map((byte) => String(byte).padStart(3, '0')).join('');
}

const cut: CutRule = {
  maxBytes: MAX_BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== AT) return NO_START;
    const limit = Math.min(to, from + MAX_BYTES);
    for (let at = from + 1; at < limit; at++) {
      if (bytes[at] === AT) return { why: 'terminator', claimedBytes: at - from };
      if (bytes[at] !== HASH) continue;
      const length = at + 1 - from;
      const check = at - CHECK_BYTES;
      if (check < from + HEAD_BYTES) return { why: 'length', claimedBytes: length };
      return asciiText(bytes.subarray(check, at)) === checkDigits(bytes, from, check) ? length : { why: 'checksum', claimedBytes: length };
    }
    return to - from < MAX_BYTES ? 'more' : { why: 'terminator', claimedBytes: MAX_BYTES };
  },
};

const TIME = /(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;
/** What stands before the time: machine, loop and number; panels without a machine number leave it out, whole-panel tags the rest. */
const PLACE = /^(?:(\d\d)?(\d{3})(\d{3})|(\d\d)?)$/;

interface Reading {
  readonly fields: Record<string, unknown>;
  readonly address: Observation['address'];
  readonly deviceTime?: string | null;
}

/** Machine, loop, number and time from the digits; panels without a machine number leave it out. */
function readDigits(digits: string, body: Body): Reading | null {
  if (body === 'machine')
    return /^\d+$/.test(digits) ? { fields: { machine: Number(digits) }, address: { controller: Number(digits) } } : null;
  const time = TIME.exec(digits);
  const head = PLACE.exec(digits.slice(0, -10));
  if (!time || !head || (body === 'point' && head[3] === undefined)) return null;
  const [year, month, day, hour, minute] = time.slice(1).map(Number) as [number, number, number, number, number];
  const deviceTime = showTime({ year, month, day, hour, minute });
  const raw = deviceTime === null ? { deviceTimeRaw: time[0] } : {};
  if (body === 'time') return { fields: { ...(head[4] ? { machine: Number(head[4]) } : {}), deviceTime, ...raw }, address: {}, deviceTime };
  const machine = head[1] === undefined ? {} : { machine: Number(head[1]) };
  const [loop, number] = [Number(head[2]), Number(head[3])];
  const controller = machine.machine === undefined ? {} : { controller: machine.machine };
  return { fields: { ...machine, loop, number, deviceTime, ...raw }, address: { ...controller, loop, point: number }, deviceTime };
}

function decode(packet: Uint8Array): Decoded {
  const tag = asciiText(packet.subarray(1, 1 + TAG_BYTES));
  const random = packet[HEAD_BYTES - 1]! - 0x30;
  const shifted = packet.subarray(HEAD_BYTES, packet.length - CHECK_BYTES - 1);
  const digits = asciiText(shifted.map((byte) => byte - (random - 9)));
  const known = TAGS[tag];
  const read = known && random >= 0 && random <= 9 ? readDigits(digits, known.body) : null;
  // The tag says what happened though the digits do not say where.
  const said = spoken(known);
  const time = read?.deviceTime === undefined ? {} : { deviceTime: read.deviceTime };
  return {
    fields: { ...FROM_PANEL, tag, tagName: known?.en ?? null, random, digits, ...read?.fields },
    observations: said ? [{ ...said, address: read?.address ?? {}, ...time }] : [],
    remarks: [
      ...(known ? [] : ['unknown tag: kept raw']),
      ...(read ? [] : ['digits of no known form: no place, no time']),
      ...(tag === 'ZD1' ? ['the document lists ZD1 for the automatic state as well'] : []),
    ],
  };
}

/** A frame as the converter sends it; X is any digit, the digits are shifted by X − 9, the checksum is not. */
function encode(tag: string, random: number, digits: string): Uint8Array {
  const head = `@${tag}${random}`;
  const shifted = Array.from(digits, (digit) => String.fromCharCode(digit.charCodeAt(0) + random - 9)).join('');
  const signed = asciiBytes(head + shifted);
  return Uint8Array.from([...signed, ...asciiBytes(checkDigits(signed, 0, signed.length)), HASH]);
}

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  const tag = keyOf(TAGS, { what, detail });
  if (tag === null) return null;
  const { controller = 1, loop = 0, point = 0 } = address;
  const number = (value: number, size: number) => {
    const text = String(value).padStart(size, '0');
    if (text.length > size || value < 0) throw new RangeError(`${value} has more than ${size} digits`);
    return text;
  };
  const { year, month, day, hour, minute, second } = timeParts(deviceTime);
  const time = [year, month, day, hour, minute].map((part) => number(part, 2)).join('');
  const place = number(controller, 2) + number(loop, 3) + number(point, 3);
  const bodies: Readonly<Record<Body, string>> = { point: place + time, time, machine: number(controller, 2) };
  return encode(tag, second % 10, bodies[TAGS[tag]!.body]);
}

const describe = (packet: Uint8Array) =>
  packet.length < HEAD_BYTES + CHECK_BYTES + 2
    ? []
    : layout({
        head: field(raw(1), 'head @', '头 @'),
        tag: field(raw(TAG_BYTES), 'tag', '标签'),
        random: field(raw(1), 'shift digit X', '移位数字 X'),
        digits: field(raw(packet.length - HEAD_BYTES - CHECK_BYTES - 1), 'digits, shifted by X − 9', '数字(移位 X−9)'),
        check: field(raw(CHECK_BYTES), 'checksum digits, not shifted', '校验数字(不移位)'),
        end: field(raw(1), 'end #', '尾 #'),
      }).describe(packet);

/** OXX20 converter, Aoruina. */
export const OXX20: TalkingFamily = {
  shape: 'talks',
  name: 'oxx20',
  version: 1,
  title: { en: 'OXX20 converter (Aoruina)', zh: '奥瑞那 OXX20 转换器' },
  tier: 1,
  basis: 'document, captures of patrols, fires and feedbacks; no captured fault or restore',
  notes: [
    { en: 'The document says the checksum digits are shifted too; every capture says not.', zh: '文档称校验数字也移位;所有抓包均未移位。' },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe,
  emits: [],
  neverSent: [],
  gapMs: 200,
  silenceMs: 93_000,
  play: { idle: () => encode('XJ1', 0, '01'), idleEveryMs: 10_000, say: (stimulus) => orNull(() => say(stimulus)) },
};
