import { u16le, u48le } from '../codec/fields.ts';
import { gbBytes } from '../codec/gb-bytes.ts';
import type { FieldKind } from '../codec/layout.ts';

/** The six bytes of a time tag as one number, low byte (second) first: exact whatever they hold. */
export type TimeTag = number;

const at = (tag: TimeTag, index: number) => Math.floor(tag / 256 ** index) & 0xff;
const two = (part: number) => String(part).padStart(2, '0');
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A time tag as `YYYY-MM-DDTHH:mm:ss` without zone; null for all zero and for anything no clock can show (§8.2.2, Fig. 17). */
export function showTimeTag(tag: TimeTag): string | null {
  const [second, minute, hour, day, month, year] = [0, 1, 2, 3, 4, 5].map((index) => at(tag, index)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const possible = second < 60 && minute < 60 && hour < 24 && day >= 1 && day <= (DAYS[month - 1] ?? 0) && year < 100;
  if (!possible || (month === 2 && day === 29 && year % 4 !== 0)) return null;
  return `20${two(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** The tag of a time that a person wrote; 0 for none. Throws RangeError where a tag cannot say it: nothing is rounded or cut. */
export function requireTimeTag(shown: unknown): TimeTag {
  if (shown === null || shown === undefined) return 0;
  const tag = typeof shown === 'string' ? parseTimeTag(shown) : 0;
  if (tag !== 0 && showTimeTag(tag) === shown) return tag;
  throw new RangeError(`${JSON.stringify(shown)} is no time YYYY-MM-DDTHH:mm:ss of the years 2000 to 2099 (null: none)`);
}

/** The tag of `YYYY-MM-DDTHH:mm:ss`; 0 (six zero bytes) for null and for what a tag cannot say (years outside 2000–2099). */
export function parseTimeTag(text: string | null): TimeTag {
  const parts = /^20(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(text ?? '');
  if (!parts) return 0;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  return [second, minute, hour, day, month, year].reduce((tag, part, index) => tag + part * 256 ** index, 0);
}

/** The tag that a BCD clock meant: each byte's two decimal digits as a number. A digit above 9 makes it impossible, hence no time. */
export function tagFromBcd(tag: TimeTag): TimeTag {
  let plain = 0;
  for (let index = 0; index < 6; index++) {
    const byte = at(tag, index);
    const digits = byte >> 4 > 9 || (byte & 15) > 9 ? 0xff : (byte >> 4) * 10 + (byte & 15);
    plain += digits * 256 ** index;
  }
  return plain;
}

/** The tag as a BCD clock writes it. */
export function tagToBcd(tag: TimeTag): TimeTag {
  let bcd = 0;
  for (let index = 0; index < 6; index++) bcd += (Math.trunc(at(tag, index) / 10) * 16 + (at(tag, index) % 10)) * 256 ** index;
  return bcd;
}

/** The tag with its six bytes in the other order. */
function turned(tag: TimeTag): TimeTag {
  let other = 0;
  for (let index = 0; index < 6; index++) other += at(tag, index) * 256 ** (5 - index);
  return other;
}

/** The tag of an instant in a zone, cut to the second. */
export function timeTagOf(ms: number, zoneMinutes: number): TimeTag {
  const date = new Date(ms + zoneMinutes * 60_000);
  return Number.isNaN(date.getTime()) ? 0 : parseTimeTag(date.toISOString());
}

/** The instant a tag names in a zone, milliseconds since 1970-01-01 UTC; null where the tag names none. */
export function instantOf(tag: TimeTag, zoneMinutes: number): number | null {
  const text = showTimeTag(tag);
  return text === null ? null : Date.parse(`${text}Z`) - zoneMinutes * 60_000;
}

/** 时间标签: six plain binary bytes, second first. Seen as text; what is no time is seen as null with its hex beside it. */
export const timeTag: FieldKind<TimeTag> = {
  ...u48le,
  show: showTimeTag,
  parse: requireTimeTag,
  optional: true,
  lossy: true,
};

/** The same of a clock that counts in BCD. */
export const bcdTimeTag: FieldKind<TimeTag> = {
  ...timeTag,
  show: (tag) => showTimeTag(tagFromBcd(tag)),
  parse: (shown) => tagToBcd(requireTimeTag(shown)),
};

/** The same of a device that writes the year first and the second last. */
export const yearFirstTimeTag: FieldKind<TimeTag> = {
  ...timeTag,
  show: (tag) => showTimeTag(turned(tag)),
  parse: (shown) => turned(requireTimeTag(shown)),
};

const lenient = new TextDecoder('gb18030');

/**
 * GB 18030 text of a fixed field, as the field sends it: leading NULs skipped, ends at the next NUL, blanks and control
 * characters trimmed (devices pad with NUL, blanks, or leave old buffer bytes behind the NUL). Half a character becomes U+FFFD.
 */
export function showText(bytes: Uint8Array): string {
  let from = 0;
  while (from < bytes.length && bytes[from] === 0) from++;
  const end = bytes.indexOf(0, from);
  const text = lenient.decode(bytes.subarray(from, end < 0 ? bytes.length : end));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is trimmed
  return text.replace(/^[\u0000-\u0020\u007f]+|[\u0000-\u0020\u007f]+$/g, '');
}

/** Text as GB 18030 bytes, cut at a character boundary to at most `size` bytes. */
export function encodeText(text: string, size: number): Uint8Array {
  const whole = gbBytes(text);
  if (whole.length <= size) return whole;
  let length = 0;
  for (const character of text) {
    const next = gbBytes(character).length;
    if (length + next > size) break;
    length += next;
  }
  return whole.subarray(0, length);
}

/** The bytes of a text that a person wrote. Throws RangeError where the field has no room for all of it. */
function wholeText(shown: unknown, bytesMax: number): Uint8Array {
  if (shown !== undefined && typeof shown !== 'string') throw new RangeError(`${JSON.stringify(shown)} is no text`);
  const bytes = gbBytes(shown ?? '');
  if (bytes.length > bytesMax) throw new RangeError(`takes ${bytes.length} bytes in GB 18030, at most ${bytesMax} fit`);
  return bytes;
}

/** 部件说明 and its like: a fixed run of GB 18030 bytes. The value is the bytes themselves, so that nothing is lost. */
export function fixedText(size: number): FieldKind<Uint8Array> {
  return {
    size,
    read: (bytes, from) => bytes.subarray(from, from + size),
    write(bytes, from, value) {
      bytes.fill(0, from, from + size);
      bytes.set(value.subarray(0, size), from);
    },
    show: showText,
    parse: (shown) => wholeText(shown, size),
    optional: true,
    lossy: true,
  };
}

/** Text behind its own length. The value is the text bytes. */
function counted(lengthBytes: 1 | 2): FieldKind<Uint8Array> {
  const most = 256 ** lengthBytes - 1;
  const lengthAt = (bytes: Uint8Array, from: number) => (lengthBytes === 1 ? bytes[from]! : u16le.read(bytes, from));
  return {
    size: (bytes, from) => lengthBytes + lengthAt(bytes, from),
    sizeOf: (value) => lengthBytes + value.length,
    read: (bytes, from) => bytes.subarray(from + lengthBytes, from + lengthBytes + lengthAt(bytes, from)),
    write(bytes, from, value) {
      if (value.length > most) throw new RangeError(`${value.length} bytes of text where at most ${most} can be counted`);
      bytes[from] = value.length & 0xff;
      if (lengthBytes === 2) bytes[from + 1] = value.length >> 8;
      bytes.set(value, from + lengthBytes);
    },
    show: showText,
    parse: (shown) => wholeText(shown, most),
    optional: true,
    lossy: true,
  };
}

/** A length byte (0–255) and so many bytes of GB 18030 text. */
export const countedText = counted(1);
/** A length of two bytes, low byte first, and so many bytes of text. */
export const countedText16 = counted(2);
