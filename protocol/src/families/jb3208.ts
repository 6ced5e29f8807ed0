import { crc16Modbus } from '../codec/checksums.ts';
import { hexDigits, hexOf } from '../codec/digits.ts';
import { raw, u8, u16le } from '../codec/fields.ts';
import { gbRowColumnText } from '../codec/gb-text.ts';
import { toHex } from '../codec/hex.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { BCD, clockOf, deviceClock } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import * as codes from './jb3208-codes.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, spoken, undecodable } from './saying.ts';

const clock = deviceClock(['year', 'month', 'day', 'hour', 'minute'], BCD);
const HEAD = layout({
  head: field(hexDigits(1), 'head', '头'),
  controller: field(u8, 'controller', '控制器'),
  code: field(u8, 'code', '命令码'),
  length: field(u16le, 'length of the body', '内容长度'),
});
const OBJECT = layout({
  machine: field(u8, 'machine', '机号'),
  loop: field(u8, 'loop', '回路'),
  point: field(u8, 'point', '点位'),
  zone: field(u16le, 'zone', '分区'),
  type: field(u8, 'type', '类型'),
  state: field(u8, 'state', '状态'),
  time: field(clock, 'device time', '设备时间'),
  text: field(raw(20), 'text', '文本'),
});
const TAIL = layout({ crc: field(u16le, 'CRC', 'CRC'), end: field(hexDigits(1), 'end', '尾') });
type Part = LayoutValue<typeof OBJECT>;

const BODY_AT = HEAD.size!;
const OBJECTS_AT = BODY_AT + 2;
const OVERHEAD = BODY_AT + TAIL.size!;
/** The attributes of a whole loop, the longest reply. */
const BODY_MAX = 256 * 32;
/** Codes we do not know are short, or a lying length would hold the stream. */
const UNKNOWN_BODY_MAX = 255;

function isLength(code: number, length: number): boolean {
  if (code in codes.EVENTS) return length === 1 || (length >= 2 && (length - 2) % OBJECT.size! === 0 && length <= BODY_MAX);
  if (code === codes.PATROL) return length === 1;
  return length >= 1 && length <= (code === codes.ATTRIBUTES ? BODY_MAX : UNKNOWN_BODY_MAX);
}

const cut: CutRule = {
  maxBytes: BODY_MAX + OVERHEAD,
  measure(bytes, from, to) {
    if (bytes[from] !== 0xfe) return NO_START;
    if (to - from < BODY_AT) return 'more';
    const body = bytes[from + 3]! | (bytes[from + 4]! << 8);
    if (!isLength(bytes[from + 2]!, body)) return NO_START;
    const length = body + OVERHEAD;
    if (to - from < length) return 'more';
    const end = from + length;
    if (bytes[end - 1] !== 0xff) return { why: 'terminator', claimedBytes: length };
    const crc = bytes[end - 3]! | (bytes[end - 2]! << 8);
    return crc === crc16Modbus(bytes, from + 1, end - 3) ? length : { why: 'checksum', claimedBytes: length };
  },
};

const isSuppression = (loop: number) => loop >= codes.SUPPRESSION_LOOPS.from && loop <= codes.SUPPRESSION_LOOPS.to;

/** Unit, zone and device of a gas-suppression object, and what its first text byte says. */
function suppressionOf({ loop, point, text }: Part): Record<string, unknown> {
  const device = codes.SUPPRESSION_DEVICES[point >> 4] ?? null;
  return {
    suppressionUnit: loop - 199,
    suppressionZone: point & 0x0f,
    suppressionDevice: device,
    suppressionEvent: codes.SUPPRESSION_EVENTS[text[0]!] ?? null,
  };
}

function detailOf(part: Part): string | undefined {
  if (isSuppression(part.loop)) return codes.SUPPRESSION_EVENTS[part.text[0]!] ?? 'gas suppression';
  return codes.LOOPS[part.loop]?.detail;
}

function stateName({ loop, state }: Part): string | null {
  const table = loop === 0 ? codes.MULTI_WIRE_STATES : isSuppression(loop) ? codes.SUPPRESSION_STATES : codes.STATES;
  return table[state]?.en ?? null;
}

interface Read {
  readonly object: Record<string, unknown>;
  readonly names: Record<string, unknown>;
  readonly observation: Observation;
}

function readObject(part: Part, saying: Saying | undefined): Read {
  const { machine, loop, point, zone, type, state, time, text: bytes } = part;
  const text = isSuppression(loop) ? null : gbRowColumnText(bytes);
  const suppression = isSuppression(loop);
  const { deviceTime } = clockOf(clock, time);
  const object = { machine, loop, point, zone, type, state, deviceTime, text };
  const names = {
    typeName: codes.TYPES[type]?.en ?? null,
    stateName: stateName(part),
    ...(suppression ? suppressionOf(part) : {}),
    textHex: toHex(bytes),
  };
  const said = spoken(saying);
  const place = { controller: machine, loop, point };
  if (!said) return { object, names, observation: undecodable(OBJECT.encode(part), place) };
  const supply = loop === codes.MAINS_LOOP || loop === codes.BATTERY_LOOP;
  const what = supply && said.what === 'fault' ? 'power-fault' : said.what;
  const detail = detailOf(part);
  const componentType = suppression ? 81 : codes.LOOPS[loop] ? undefined : codes.TYPES[type]?.componentType;
  return {
    object,
    names,
    observation: {
      what,
      address: supply ? { controller: machine } : place,
      ...(detail === undefined ? {} : { detail }),
      deviceType: type,
      ...(componentType === undefined ? {} : { componentType }),
      deviceTime,
      ...(text ? { text, textHex: toHex(bytes) } : {}),
    },
  };
}

function partsOf(packet: Uint8Array): Part[] {
  const count = Math.floor((packet.length - OBJECTS_AT - TAIL.size!) / OBJECT.size!);
  return Array.from({ length: Math.max(0, count) }, (_, index) => OBJECT.decode(packet, OBJECTS_AT + index * OBJECT.size!));
}

function decode(packet: Uint8Array): Decoded {
  const { controller, code, length } = HEAD.decode(packet);
  const fields = { ...FROM_PANEL, controller, code };
  const saying = codes.EVENTS[code];
  if (code === codes.RESET) return { fields: { ...fields, reads: 'reset' }, observations: [{ what: 'reset', address: { controller } }] };
  if (code === codes.PATROL)
    return {
      fields: { ...fields, reads: 'patrol or confirmation' },
      observations: [{ what: 'link', address: { controller }, detail: 'patrol' }],
    };
  const body = toHex(packet.subarray(BODY_AT, -TAIL.size!));
  if (code === codes.TOTALS) {
    if (length === 1) return hostPacket({ controller, code, body }, 'host asks for the totals');
    return { fields: { ...fields, reads: 'totals', body }, observations: [{ what: 'link', address: { controller }, detail: 'totals' }] };
  }
  if (saying && length === 1) return hostPacket({ controller, code, body }, `host asks for the list of: ${saying.en}`);
  if (!saying) return { fields: { ...fields, body }, observations: [], remarks: ['unknown code: kept raw'] };
  const read = partsOf(packet).map((part) => readObject(part, saying));
  const count = packet[BODY_AT]! | (packet[BODY_AT + 1]! << 8);
  return {
    fields: { ...fields, saying: saying.en, count, objects: read.map(({ object }) => object), names: read.map(({ names }) => names) },
    observations: read.map(({ observation }) => observation),
    remarks: count === read.length ? [] : [`says ${count} objects, holds ${read.length}`],
  };
}

function encode(controller: number, code: number, body: Uint8Array): Uint8Array {
  const head = HEAD.encode({ head: 'FE', controller, code, length: body.length });
  const packet = Uint8Array.from([...head, ...body, ...TAIL.encode({ crc: 0, end: 'FF' })]);
  u16le.write(packet, packet.length - 3, crc16Modbus(packet, 1, packet.length - 3));
  return packet;
}

const short = (controller: number, code: number, byte = code) => encode(controller, code, Uint8Array.of(byte));

/** Head of a packet that is wholly there; null: it is none. */
function headOf(packet: Uint8Array) {
  return packet.length >= OVERHEAD && cut.measure(packet, 0, packet.length) === packet.length ? HEAD.decode(packet) : null;
}

/** Patrols and events are confirmed alike. */
function answer(packet: Uint8Array): Uint8Array | null {
  const head = headOf(packet);
  if (!head) return null;
  const { controller, code } = head;
  return code === codes.PATROL || code === codes.RESET || code in codes.EVENTS ? short(controller, codes.PATROL) : null;
}

/** Lists to ask for, the most urgent first; not the reserved ones. */
const LISTS = Object.keys(codes.EVENTS)
  .map(Number)
  .filter((code) => codes.EVENTS[code]!.what !== null);

/** A patrol may be answered with the request for a list: after a start for each of them in turn. */
function resync(packet: Uint8Array, step: number): Uint8Array | null {
  const head = headOf(packet);
  const list = LISTS[step];
  return head?.code === codes.PATROL && list !== undefined ? short(head.controller, list) : null;
}

/**
 * "Received" answers patrols and confirms events alike. While an event is being made durable a patrol is answered with a question that
 * confirms nothing and moves nothing: how many parts the panel has. Its answer wants none of ours.
 */
function meanwhile(packet: Uint8Array): Uint8Array | null {
  const head = headOf(packet);
  return head?.code === codes.PATROL ? short(head.controller, codes.TOTALS) : null;
}

const request = (code: number) => hexOf(code).toLowerCase();

function say({ what, detail, address, deviceType, deviceTime }: Stimulus): Uint8Array | null {
  const controller = address.controller ?? 1;
  if (what === 'reset') return short(controller, codes.RESET);
  const supply = what === 'power-fault';
  const code = codeOf(codes.EVENTS, { what: supply ? 'fault' : what });
  if (code === null) return null;
  const loop = supply ? (detail === 'backup' ? codes.BATTERY_LOOP : codes.MAINS_LOOP) : (address.loop ?? 1);
  const states: Record<string, number> = { fire: 1, supervisory: 2, shield: 3, start: 7, feedback: 7, fault: 8 };
  const place = { machine: controller, loop, point: address.point ?? 0, zone: address.zone ?? 0 };
  const part = {
    ...place,
    type: deviceType ?? 0,
    state: states[supply ? 'fault' : what] ?? 0,
    time: clock.parse(deviceTime),
    text: new Uint8Array(20).fill(0xff),
  };
  return encode(controller, code, Uint8Array.from([1, 0, ...OBJECT.encode(part)]));
}

function describe(packet: Uint8Array) {
  if (cut.measure(packet, 0, packet.length) !== packet.length) return [];
  const end = packet.length - TAIL.size!;
  const bytes = (from: number, to: number) => layout({ body: field(raw(to - from), 'body', '内容') }).describe(packet, from);
  const parts = packet[2]! in codes.EVENTS ? partsOf(packet).length : 0;
  const behind = parts === 0 ? BODY_AT : OBJECTS_AT + parts * OBJECT.size!;
  const count = parts === 0 ? [] : layout({ count: field(u16le, 'objects', '对象数') }).describe(packet, BODY_AT);
  const objects = Array.from({ length: parts }, (_, index) => OBJECT.describe(packet, OBJECTS_AT + index * OBJECT.size!)).flat();
  return [...HEAD.describe(packet), ...count, ...objects, ...(behind < end ? bytes(behind, end) : []), ...TAIL.describe(packet, end)];
}

/** Songjiang JB-3208 CRT line (document of 2009). The panel is master. */
export const JB3208: TalkingFamily = {
  shape: 'talks',
  name: 'jb3208',
  version: 1,
  title: { en: 'Songjiang JB-3208 CRT', zh: '松江 JB-3208 CRT 接口' },
  tier: 1,
  basis: 'document of 2009, captures; every CRC recomputed',
  notes: [
    {
      en: 'The panel patrols; without an answer within 500 ms it raises a communication fault.',
      zh: '控制器巡检;500 毫秒内无应答即报通信故障。',
    },
    {
      en: 'Patrols and events are confirmed by the same packet. While an event is still being stored, a patrol is therefore answered with the question for the totals, which confirms nothing; from the document, not captured.',
      zh: '巡检与事件的确认报文相同。事件尚未落盘时,以查询总数应答巡检,不构成对事件的确认;依据文档,未有抓包验证。',
    },
    { en: 'The CRC goes out low byte first, against the document.', zh: 'CRC 低字节在前,与文档相反。' },
    {
      en: 'The form of the 20 text bytes (row and column) is documented, not captured.',
      zh: '20 字节文本(区位码)仅见于文档,未有抓包验证。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe,
  answer,
  meanwhile,
  resync,
  answerWithinMs: 500,
  emits: [
    { bytes: 'fe ?? 64 01 00 64 ?? ?? ff', en: 'received, nothing to ask', zh: '已收到,无请求' },
    { bytes: 'fe ?? 67 01 00 67 ?? ?? ff', en: 'please send the totals', zh: '请求总数' },
    ...LISTS.map((code) => ({
      bytes: `fe ?? ${request(code)} 01 00 ${request(code)} ?? ?? ff`,
      en: `please send the list of: ${codes.EVENTS[code]!.en}`,
      zh: `请求列表:${codes.EVENTS[code]!.zh}`,
    })),
  ],
  neverSent: [
    { bytes: 'fe ?? cb *', en: 'silence', zh: '消音' },
    { bytes: 'fe ?? cc *', en: 'clock', zh: '校时' },
    { bytes: 'fe ?? 00 *', en: 'reset', zh: '复位' },
  ],
  gapMs: 300,
  silenceMs: 93_000,
  repeatMs: 2000,
  play: {
    idle: () => short(1, codes.PATROL),
    idleEveryMs: 1000,
    hostCut: cut,
    // Asked for a list, it sends what waits, or an empty one.
    answer: (packet, pending) => {
      if (packet[2] === codes.TOTALS) return encode(packet[1]!, codes.TOTALS, new Uint8Array(76));
      return packet[2]! in codes.EVENTS ? (pending ?? encode(packet[1]!, packet[2]!, Uint8Array.of(0, 0))) : null;
    },
    say: (stimulus) => orNull(() => say(stimulus)),
    confirms: (packet) => packet[2] === codes.PATROL,
    repeatEveryMs: 1000,
  },
};
