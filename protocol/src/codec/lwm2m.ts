import { type CborValue, readCbor } from './cbor.ts';

/** Content formats of LwM2M payloads (OMA-TS-LightweightM2M 7.4; the 15xx numbers are those of its first drafts, still in use). */
export const CONTENT_FORMATS = {
  text: 0,
  opaque: 42,
  senmlJson: 110,
  senmlCbor: 112,
  tlv: 11542,
  json: 11543,
  tlvDraft: 1542,
  jsonDraft: 1543,
} as const;

/** One resource of a device and what it holds: `path` is object, instance, resource and, where there are several, resource instance. */
export interface Resource {
  readonly path: readonly number[];
  readonly value: number | string | boolean | Uint8Array;
  /** Seconds since 1970-01-01 UTC, where the payload gives the time of the value. */
  readonly unixSeconds?: number;
}

/** Entries of one payload; more are no sensor's words. */
const ENTRIES_MAX = 1_000;

/** A time below this counts from now, not from 1970 (RFC 8428 §4.5.3). */
const RELATIVE_TIME_BELOW = 2 ** 28;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a payload that stands for `path` in one of the content formats; `format` null: what the bytes look like. null: it
 * is none. Values of TLV are bytes still: `numberIn` and `textIn` read them as their resource's type wants. Never throws.
 */
export function readResources(path: readonly number[], format: number | null, payload: Uint8Array): Resource[] | null {
  switch (format) {
    case CONTENT_FORMATS.tlv:
    case CONTENT_FORMATS.tlvDraft:
      return readTlv(path, payload);
    case CONTENT_FORMATS.senmlCbor:
      return readSenml(path, readCbor(payload));
    case CONTENT_FORMATS.senmlJson:
    case CONTENT_FORMATS.json:
    case CONTENT_FORMATS.jsonDraft:
      return readJson(path, payload);
    case CONTENT_FORMATS.text:
      return readText(path, payload);
    case null:
      return readJson(path, payload) ?? readSenml(path, readCbor(payload));
    default:
      return path.length >= 3 ? [{ path, value: payload }] : null;
  }
}

function readText(path: readonly number[], payload: Uint8Array): Resource[] | null {
  const value = textOf(payload);
  return path.length >= 3 && value !== null ? [{ path, value }] : null;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** TLV (OMA-TS-LightweightM2M 6.4.3): kind, identifier, length, value; instances hold resources, multiple resources hold instances. */
export function readTlv(path: readonly number[], bytes: Uint8Array): Resource[] | null {
  const found: Resource[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = bytes[at]!;
    const idBytes = head & 0x20 ? 2 : 1;
    const lengthBytes = (head >> 3) & 3;
    const valueAt = at + 1 + idBytes + lengthBytes;
    if (valueAt > bytes.length) return null;
    const id = bigEndian(bytes.subarray(at + 1, at + 1 + idBytes));
    const length = lengthBytes === 0 ? head & 7 : bigEndian(bytes.subarray(at + 1 + idBytes, valueAt));
    if (length > bytes.length - valueAt) return null;
    const inside = readEntry(head >> 6, [...path, id], id, path, bytes.subarray(valueAt, valueAt + length));
    if (!inside || found.length + inside.length > ENTRIES_MAX) return null;
    found.push(...inside);
    at = valueAt + length;
  }
  return found;
}

function readEntry(kind: number, below: readonly number[], id: number, path: readonly number[], value: Uint8Array): Resource[] | null {
  // Object instance: stands below the object, also where the question was for that instance.
  if (kind === 0) return path.length > 2 ? null : readTlv([path[0]!, id], value);
  if (kind === 2) return path.length === 2 ? readTlv(below, value) : path.length === 3 && path[2] === id ? readTlv(path, value) : null;
  if (kind === 1) return path.length === 3 ? [{ path: below, value }] : null;
  // A resource asked for by its own path is answered with its own identifier.
  if (path.length === 2) return [{ path: below, value }];
  return path.length === 3 && path[2] === id ? [{ path, value }] : null;
}

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

function readJson(path: readonly number[], payload: Uint8Array): Resource[] | null {
  const text = textOf(payload);
  if (text === null || !/^\s*[[{]/.test(text)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (Array.isArray(value)) return readSenml(path, value.map(asMap));
  const whole = asMap(value);
  const entries = whole.get('e');
  if (!Array.isArray(entries)) return null;
  return readSenml(path, [
    new Map([
      ['bn', whole.get('bn') ?? null],
      ['bt', whole.get('bt') ?? null],
    ]),
    ...entries.map(asMap),
  ]);
}

function asMap(value: unknown): Map<string, CborValue> {
  return new Map(typeof value === 'object' && value !== null ? (Object.entries(value) as Array<[string, CborValue]>) : []);
}

/** Labels of SenML in CBOR (RFC 8428 table 4), in JSON, and in the JSON of LwM2M before it. */
const LABELS = {
  bn: [-2, 'bn'],
  bt: [-3, 'bt'],
  n: [0, 'n'],
  t: [6, 't'],
  v: [2, 'v'],
  vs: [3, 'vs', 'sv'],
  vb: [4, 'vb', 'bv'],
  vd: [8, 'vd'],
} as const;

/** SenML records (RFC 8428) whose names are paths: absolute, or below the path that was asked for. */
function readSenml(path: readonly number[], records: CborValue | undefined): Resource[] | null {
  if (!Array.isArray(records) || records.length > ENTRIES_MAX) return null;
  const found: Resource[] = [];
  let [baseName, baseTime] = ['', 0];
  for (const record of records) {
    if (!(record instanceof Map)) return null;
    const read = (label: keyof typeof LABELS) => LABELS[label].map((key) => record.get(key)).find((value) => value !== undefined);
    const [bn, bt, name, time] = [read('bn'), read('bt'), read('n'), read('t')];
    if (typeof bn === 'string') baseName = bn;
    if (typeof bt === 'number') baseTime = bt;
    const value = read('v') ?? read('vs') ?? read('vb') ?? read('vd');
    if (value === undefined || value === null) continue;
    const full = pathOf(`${baseName}${typeof name === 'string' ? name : ''}`, path);
    if (!full || (typeof value === 'object' && !(value instanceof Uint8Array))) return null;
    const seconds = baseTime + (typeof time === 'number' ? time : 0);
    found.push({ path: full, value, ...(seconds >= RELATIVE_TIME_BELOW ? { unixSeconds: seconds } : {}) });
  }
  return found.length > 0 ? found : null;
}

function pathOf(name: string, path: readonly number[]): number[] | null {
  const own = name.replace(/^urn:[^/]*/, '');
  if (!/^(\/?\d{1,5})(\/\d{1,5})*$/.test(own) && own !== '') return null;
  const parts = own
    .split('/')
    .filter((part) => part !== '')
    .map(Number);
  const full = own.startsWith('/') || path.length === 0 ? parts : [...path, ...parts];
  return full.length >= 3 && full.length <= 4 ? full : null;
}

/** The number a value is: of text its digits, of TLV bytes a signed whole number, of four or eight bytes of a `float` that. null: none. */
export function numberIn(value: Resource['value'], type: 'integer' | 'float'): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const isFloat = type === 'float' && value.length >= 4;
  const read = {
    1: () => view.getInt8(0),
    2: () => view.getInt16(0),
    4: () => (isFloat ? view.getFloat32(0) : view.getInt32(0)),
    8: () => (isFloat ? view.getFloat64(0) : Number(view.getBigInt64(0))),
  }[value.length];
  const number = read?.();
  return number !== undefined && Number.isFinite(number) ? number : null;
}

export function textIn(value: Resource['value']): string | null {
  return value instanceof Uint8Array ? textOf(value) : String(value);
}

const HEAD = /^((?:\/\d{1,5}){1,4}) (\d{1,5}|-)\n/;

/**
 * A payload with where it stands and how it is written, which a notification leaves to its token: `/3/0 11542`, a line feed,
 * the payload. So it stays readable as evidence. Format null: the device did not say.
 */
export function withPath(path: string, format: number | null, payload: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`${path} ${format ?? '-'}\n`);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

/** Takes such a payload apart; without its head it speaks for itself (SenML). */
export function pathIn(bytes: Uint8Array): {
  readonly path: readonly number[];
  readonly format: number | null;
  readonly payload: Uint8Array;
} {
  const start = String.fromCharCode(...bytes.subarray(0, 40));
  const found = HEAD.exec(start);
  if (!found) return { path: [], format: null, payload: bytes };
  const path = found[1]!.slice(1).split('/').map(Number);
  return { path, format: found[2] === '-' ? null : Number(found[2]), payload: bytes.subarray(found[0].length) };
}
