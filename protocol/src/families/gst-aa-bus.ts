import { sum8 } from '../codec/checksums.ts';
import { code8, fromBcd, hexDigits } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { gbCharacter } from '../codec/gb-text.ts';
import { hex, toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { GST_STATES, GST_TYPES, gstAddress, gstPart, gstSaying, gstTypeFor } from './gst-codes.ts';
import { codeOf, FROM_PANEL, orNull, packetsOnly, spoken } from './saying.ts';

const LONG = layout({
  head: field(hexDigits(1), 'head', '头'),
  state: field(code8, 'state', '状态'),
  code: field(hexDigits(3), 'user code', '用户编码'),
  deviceType: field(u8, 'device type', '设备类型'),
  headSum: field(code8, 'sum of the head', '头部累加和'),
  text: field(raw(16), 'text, pairs', '文本(双字节)'),
  sum: field(code8, 'sum', '累加和'),
});
const SHORT = layout({
  head: field(hexDigits(1), 'head', '头'),
  state: field(code8, 'state', '状态'),
  body: field(raw(4), 'body', '内容'),
  sum: field(code8, 'sum', '累加和'),
});
const LONG_BYTES = LONG.size!;
const SHORT_BYTES = SHORT.size!;
const LAMP = 'aa040000';
const LAMP_STATE = 0x01;
const isBlank = (bytes: Uint8Array, from: number) => bytes[from] === 0 && bytes[from + 1] === 0 && bytes[from + 2] === 0;
const RESET_BODY = '55555555';
const COPIES = 3;

const isShort = (bytes: Uint8Array, from: number) =>
  bytes[from + 1] === 0x08 || (bytes[from + 1] === 0x04 && toHex(bytes.subarray(from + 2, from + 6)) === RESET_BODY);

const cut: CutRule = {
  maxBytes: LONG_BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== 0xaa) return NO_START;
    const held = to - from;
    if (held < 4) return 'more';
    if (toHex(bytes.subarray(from, from + 4)) === LAMP) return 4;
    if (held < SHORT_BYTES) return 'more';
    // A lamp or time frame: whatever its last byte is, it is no sum.
    if (bytes[from + 1] === LAMP_STATE && isBlank(bytes, from + 4)) return { why: 'checksum', claimedBytes: SHORT_BYTES };
    if (bytes[from + 6] !== sum8(bytes, from, from + 6)) return { why: 'checksum', claimedBytes: SHORT_BYTES };
    if (isShort(bytes, from)) return SHORT_BYTES;
    if (held < LONG_BYTES) return 'more';
    const last = from + LONG_BYTES - 1;
    return bytes[last] === sum8(bytes, from, last) ? LONG_BYTES : { why: 'checksum', claimedBytes: LONG_BYTES };
  },
};

/** One pair: 00 and an ASCII character, or row and column of GB 2312 as decimal digits. null: neither. */
function character(high: number, low: number): string | null {
  if (high === 0) return low >= 0x20 && low < 0x7f ? String.fromCharCode(low) : null;
  const [row, column] = [fromBcd(high), fromBcd(low)];
  return row === null || column === null ? null : gbCharacter(row, column);
}

/** The text, or null where a pair is no character. The first pair is 00 01 or 00 02 in nearly every capture: a prefix, no character. */
function readText(pairs: Uint8Array): { text: string | null; textPrefixPair?: string } {
  const prefixed = pairs[0] === 0 && pairs[1]! < 0x20;
  const from = prefixed ? 2 : 0;
  const characters = Array.from({ length: (pairs.length - from) / 2 }, (_, index) =>
    character(pairs[from + 2 * index]!, pairs[from + 2 * index + 1]!),
  );
  const text = characters.includes(null) ? null : characters.join('').trim();
  return prefixed ? { text, textPrefixPair: toHex(pairs.subarray(0, 2)).toUpperCase() } : { text };
}

function decodeLong(packet: Uint8Array): Decoded {
  const { text: pairs, ...view } = LONG.view(LONG.decode(packet));
  const { state, code, deviceType, text: bytes } = LONG.decode(packet);
  const read = readText(bytes);
  const saying = gstSaying(state, deviceType);
  const said = spoken(saying);
  const text = read.text === null ? { textHex: toHex(bytes) } : read.text === '' ? {} : { text: read.text };
  return {
    fields: {
      ...FROM_PANEL,
      ...view,
      deviceTypeName: GST_TYPES[deviceType]?.en ?? null,
      stateName: saying?.en ?? null,
      ...read,
      textHex: pairs,
    },
    observations: said ? [{ ...said, address: gstAddress(code), ...gstPart(deviceType), ...text }] : [],
    remarks: [
      ...(saying ? [] : ['unknown state: kept raw']),
      ...(read.text === null ? ['text with pairs that are no characters: kept raw'] : []),
      ...(/^\d+$/.test(code) ? [] : ['user code is not BCD: no point']),
    ],
  };
}

function decode(packet: Uint8Array): Decoded {
  if (packet.length === LONG_BYTES) return decodeLong(packet);
  if (packet.length !== SHORT_BYTES) return { fields: { ...FROM_PANEL, reads: 'lamp frame' }, observations: [] };
  const view = { ...FROM_PANEL, ...SHORT.view(SHORT.decode(packet)) };
  if (packet[1] === 0x04) return { fields: { ...view, reads: 'system reset' }, observations: [{ what: 'reset', address: {} }] };
  return { fields: { ...view, reads: 'idle heartbeat' }, observations: [{ what: 'heartbeat', address: {} }] };
}

function summed(packet: Uint8Array): Uint8Array {
  packet[packet.length - 1] = sum8(packet, 0, packet.length - 1);
  return packet;
}

const EMPTY_TEXT = hex('0001 0020 0020 0020 0020 0020 0020 0020');
const IDLE = summed(hex('aa 08 12 21 12 21 00'));
const RESET = summed(hex(`aa 04 ${RESET_BODY} 00`));

/** Every frame comes three times. */
function thrice(packet: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: COPIES * packet.length }, (_, index) => packet[index % packet.length]!);
}

function say({ what, detail, address, deviceType }: Stimulus): Uint8Array | null {
  if (what === 'reset') return thrice(RESET);
  if (what === 'heartbeat') return thrice(IDLE);
  const kind = deviceType ?? gstTypeFor(what, detail);
  const state = what === 'supervisory' ? 0x15 : what === 'power-fault' ? 0x31 : codeOf(GST_STATES, { what });
  if (state === null) return null;
  const code = String(address.point ?? 1).padStart(6, '0');
  const packet = LONG.encode({ head: 'AA', state, code, deviceType: kind, headSum: 0, text: EMPTY_TEXT, sum: 0 });
  packet[6] = sum8(packet, 0, 6);
  return thrice(summed(packet));
}

/** GST "AA" display bus of the GST5000: listen only. */
export const GST_AA_BUS: TalkingFamily = {
  shape: 'talks',
  name: 'gst-aa-bus',
  version: 1,
  title: { en: 'GST "AA" display bus, listening', zh: '海湾 "AA" 显示总线(只听)' },
  tier: 1,
  basis: 'captures, independent implementations; every sum recomputed',
  notes: [
    {
      en: 'There is no acknowledgement: a lost triple is lost. Completeness cannot be claimed.',
      zh: '无应答机制:三次都丢失则信息丢失,不能保证完整。',
    },
    {
      en: 'Lamp and time frames AA 01 have no valid sum and are counted as noise; they are harmless.',
      zh: 'AA 01 灯光/时间帧没有有效校验,计入噪声,无害。',
    },
  ],
  line: { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) =>
    packet.length === LONG_BYTES ? LONG.describe(packet) : packet.length === SHORT_BYTES ? SHORT.describe(packet) : [],
  emits: [],
  neverSent: [],
  gapMs: 200,
  silenceMs: 93_000,
  repeatMs: 3000,
  play: { idle: () => thrice(IDLE), idleEveryMs: 5000, say: (stimulus) => orNull(() => say(stimulus)) },
};
