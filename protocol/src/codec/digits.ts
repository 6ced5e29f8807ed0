import { u8 } from './fields.ts';
import { fromHex, toHex } from './hex.ts';
import type { FixedKind } from './layout.ts';

/** A run of bytes whose hex digits are what people read: user codes, tags, BCD. Upper case, as the documents print them. */
export function hexDigits(size: number): FixedKind<string> {
  return {
    size,
    read: (bytes, at) => toHex(bytes.subarray(at, at + size)).toUpperCase(),
    write(bytes, at, value) {
      const written = fromHex(value);
      if (written?.length !== size) throw new RangeError(`${value} is not ${2 * size} hex digits`);
      bytes.set(written, at);
    },
    show: (value) => value,
    parse: String,
  };
}

/** A byte that is a code: a number to the program, two hex digits to people. */
export const code8: FixedKind<number> = { ...u8, show: hexOf, parse: (shown) => Number.parseInt(String(shown), 16) };

/** A byte as the documents print it: two upper-case hex digits. */
export function hexOf(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** Bytes as the documents print them: upper case, one blank between. */
export function spacedHex(bytes: Uint8Array): string {
  return Array.from(bytes, hexOf).join(' ');
}

/** One byte sent as two characters, nibble + 30 hex, the high one first (Jade Bird cards). */
export const nibblePair: FixedKind<number> = {
  ...u8,
  size: 2,
  read: (bytes, at) => ((bytes[at]! & 0x0f) << 4) | (bytes[at + 1]! & 0x0f),
  write(bytes, at, value) {
    bytes[at] = 0x30 | (value >> 4);
    bytes[at + 1] = 0x30 | (value & 0x0f);
  },
};

/** Two decimal digits in a byte; null where a digit is none. */
export function fromBcd(byte: number): number | null {
  const [high, low] = [byte >> 4, byte & 0x0f];
  return high > 9 || low > 9 ? null : 10 * high + low;
}

/** 0–99 as two decimal digits in a byte. */
export function toBcd(value: number): number {
  return (Math.floor(value / 10) << 4) | (value % 10);
}
