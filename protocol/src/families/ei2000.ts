import { sum8 } from '../codec/checksums.ts';
import { code8, hexDigits, hexOf, toBcd } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { ENDED_BY } from '../codec/points.ts';
import { timeParts } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import { LOOP_FAULTS, OTHERS, PART_TYPES } from './ei2000-codes.ts';
import { printedText } from './printer.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, spoken, undecodable } from './saying.ts';

const HEAD = layout({
  head: field(hexDigits(1), 'head', '头'),
  length: field(u8, 'length', '长度'),
  again: field(u8, 'length again', '长度(重复)'),
  second: field(hexDigits(1), 'second head', '第二头'),
  source: field(hexDigits(2), 'source', '源'),
  destination: field(hexDigits(2), 'destination', '目的'),
  control: field(code8, 'control', '控制'),
  version: field(code8, 'version', '版本'),
  command: field(code8, 'command', '命令'),
  count: field(u8, 'count', '数量'),
});
const PART = layout({
  loop: field(u8, 'loop', '回路'),
  address: field(u8, 'address', '地址'),
  type: field(code8, 'type', '类型'),
  sign: field(code8, 'sign (bit 7: present)', '标志(位 7:存在)'),
  hour: field(hexDigits(1), 'hour, BCD', '时(BCD)'),
  minute: field(hexDigits(1), 'minute, BCD', '分(BCD)'),
  text: field(raw(32), 'text', '文本'),
});
const LOOP_FAULT_BYTES = 5;
const BEFORE = 4;
const HEAD_BYTES = HEAD.size!;
const LEAST = HEAD_BYTES - BEFORE;
const AROUND = BEFORE + 2;
const PART_EVENTS = 0x87;
const LOOP_EVENTS = 0x8a;
const RESET = 0x8b;
const ALIVE = 0x8c;
const OTHER = 0x8d;
const POLL = 0xce;
const ACKNOWLEDGE = 0xfa;
const RESTORED = 0x80;

const cut: CutRule = {
  maxBytes: 255 + AROUND,
  measure(bytes, from, to) {
    if (bytes[from] !== 0x68) return NO_START;
    if (to - from < BEFORE) return 'more';
    const body = bytes[from + 1]!;
    if (body !== bytes[from + 2] || bytes[from + 3] !== 0x68 || body < LEAST) return NO_START;
    const length = body + AROUND;
    if (to - from < length) return 'more';
    if (bytes[from + length - 1] !== 0x16) return { why: 'terminator', claimedBytes: length };
    const sum = from + length - 2;
    return bytes[sum] === sum8(bytes, from + BEFORE, sum) ? length : { why: 'checksum', claimedBytes: length };
  },
};

/** The word that says a state is gone. */
function ended(saying: Saying | undefined): Pick<Observation, 'what' | 'detail'> | null {
  const said = spoken(saying);
  const what = said && ENDED_BY[said.what];
  return said && what ? { ...said, what } : null;
}

function readParts(packet: Uint8Array, count: number): { shown: unknown[]; observations: Observation[] } {
  const held = Math.min(count, Math.floor((packet.length - HEAD_BYTES - 2) / PART.size!));
  const parts = Array.from({ length: held }, (_, index) => PART.decode(packet, HEAD_BYTES + index * PART.size!));
  const read = parts.map(({ loop, address, type, sign, hour, minute, text: bytes }, index) => {
    const saying = PART_TYPES[type];
    const present = (sign & 0x80) !== 0;
    const { text, textHex } = printedText(bytes.filter((byte) => byte !== 0));
    const said = present ? spoken(saying) : ended(saying);
    const place = { loop, point: address };
    const shown = { loop, address, type: hexOf(type), typeName: saying?.en ?? null, present, time: `${hour}:${minute}`, text, textHex };
    const observation: Observation = said
      ? { ...said, address: place, deviceType: type, ...(text ? { text } : {}) }
      : undecodable(packet.subarray(HEAD_BYTES + index * PART.size!, HEAD_BYTES + (index + 1) * PART.size!), place);
    return { shown, observation };
  });
  return { shown: read.map(({ shown }) => shown), observations: read.map(({ observation }) => observation) };
}

function readLoops(data: Uint8Array, count: number): { shown: unknown[]; observations: Observation[] } {
  const held = Math.min(count, Math.floor(data.length / LOOP_FAULT_BYTES));
  const rows = Array.from({ length: held }, (_, index) => data.subarray(index * LOOP_FAULT_BYTES, (index + 1) * LOOP_FAULT_BYTES));
  const observations = rows.flatMap((row): Observation[] => {
    const saying = LOOP_FAULTS[row[1]! & ~RESTORED];
    const said = row[1]! & RESTORED ? ended(saying) : spoken(saying);
    const address = { loop: row[0]! };
    return [said ? { ...said, address } : undecodable(row, address)];
  });
  return { shown: rows.map(toHex), observations };
}

function decode(packet: Uint8Array): Decoded {
  const { command, count, version } = HEAD.decode(packet);
  const data = packet.subarray(HEAD_BYTES, -2);
  const fields = { ...FROM_PANEL, command: hexOf(command), version: hexOf(version), count };
  if (command === POLL || command === ACKNOWLEDGE || command === 0xc8)
    return hostPacket({ command: hexOf(command), version: hexOf(version) }, command === POLL ? 'host poll' : 'host acknowledges');
  if (command === RESET) return { fields, observations: [{ what: 'reset', address: {} }] };
  if (command === ALIVE) return { fields, observations: [{ what: 'heartbeat', address: {} }] };
  if (command === PART_EVENTS) {
    const { shown, observations } = readParts(packet, count);
    return { fields: { ...fields, parts: shown }, observations };
  }
  if (command === LOOP_EVENTS) {
    const { shown, observations } = readLoops(data, count);
    return { fields: { ...fields, loops: shown }, observations, remarks: ['bytes of a loop fault read as loop and type: not settled'] };
  }
  const observations = command === OTHER ? readOthers(data, count) : [];
  const known = observations.length > 0 && observations.every(({ what }) => what !== 'text');
  return { fields: { ...fields, data: toHex(data) }, observations, remarks: known ? [] : ['unknown command or code: kept raw'] };
}

/** As many entries as the count says, of equal length, each opening with its code. */
function readOthers(data: Uint8Array, count: number): Observation[] {
  const each = count > 0 && data.length % count === 0 ? data.length / count : data.length;
  const entries =
    each === 0 ? [] : Array.from({ length: data.length / each }, (_, index) => data.subarray(index * each, (index + 1) * each));
  return entries.map((entry) => {
    const code = entry[0]!;
    const saying = OTHERS[code & ~RESTORED];
    const said = code & RESTORED ? ended(saying) : spoken(saying);
    return said ? { ...said, address: {} } : undecodable(entry);
  });
}

function encode(command: number, count: number, data: Uint8Array, version = 0x10): Uint8Array {
  const length = LEAST + data.length;
  const names = { source: '0000', destination: '0000', control: 0, version, command, count };
  const packet = Uint8Array.from([...HEAD.encode({ head: '68', length, again: length, second: '68', ...names }), ...data, 0, 0x16]);
  packet[packet.length - 2] = sum8(packet, BEFORE, packet.length - 2);
  return packet;
}

/** Everything the panel tells is acknowledged; the answer to a poll is not. */
function answer(packet: Uint8Array): Uint8Array | null {
  if (packet.length < HEAD_BYTES + 2 || cut.measure(packet, 0, packet.length) !== packet.length) return null;
  return [PART_EVENTS, LOOP_EVENTS, RESET, OTHER].includes(packet[10]!) ? encode(ACKNOWLEDGE, 1, Uint8Array.of(packet[10]!)) : null;
}

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  if (what === 'reset') return encode(RESET, 0, new Uint8Array(0));
  if (what === 'heartbeat') return encode(ALIVE, 0, new Uint8Array(0));
  const begun = Object.entries(ENDED_BY).find(
    ([begins, ends]) => ends === what && codeOf(PART_TYPES, { what: begins as Stimulus['what'], detail }) !== null,
  )?.[0];
  const type = codeOf(PART_TYPES, { what: (begun ?? what) as Stimulus['what'], detail });
  const other = codeOf(OTHERS, { what: what === 'power-restored' ? 'power-fault' : what, detail });
  if (type === null) return other === null ? null : encode(OTHER, 1, Uint8Array.of(other | (what === 'power-restored' ? RESTORED : 0)));
  const { hour, minute } = timeParts(deviceTime);
  const part = {
    loop: address.loop ?? 0,
    address: address.point ?? 0,
    type,
    sign: begun ? 0 : 0x80,
    hour: hexOf(toBcd(hour)),
    minute: hexOf(toBcd(minute)),
  };
  return encode(PART_EVENTS, 1, PART.encode({ ...part, text: new Uint8Array(32) }));
}

/** EI2000G and EI6000T. */
export const EI2000: TalkingFamily = {
  shape: 'talks',
  name: 'ei2000',
  version: 1,
  title: { en: 'EI2000G / EI6000T', zh: '依爱 EI2000G / EI6000T' },
  tier: 2,
  basis: 'three implementations that agree; the only published frames carry a dummy checksum',
  notes: [
    {
      en: 'Source, destination and control of our own packets are sent as zero: no sample shows them.',
      zh: '本系统所发报文的源、目的、控制字段为零:无样本可证。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  poll: { packet: () => encode(POLL, 0, new Uint8Array(0)), everyMs: 30_000 },
  answer,
  emits: [
    { bytes: '68 08 08 68 00 00 00 00 00 10 ce 00 ?? 16', en: 'poll', zh: '巡检' },
    { bytes: '68 09 09 68 00 00 00 00 00 10 fa 01 ?? ?? 16', en: 'acknowledgement', zh: '确认' },
  ],
  neverSent: [{ bytes: '68 ?? ?? 68 ?? ?? ?? ?? ?? ?? c8 *', en: 'refresh the panel', zh: '刷新控制器' }],
  gapMs: 300,
  silenceMs: 240_000,
  repeatMs: 2000,
  play: {
    answer: (packet, pending) => (packet[10] === POLL ? (pending ?? encode(ALIVE, 0, new Uint8Array(0))) : null),
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
    confirms: (packet) => packet[10] === ACKNOWLEDGE,
    repeatEveryMs: 3000,
  },
};
