import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc8Maxim, crc16Genibus, crc16Modbus, crc16Xmodem, crc32, sum8, sum16, xor8 } from './checksums.ts';
import { address48, f32le, f64le, i8, i16le, i32le, raw, u8, u16le, u32le, u48le } from './fields.ts';
import { fromHex, hex, toHex } from './hex.ts';
import { type FixedKind, field, layout } from './layout.ts';

const CHECK = new TextEncoder().encode('123456789');

describe('checksums reproduce their published check words over "123456789"', () => {
  test.each([
    ['CRC-16/MODBUS', crc16Modbus, 0x4b37],
    ['CRC-16/XMODEM', crc16Xmodem, 0x31c3],
    ['CRC-16/GENIBUS', crc16Genibus, 0xd64e],
    ['CRC-8/MAXIM', crc8Maxim, 0xa1],
    ['CRC-32', crc32, 0xcbf43926],
    ['sum, 8 bits', sum8, 0xdd],
    ['sum, 16 bits', sum16, 0x1dd],
    ['exclusive or', xor8, 0x31],
  ] as const)('%s', (_, checksum, word) => {
    expect(checksum(CHECK)).toBe(word);
    expect(checksum(Uint8Array.of(0xff, ...CHECK, 0xff), 1, 10)).toBe(word);
  });
});

describe('hex', () => {
  test('comes back from every run of bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(fromHex(toHex(bytes))).toEqual(bytes)));
  });
  test('allows blanks and capitals, and refuses what is no hex', () => {
    expect(fromHex(' 0A 0b\n')).toEqual(Uint8Array.of(10, 11));
    expect(fromHex('0')).toBeNull();
    expect(fromHex('0x')).toBeNull();
    expect(() => hex('zz')).toThrow(TypeError);
  });
});

describe('fields', () => {
  const kinds: ReadonlyArray<readonly [string, FixedKind<number>, number, number]> = [
    ['u8', u8, 0, 255],
    ['i8', i8, -128, 127],
    ['u16le', u16le, 0, 0xffff],
    ['i16le', i16le, -0x8000, 0x7fff],
    ['u32le', u32le, 0, 0xffffffff],
    ['i32le', i32le, -0x80000000, 0x7fffffff],
    ['u48le', u48le, 0, 0xffffffffffff],
  ];
  test.each(kinds)('%s reads what it wrote, low byte first, and refuses what does not fit', (_, kind, min, max) => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), (value) => {
        const bytes = new Uint8Array(kind.size + 2);
        kind.write(bytes, 1, value);
        expect(kind.read(bytes, 1)).toBe(value);
        expect(kind.parse(kind.show(value))).toBe(value);
        expect([bytes[0], bytes.at(-1)]).toEqual([0, 0]);
      }),
    );
    for (const wrong of [min - 1, max + 1, 0.5, Number.NaN]) {
      expect(() => kind.write(new Uint8Array(8), 0, wrong)).toThrow(RangeError);
      expect(() => kind.parse(wrong)).toThrow(RangeError);
    }
    const one = new Uint8Array(kind.size);
    kind.write(one, 0, 1);
    expect(one[0]).toBe(1);
  });

  test('floating numbers keep every bit', () => {
    fc.assert(
      fc.property(fc.double(), fc.float(), (double, float) => {
        const bytes = new Uint8Array(12);
        f64le.write(bytes, 0, double);
        f32le.write(bytes, 8, float);
        expect(f64le.read(bytes, 0)).toBe(double);
        expect(f32le.read(bytes, 8)).toBe(float);
        expect(f64le.parse(f64le.show(double))).toBe(double);
      }),
    );
  });

  test('a run of bytes keeps its length', () => {
    expect(() => raw(3).write(new Uint8Array(3), 0, Uint8Array.of(1))).toThrow(RangeError);
    expect(raw(2).parse(raw(2).show(Uint8Array.of(1, 255)))).toEqual(Uint8Array.of(1, 255));
  });
});

describe('a layout', () => {
  const card = layout({
    kind: field(u8, 'kind', '类型'),
    address: field(address48, 'address', '地址'),
    value: field(i16le, 'value', '值'),
  });

  test('decodes what it encoded and shows it as JSON that parses back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.integer({ min: -0x8000, max: 0x7fff }),
        (kind, address, value) => {
          const bytes = card.encode({ kind, address, value });
          expect(bytes).toHaveLength(9);
          expect(card.decode(bytes)).toEqual({ kind, address, value });
          expect(card.parse(card.view({ kind, address, value }))).toEqual({ kind, address, value });
        },
      ),
    );
  });

  test('describes every byte once, in order', () => {
    const described = card.describe(Uint8Array.of(0, 7, 1, 0, 0, 0, 0, 0, 0xff, 0xff), 1);
    expect(described.map(({ name, from, to, shown }) => [name, from, to, shown])).toEqual([
      ['kind', 1, 2, 7],
      ['address', 2, 8, '1'],
      ['value', 8, 10, -1],
    ]);
  });

  test('measures whether its bytes are there', () => {
    expect(card.measure(new Uint8Array(9), 0, 9)).toBe(9);
    expect(card.measure(new Uint8Array(9), 0, 8)).toBeNull();
  });

  test('takes no name that is not a field name', () => {
    expect(() => layout({ 'a);evil(': field(u8, '', '') })).toThrow(TypeError);
  });
});
