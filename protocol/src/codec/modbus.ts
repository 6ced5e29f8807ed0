import { crc16Modbus } from './checksums.ts';
import { type CutRule, NO_START } from './packets.ts';

/** The functions we use: coils, discrete inputs, holding registers, input registers. There is no writing function here. */
export type ReadFunction = 1 | 2 | 3 | 4;

export interface ReadRequest {
  readonly unit: number;
  readonly function: ReadFunction;
  /** Wire address of the first register (0 based). */
  readonly register: number;
  readonly count: number;
}

/** A packet on a Modbus RTU line, either way. `write` only occurs in captures and simulators. */
export type ModbusPacket =
  | ({ readonly kind: 'request' } & ReadRequest)
  | { readonly kind: 'reply'; readonly unit: number; readonly function: ReadFunction; readonly data: Uint8Array }
  | { readonly kind: 'exception'; readonly unit: number; readonly function: number; readonly exception: number }
  | { readonly kind: 'write'; readonly unit: number; readonly function: number; readonly register: number; readonly data: Uint8Array }
  | { readonly kind: 'written'; readonly unit: number; readonly function: number; readonly register: number };

/** What an exception code means (Modbus application protocol 1.1b3, 7). */
export const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal register or value',
  3: 'illegal count or value',
  4: 'device failure',
  5: 'acknowledged, still working',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target does not answer',
};

const MAX_BYTES = 256;
const MAX_UNIT = 247;
const readMax = (fn: number) => (fn <= 2 ? 2000 : 125);
const u16 = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
const isRead = (fn: number): fn is ReadFunction => fn >= 1 && fn <= 4;
const bytesFor = (fn: number, count: number) => (fn <= 2 ? Math.ceil(count / 8) : 2 * count);

/** Closes a packet with its CRC, low byte first. */
export function sealModbus(body: readonly number[]): Uint8Array {
  const packet = Uint8Array.from([...body, 0, 0]);
  const crc = crc16Modbus(packet, 0, body.length);
  packet.set([crc & 0xff, crc >> 8], body.length);
  return packet;
}

function crcFits(bytes: Uint8Array, from: number, to: number): boolean {
  return crc16Modbus(bytes, from, to - 2) === (bytes[to - 2]! | (bytes[to - 1]! << 8));
}

/** The request that reads registers. */
export function encodeReadRequest({ unit, function: fn, register, count }: ReadRequest): Uint8Array {
  return sealModbus([unit, fn, register >> 8, register & 0xff, count >> 8, count & 0xff]);
}

/** Whether the bytes at `from` can be a reply, and how long it would be. */
function replyLength(bytes: Uint8Array, from: number): number | null {
  const [fn, size] = [bytes[from + 1]!, bytes[from + 2]!];
  return size >= 1 && size <= 250 && (fn <= 2 || size % 2 === 0) ? 5 + size : null;
}

function isRequest(bytes: Uint8Array, from: number): boolean {
  const [register, count] = [u16(bytes, from + 2), u16(bytes, from + 4)];
  return count >= 1 && count <= readMax(bytes[from + 1]!) && register + count <= 0x10000;
}

/**
 * Lengths the packet at `from` may have, likeliest first. A read request and its reply look alike: the CRC decides. Where the CRC fits a
 * request, it may by chance fit a shorter reply as well; what would follow such a reply is 00, with which nobody begins.
 */
function lengthsAt(bytes: Uint8Array, from: number): number[] {
  const fn = bytes[from + 1]!;
  if (fn >= 0x80) return bytes[from + 2]! >= 1 && bytes[from + 2]! <= 11 ? [5] : [];
  if (fn === 5 || fn === 6) return [8];
  if (fn === 15 || fn === 16) return [8, 9 + bytes[from + 6]!];
  if (!isRead(fn)) return [];
  const reply = replyLength(bytes, from);
  const lengths = isRequest(bytes, from) ? [8] : [];
  if (reply !== null && reply !== 8) lengths.push(reply);
  return lengths.length === 0 && reply === 8 ? [8] : lengths;
}

/** Packets of a Modbus RTU line, requests and replies alike, told by function, byte count and CRC. For captures and listening. */
export const modbusCut: CutRule = {
  maxBytes: MAX_BYTES,
  measure(bytes, from, to) {
    const held = to - from;
    if (bytes[from]! > MAX_UNIT) return NO_START;
    if (held < 2) return 'more';
    const fn = bytes[from + 1]!;
    if (fn > 0x90 || (fn < 0x80 && !isRead(fn) && ![5, 6, 15, 16].includes(fn))) return NO_START;
    if (held < (fn >= 0x80 ? 3 : 7) && !(held === 6 && crcFits(bytes, from, to))) return 'more';
    const lengths = lengthsAt(bytes, from).filter((length) => length <= MAX_BYTES);
    const whole = lengths.find((length) => length <= held && crcFits(bytes, from, from + length));
    if (whole !== undefined) return whole;
    if (lengths.some((length) => length > held)) return 'more';
    return lengths.length === 0 ? NO_START : { why: 'checksum', claimedBytes: lengths[0]! };
  },
};

/**
 * The one reply that answers a request: the right unit, function and byte count, or the exception (function + 80, or 80 alone as
 * some devices send it). Everything else on the line is noise, so a late reply to another request is never taken for this one.
 */
export function replyCut(request: ReadRequest): CutRule {
  const size = bytesFor(request.function, request.count);
  const isException = (fn: number) => fn === 0x80 || fn === (request.function | 0x80);
  return {
    maxBytes: Math.max(5, size + 5),
    leastBytes: (bytes, from, to) => (to - from < 3 || isException(bytes[from + 1]!) ? 5 : size + 5),
    measure(bytes, from, to) {
      const held = to - from;
      if (bytes[from] !== request.unit) return NO_START;
      if (held < 3) return held === 2 && bytes[from + 1]! !== request.function && bytes[from + 1]! < 0x80 ? NO_START : 'more';
      const fn = bytes[from + 1]!;
      const exception = isException(fn);
      if (!exception && (fn !== request.function || bytes[from + 2] !== size)) return NO_START;
      const length = exception ? 5 : size + 5;
      if (held < length) return 'more';
      return crcFits(bytes, from, from + length) ? length : { why: 'checksum', claimedBytes: length };
    },
  };
}

/** Reads a packet `modbusCut` or `replyCut` delimited. null: the bytes are none. `expected` settles the rare length both ways fit. */
export function readModbusPacket(bytes: Uint8Array, expected?: { readonly count: number } | null): ModbusPacket | null {
  if (bytes.length < 5 || !crcFits(bytes, 0, bytes.length)) return null;
  const [unit, fn] = [bytes[0]!, bytes[1]!];
  if (fn >= 0x80) return bytes.length === 5 ? { kind: 'exception', unit, function: fn & 0x7f, exception: bytes[2]! } : null;
  if (isRead(fn)) {
    const isReply = replyLength(bytes, 0) === bytes.length;
    const asRequest = bytes.length === 8 && isRequest(bytes, 0);
    if (isReply && (!asRequest || (expected && bytesFor(fn, expected.count) === bytes[2])))
      return { kind: 'reply', unit, function: fn, data: bytes.slice(3, -2) };
    return asRequest ? { kind: 'request', unit, function: fn, register: u16(bytes, 2), count: u16(bytes, 4) } : null;
  }
  if (bytes.length < 8) return null;
  const register = u16(bytes, 2);
  if ((fn === 15 || fn === 16) && bytes.length === 8) return { kind: 'written', unit, function: fn, register };
  if (fn === 5 || fn === 6) return { kind: 'write', unit, function: fn, register, data: bytes.slice(4, -2) };
  if (fn === 15 || fn === 16) return { kind: 'write', unit, function: fn, register, data: bytes.slice(7, -2) };
  return null;
}

/** The registers of a reply, or for functions 1 and 2 its bits, first register first. */
export function modbusValues({ function: fn, data }: { readonly function: ReadFunction; readonly data: Uint8Array }): number[] {
  if (fn <= 2) return Array.from({ length: 8 * data.length }, (_, bit) => (data[bit >> 3]! >> (bit & 7)) & 1);
  return Array.from({ length: data.length >> 1 }, (_, index) => u16(data, 2 * index));
}

/** The reply that carries values; what a device answers. */
export function encodeModbusReply(unit: number, fn: ReadFunction, values: readonly number[]): Uint8Array {
  const size = bytesFor(fn, values.length);
  const data = new Array<number>(size).fill(0);
  for (const [index, value] of values.entries()) {
    if (fn <= 2) data[index >> 3] = data[index >> 3]! | ((value & 1) << (index & 7));
    else data.splice(2 * index, 2, (value >> 8) & 0xff, value & 0xff);
  }
  return sealModbus([unit, fn, size, ...data]);
}

/**
 * What a device answers to a packet on its line: the registers of its image, exception 2 where it has none of them, exception 1 to a
 * function it does not know; null where the packet is not for it. `valueAt` gives a register (or bit) or undefined.
 */
export function answerModbus(
  packet: Uint8Array,
  unit: number,
  valueAt: (fn: ReadFunction, register: number) => number | undefined,
): Uint8Array | null {
  const asked = readModbusPacket(packet);
  if (asked?.unit !== unit || asked.kind === 'reply' || asked.kind === 'exception') return null;
  if (asked.kind !== 'request') return sealModbus([unit, asked.function | 0x80, 1]);
  const values = Array.from({ length: asked.count }, (_, index) => valueAt(asked.function, asked.register + index));
  if (values.some((value) => value === undefined)) return sealModbus([unit, asked.function | 0x80, 2]);
  return encodeModbusReply(unit, asked.function, values as number[]);
}
