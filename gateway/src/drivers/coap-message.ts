import { generate, parse } from 'coap-packet';

/** RFC 7252 §3: the four types of a message. */
export type CoapType = 'CON' | 'NON' | 'ACK' | 'RST';

export interface CoapMessage {
  readonly type: CoapType;
  /** `0.00` empty, `0.01`–`0.04` GET POST PUT DELETE, `2.05` … */
  readonly code: string;
  readonly id: number;
  readonly token: Uint8Array;
  /** Uri-Path, joined: `/t/d`. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
  /** Content-Format; null: it does not say. */
  readonly format: number | null;
  /** Which part of a larger payload this is (RFC 7959); null: the whole. */
  readonly block1: Block | null;
  /** Which part of a larger answer or notification this is; null: the whole. */
  readonly block2: Block | null;
  /** True where it carries an option that must be understood (odd number, RFC 7252 §5.4.1) and is not. */
  readonly asksTooMuch: boolean;
}

/** A part of a larger payload: the how-manieth, whether others follow, and their size in bytes. */
export interface Block {
  readonly number: number;
  readonly more: boolean;
  readonly size: number;
}

/** Size exponent 7 is for other carriers (RFC 8323). */
const SIZE_EXPONENT_MAX = 6;

function blockIn(value: Buffer): Block | null {
  const bits = bigEndian(value);
  const exponent = bits & 7;
  return value.length > 3 || exponent > SIZE_EXPONENT_MAX
    ? null
    : { number: bits >>> 4, more: (bits & 8) !== 0, size: 2 ** (exponent + 4) };
}

/** The value of a block option. */
export function blockOption({ number, more, size }: Block): Uint8Array {
  const bits = number * 16 + (more ? 8 : 0) + (Math.log2(size) - 4);
  return Uint8Array.of(bits >>> 16, (bits >>> 8) & 0xff, bits & 0xff).subarray(bits > 0xffff ? 0 : bits > 0xff ? 1 : 2);
}

const TOKEN_BYTES_MAX = 8;

/** Options we honour, and those that cannot change what a request means to us: which host and port we are called, small answers only. */
const UNDERSTOOD = new Set(['Uri-Host', 'Uri-Port', 'Uri-Path', 'Uri-Query', 'Accept', 'Block1', 'Block2']);
const CRITICAL = new Set(['If-Match', 'If-None-Match', 'Proxy-Uri', 'Proxy-Scheme', 'OSCORE', 'Q-Block1', 'Q-Block2', 'Hop-Limit']);

/** Reads a datagram. null: it is no CoAP. Never throws. */
export function readCoap(bytes: Uint8Array): CoapMessage | null {
  if (bytes.length < 4) return null;
  try {
    const packet = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (packet.token.length > TOKEN_BYTES_MAX || packet.token.length !== (bytes[0]! & 15)) return null;
    const options = packet.options.map(({ name, value }) => ({ name: String(name), value, text: value.toString() }));
    const found = (wanted: string) => options.find(({ name }) => name === wanted)?.value;
    const [format, part, answered] = [found('Content-Format'), found('Block1'), found('Block2')];
    const block1 = part ? blockIn(part) : null;
    const texts = (wanted: string) => options.filter(({ name }) => name === wanted).map(({ text }) => text);
    return {
      type: packet.confirmable ? 'CON' : packet.ack ? 'ACK' : packet.reset ? 'RST' : 'NON',
      code: packet.code,
      id: packet.messageId,
      token: Uint8Array.from(packet.token),
      path: `/${texts('Uri-Path').join('/')}`,
      query: new Map(texts('Uri-Query').map(pairOf)),
      payload: Uint8Array.from(packet.payload),
      format: format && format.length <= 2 ? bigEndian(format) : null,
      block1,
      block2: answered ? blockIn(answered) : null,
      asksTooMuch: (part !== undefined && block1 === null) || options.some(({ name }) => isCritical(name) && !UNDERSTOOD.has(name)),
    };
  } catch {
    return null;
  }
}

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

function pairOf(query: string): [string, string] {
  const at = query.indexOf('=');
  return at < 0 ? [query, ''] : [query.slice(0, at), query.slice(at + 1)];
}

function isCritical(name: string): boolean {
  return CRITICAL.has(name) || Number(name) % 2 === 1;
}

/** What we send. Options in any order. */
export interface CoapSaying {
  readonly type: CoapType;
  readonly code: string;
  readonly id: number;
  readonly token?: Uint8Array;
  readonly options?: ReadonlyArray<{
    readonly name: 'Uri-Path' | 'Location-Path' | 'Observe' | 'Uri-Query' | 'Block1' | 'Block2' | 'Content-Format';
    readonly value: string | Uint8Array;
  }>;
  readonly payload?: Uint8Array;
}

export function writeCoap({ type, code, id, token, options = [], payload }: CoapSaying): Uint8Array {
  return generate({
    code,
    messageId: id,
    confirmable: type === 'CON',
    ack: type === 'ACK',
    reset: type === 'RST',
    token: Buffer.from(token ?? []),
    options: options.map(({ name, value }) => ({ name, value: Buffer.from(value as Uint8Array) })),
    payload: Buffer.from(payload ?? []),
  });
}

/** The empty message that rejects: a ping's answer, or "I know no such observation". */
export function resetOf({ id }: Pick<CoapMessage, 'id'>): Uint8Array {
  return writeCoap({ type: 'RST', code: '0.00', id });
}

/** The empty message that says "arrived and kept". */
export function acknowledgementOf({ id }: Pick<CoapMessage, 'id'>): Uint8Array {
  return writeCoap({ type: 'ACK', code: '0.00', id });
}
