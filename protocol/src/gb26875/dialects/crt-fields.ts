import type { FieldKind } from '../../codec/layout.ts';
import { showText } from '../fields.ts';

const UNUSED = 0;
const TEXT = 1;
const NUMBER = 2;
/** The field count and the alarm kind stand before the fields. */
const HEAD_BYTES = 2;

/** Offset behind the field at `at`; Infinity where it is none, so that it reaches beyond any unit. */
function behind(bytes: Uint8Array, at: number): number {
  const kind = bytes[at];
  if (kind === UNUSED) return at + 1;
  if (kind === TEXT) return at + 2 + (bytes[at + 1] ?? Number.POSITIVE_INFINITY);
  return kind === NUMBER ? at + 5 : Number.POSITIVE_INFINITY;
}

function* fieldsFrom(bytes: Uint8Array, from: number): Generator<readonly [at: number, end: number]> {
  let at = from + HEAD_BYTES;
  for (let left = bytes[from]!; left > 0; left--) {
    const end = behind(bytes, at);
    yield [at, end];
    at = end;
  }
}

function shownField(bytes: Uint8Array, at: number, end: number): string | number | null {
  if (bytes[at] === TEXT) return showText(bytes.subarray(at + 2, end));
  if (bytes[at] === UNUSED) return null;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 1, true);
}

/**
 * Field count, alarm kind and so many fields, each of its own kind (gb26875 notes, 12.3, type 10): unused, text, or a number. The
 * value is the bytes; a view shows the alarm kind and what the fields say, in the order name, description, information, number, others.
 */
export const crtFields: FieldKind<Uint8Array> = {
  size(bytes, from) {
    let to = from + HEAD_BYTES;
    for (const [, end] of fieldsFrom(bytes, from)) to = end;
    return to - from;
  },
  sizeOf: (value) => value.length,
  read(bytes, from) {
    return bytes.subarray(from, from + (crtFields.size as (bytes: Uint8Array, at: number) => number)(bytes, from));
  },
  write: (bytes, from, value) => bytes.set(value, from),
  show: (value) => ({ alarmKind: value[1], fields: [...fieldsFrom(value, 0)].map(([at, end]) => shownField(value, at, end)) }),
  parse: () => {
    throw new RangeError('its bytes are wanted as crtHex');
  },
  alwaysHex: true,
};
