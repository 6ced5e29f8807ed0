import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { hexOf } from '../codec/digits.ts';
import { raw } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { showTime, timeParts } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import { datedIdentity, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, says, spoken } from './saying.ts';

const HEAD = 0x1c;
const END = 0x17;
const ACK = 0x06;
const ENQUIRY = 0x05;
const HOST_REPLY = 0x02;
const TEXT = 0x11;
const EVENT = 0x1e;
/** Longest text a panel was seen to send is 40 characters; this is four lines of a terminal. */
const MAX_BYTES = 320;

/** Sum from the sequence byte to the end of the body, ones-complement in 12 bits, six bits a character. */
function checksum(bytes: Uint8Array, from: number, to: number): [number, number] {
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at]!;
  const check = ~sum & 0xfff;
  return [0x40 + (check >> 6), 0x40 + (check & 0x3f)];
}

const cut: CutRule = {
  maxBytes: MAX_BYTES,
  measure(bytes, from, to) {
    if (bytes[from] === ACK) return 1;
    if (bytes[from] !== HEAD) return NO_START;
    for (let at = from + 2; at < to && at < from + MAX_BYTES - 2; at++) {
      if (bytes[at] === HEAD) return { why: 'terminator', claimedBytes: at - from };
      if (bytes[at] !== END) continue;
      if (at + 3 > to) return 'more';
      const [high, low] = checksum(bytes, from + 1, at);
      return bytes[at + 1] === high && bytes[at + 2] === low ? at + 3 - from : { why: 'checksum', claimedBytes: at + 3 - from };
    }
    return to - from < MAX_BYTES ? 'more' : { why: 'terminator', claimedBytes: MAX_BYTES };
  },
};

/** Status letters: what 1 says, and what 0 says. */
const STATUS: Readonly<Record<string, readonly [abnormal: Saying, normal: Saying]>> = {
  F: [says('fire', 'fire', '火警'), says('restored', 'fire over', '火警恢复')],
  P: [says('prealarm', 'priority 2', '二级报警'), says('restored', 'priority 2 over', '二级报警恢复', 'prealarm')],
  T: [says('fault', 'trouble', '故障'), says('fault-restored', 'trouble over', '故障恢复')],
  S: [says('supervisory', 'supervisory', '监管'), says('restored', 'supervisory over', '监管恢复', 'supervisory')],
  U: [says('feedback', 'utility monitor', '监视', 'utility'), says('feedback-ended', 'utility monitor over', '监视恢复', 'utility')],
  C: [says('start', 'control', '控制'), says('stop', 'control off', '控制停止')],
};

const LINE = /^(\d{2})(\d{2})(\d{2})-(\d)(\d{2})(\d{2})(\d{2}) (.+?) ([A-Z])([01])([*-]?)\s*$/;

/** Point forms `P33`, `3-0-0` and `1:M9-78-0` (panel, card, address, zone). */
function placeOf(point: string): { fields: Record<string, number>; address: Observation['address'] } {
  const numbered = /^P(\d+)$/.exec(point);
  if (numbered) return { fields: {}, address: { point: Number(numbered[1]) } };
  const found = /^(?:(\d+):)?M?(\d+)-(\d+)-(\d+)$/.exec(point);
  if (!found) return { fields: {}, address: {} };
  const [panel, loop, address, zone] = found.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  const controller = panel === undefined ? {} : { controller: panel };
  const fields = { ...(panel === undefined ? {} : { panel }), loop: loop!, address: address!, zone: zone! };
  return { fields, address: { ...controller, loop: loop!, point: address!, zone: zone! } };
}

function decodeEvent(text: string, fields: Record<string, unknown>): Decoded {
  const found = LINE.exec(text);
  if (!found) return { fields: { ...fields, text: text.trim() }, observations: [], remarks: ['text of no known form: kept raw'] };
  const [, hour, minute, second, weekday, day, month, year, point, letter, value, sign] = found as unknown as string[];
  const parts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const deviceTime = showTime(parts);
  const place = placeOf(point!);
  const saying = STATUS[letter!]?.[value === '1' ? 0 : 1];
  const said = spoken(saying);
  const time = deviceTime === null ? { deviceTime, deviceTimeRaw: text.slice(0, 14) } : { deviceTime, weekdaySundayIs1: Number(weekday) };
  return {
    fields: {
      ...fields,
      point,
      statusLetter: letter,
      statusName: saying?.en ?? null,
      value: Number(value),
      needsAck: sign === '*',
      ...time,
      ...place.fields,
    },
    observations: said ? [{ ...said, address: place.address, deviceTime, text: text.trim() }] : [],
    remarks: saying ? [] : ['unknown status letter: kept raw'],
  };
}

function decode(packet: Uint8Array): Decoded {
  if (packet[0] === ACK)
    return { fields: { reads: 'acknowledged' }, observations: [{ what: 'link', address: {}, detail: 'acknowledged' }] };
  const seq = hexOf(packet[1]!);
  const body = packet.subarray(2, -3);
  const fields = { ...FROM_PANEL, seq, body: body.length > 0 ? hexOf(body[0]!) : '' };
  const text = asciiText(body.subarray(1));
  switch (body[0]) {
    case ENQUIRY:
      return { fields: { ...fields, reads: 'enquiry' }, observations: [{ what: 'link', address: {}, detail: 'enquiry' }] };
    case HOST_REPLY:
      return hostPacket({ seq }, 'host answers the enquiry');
    case TEXT:
      return {
        fields: { ...fields, text: text.trim() },
        observations: [{ what: 'link', address: {}, detail: /WARM START/.test(text) ? 'warm-start' : 'text', text: text.trim() }],
      };
    case EVENT:
      return decodeEvent(text, fields);
    default:
      return { fields: { ...fields, text: text.trim() }, observations: [], remarks: ['unknown body: kept raw'] };
  }
}

function encode(seq: number, body: readonly number[]): Uint8Array {
  const packet = Uint8Array.from([HEAD, seq, ...body, END, 0, 0]);
  packet.set(checksum(packet, 1, packet.length - 3), packet.length - 2);
  return packet;
}

/** Every frame of the panel is acknowledged with 06; the enquiry with 06 and a frame of our own. */
function answer(packet: Uint8Array): Uint8Array | null {
  if (packet[0] !== HEAD || cut.measure(packet, 0, packet.length) !== packet.length) return null;
  const body = packet[2];
  if (body === ENQUIRY && packet.length === 6) return Uint8Array.of(ACK, ...encode(packet[1]!, [HOST_REPLY]));
  return body === EVENT || body === TEXT ? Uint8Array.of(ACK) : null;
}

const two = (part: number) => String(part).padStart(2, '0');

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  const rows = Object.entries(STATUS).flatMap(([letter, pair]) =>
    pair.map((saying, index) => ({ status: `${letter}${1 - index}`, ...saying })),
  );
  const fitting = rows.filter((row) => row.what === what);
  const row = fitting.find((one) => one.detail === detail) ?? fitting[0];
  if (!row) return null;
  const { year, month, day, weekday, hour, minute, second } = timeParts(deviceTime);
  const time = `${two(hour)}${two(minute)}${two(second)}-${weekday + 1}${two(day)}${two(month)}${two(year)}`;
  const { controller = 1, loop, point = 1, zone = 0 } = address;
  const place = loop === undefined ? `P${point}` : `${controller}:M${loop}-${point}-${zone}`;
  const line = `${time} ${place} ${row.status}* \r\n`;
  return line.length > MAX_BYTES - 8 ? null : encode(0x30, [EVENT, ...asciiBytes(line)]);
}

const describe = (packet: Uint8Array) =>
  packet[0] !== HEAD || packet.length < 5
    ? []
    : layout({
        head: field(raw(1), 'head', '头'),
        seq: field(raw(1), 'sequence (not tested)', '序号(不校验)'),
        body: field(raw(packet.length - 5), 'body', '内容'),
        end: field(raw(1), 'end', '尾'),
        check: field(raw(2), 'checksum, six bits a character', '校验(每字符 6 位)'),
      }).describe(packet);

/** Simplex 4100ES and 4020, computer port. */
export const SIMPLEX_4100: TalkingFamily = {
  shape: 'talks',
  name: 'simplex-4100',
  version: 1,
  title: { en: 'Simplex 4100ES / 4020 computer port', zh: '新普利斯 4100ES / 4020 计算机口' },
  tier: 1,
  basis: 'document, captures (mostly troubles, one documented fire), an independent implementation',
  notes: [
    { en: 'The document says 8E1; one site note says 8N1.', zh: '文档为 8E1;一处现场记录为 8N1。' },
    {
      en: 'After a restart the clock of the panel is nonsense; modem commands can precede the frames.',
      zh: '重启后控制器时钟无效;端口上可能夹杂调制解调器命令。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'even', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe,
  answer,
  emits: [
    { bytes: '06', en: 'acknowledged', zh: '确认' },
    { bytes: '06 1c ?? 02 17 ?? ??', en: 'acknowledged, and the answer to an enquiry', zh: '确认并应答询问' },
  ],
  neverSent: [
    { bytes: '1c ?? 1e *', en: 'event', zh: '事件' },
    { bytes: '1c ?? 11 *', en: 'text', zh: '文本' },
  ],
  gapMs: 200,
  silenceMs: 240_000,
  repeatMs: 10_000,
  // The sequence byte, and with it the checksum, may change when a frame comes again.
  identity: datedIdentity(decode, (packet) => toHex(packet.subarray(2, -2))),
  play: {
    idle: () => encode(0x30, [ENQUIRY]),
    idleEveryMs: 26_000,
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
    confirms: (packet) => packet.length === 1 && packet[0] === ACK,
    repeatEveryMs: 4000,
  },
};
