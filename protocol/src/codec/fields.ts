import { fromHex, toHex } from './hex.ts';
import type { FieldKind, FixedKind } from './layout.ts';

/** A value that does not fit its field: always the caller's error, never the wire's. */
function outside(value: unknown, least: number, most: number): never {
  throw new RangeError(`${value} is not a whole number from ${least} to ${most}`);
}

function whole(size: number, least: number, most: number, read: FixedKind<number>['read'], alwaysHex = false): FixedKind<number> {
  return {
    size,
    read,
    write(bytes, at, value) {
      if (!Number.isInteger(value) || value < least || value > most) outside(value, least, most);
      // The low 32 bits by shifts, two's complement included; what lies above them by division.
      let low = value | 0;
      if (value > 0x7fffffff) low = (value % 0x100000000) | 0;
      bytes[at] = low;
      if (size > 1) bytes[at + 1] = low >> 8;
      if (size > 2) {
        bytes[at + 2] = low >> 16;
        bytes[at + 3] = low >> 24;
      }
      if (size > 4) {
        const high = Math.floor(value / 0x100000000);
        bytes[at + 4] = high;
        bytes[at + 5] = high >> 8;
      }
    },
    show: (value) => value,
    parse: (shown) => {
      // An address is shown as decimal text. What else Number() would take (null, '', []) is no number of anybody.
      const value = typeof shown === 'number' || (typeof shown === 'string' && /^\d+$/.test(shown)) ? Number(shown) : Number.NaN;
      return Number.isInteger(value) && value >= least && value <= most ? value : outside(JSON.stringify(shown), least, most);
    },
    alwaysHex,
  };
}

/** Unsigned and signed whole numbers, low byte first (低字节传输在前). */
export const u8 = whole(1, 0, 0xff, (bytes, at) => bytes[at]!);
export const i8 = whole(1, -0x80, 0x7f, (bytes, at) => (bytes[at]! << 24) >> 24);
export const u16le = whole(2, 0, 0xffff, (bytes, at) => bytes[at]! | (bytes[at + 1]! << 8));
export const i16le = whole(2, -0x8000, 0x7fff, (bytes, at) => ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16);
const readU32le: FieldKind<number>['read'] = (bytes, at) =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
export const u32le = whole(4, 0, 0xffffffff, readU32le);
/** An address of four bytes: shown as its number and, because makers split it differently, as its bytes in wire order. */
export const address32 = whole(4, 0, 0xffffffff, readU32le, true);
export const i32le = whole(4, -0x80000000, 0x7fffffff, (bytes, at) => readU32le(bytes, at) | 0);
const readU48le: FieldKind<number>['read'] = (bytes, at) => readU32le(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 0x100000000;
export const u48le = whole(6, 0, 0xffffffffffff, readU48le);

/** Six bytes of address: fits a Number exactly; shown as decimal text with its bytes beside it. */
export const address48: FixedKind<number> = {
  ...u48le,
  show: (value) => String(value),
  alwaysHex: true,
};

function float(size: 4 | 8): FixedKind<number> {
  const view = new DataView(new ArrayBuffer(8));
  return {
    size,
    read(bytes, at) {
      for (let index = 0; index < size; index++) view.setUint8(index, bytes[at + index]!);
      return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    },
    write(bytes, at, value) {
      if (size === 4) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
      for (let index = 0; index < size; index++) bytes[at + index] = view.getUint8(index);
    },
    show: (value) => value,
    parse: (shown) => Number(shown),
  };
}

/** IEEE 754 numbers, low byte first. */
export const f32le = float(4);
export const f64le = float(8);

/** A run of bytes of known length, shown as hex. */
export function raw(size: number): FixedKind<Uint8Array> {
  return {
    size,
    read: (bytes, at) => bytes.subarray(at, at + size),
    write(bytes, at, value) {
      if (value.length !== size) throw new RangeError(`${value.length} bytes where the field has ${size}`);
      bytes.set(value, at);
    },
    show: toHex,
    parse(shown) {
      const bytes = fromHex(String(shown));
      if (bytes?.length !== size) throw new RangeError(`${JSON.stringify(shown)} is not the hex of ${size} bytes`);
      return bytes;
    },
  };
}
