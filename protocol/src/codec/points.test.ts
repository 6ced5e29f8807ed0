import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegisterPoint } from '../family.ts';
import { isExplained, pointValue, registersOf, saidBy, valueSaying, widthOf } from './points.ts';

const point = (more: Partial<RegisterPoint>): RegisterPoint => ({
  name: 'p',
  title: { en: 'p', zh: '点' },
  function: 3,
  register: 0,
  type: 'u16',
  ...more,
});

describe('a register point', () => {
  it('gives back every 32-bit value in every order of bytes', () => {
    const order = fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA') as fc.Arbitrary<NonNullable<RegisterPoint['order']>>;
    fc.assert(
      fc.property(order, fc.integer(), (bytes, value) => {
        const signed = point({ type: 'i32', order: bytes });
        expect(widthOf(signed)).toBe(2);
        expect(pointValue(signed, registersOf(signed, value))).toBe(value);
        const unsigned = point({ type: 'u32', order: bytes });
        expect(pointValue(unsigned, registersOf(unsigned, value >>> 0))).toBe(value >>> 0);
      }),
    );
  });

  it('gives back floats, and null where a float is no number', () => {
    const float = point({ type: 'f32', order: 'CDAB' });
    expect(pointValue(float, registersOf(float, 0.25))).toBe(0.25);
    expect(pointValue(point({ type: 'f32' }), [0x7fc0, 0])).toBeNull();
    expect(registersOf(point({ type: 'f32' }), 1)).toEqual([0x3f80, 0]);
  });

  it('scales by its scale and by the decimals of the device', () => {
    expect(pointValue(point({ scale: 0.1 }), [346])).toBe(34.6);
    expect(pointValue(point({ type: 'i16' }), [0xfffd], 1)).toBe(-0.3);
    expect(registersOf(point({ type: 'i16' }), -0.3, 1)).toEqual([0xfffd]);
    expect(pointValue(point({ type: 'bit' }), [1])).toBe(1);
  });

  it('reads one byte of a register where two points share it', () => {
    expect(pointValue(point({ byte: 'high' }), [0x3031])).toBe(0x30);
    expect(pointValue(point({ byte: 'low' }), [0x3031])).toBe(0x31);
    expect(registersOf(point({ byte: 'high' }), 0x30)).toEqual([0x3000]);
    expect(registersOf(point({ byte: 'low' }), 0x31)).toEqual([0x31]);
  });

  it('says a word for each set bit or for an exact value, and finds the value that says a word', () => {
    const bits = point({ says: { bits: { 0: 'supervisory', 1: 'supervisory', 2: 'fault' }, details: { 0: 'gas-low', 1: 'gas-high' } } });
    expect(saidBy(bits, 0b110)).toEqual([{ what: 'supervisory', detail: 'gas-high' }, { what: 'fault' }]);
    expect(valueSaying(bits, 'supervisory', 'gas-high')).toBe(2);
    expect(valueSaying(bits, 'supervisory')).toBe(1);
    expect(valueSaying(bits, 'fire')).toBeNull();
    const values = point({ says: { values: { 1: 'fire', 5: 'start' } } });
    expect(saidBy(values, 5)).toEqual([{ what: 'start' }]);
    expect(saidBy(values, 4)).toEqual([]);
    expect(valueSaying(values, 'fire')).toBe(1);
    expect(saidBy(point({}), 1)).toEqual([]);
    expect(valueSaying(point({}), 'fire')).toBeNull();
  });
});

it('explains a value by its values and bits, and says when some of it is in no table', () => {
  const bits = point({ says: { bits: { 0: 'fire', 3: 'fault' }, values: { 64: 'shield' }, quiet: [32] } });
  expect([0, 1, 9, 64, 32, 65, 33].map((value) => isExplained(bits, value))).toEqual([true, true, true, true, true, true, true]);
  expect([2, 3, 128].map((value) => isExplained(bits, value))).toEqual([false, false, false]);
  expect(isExplained(point({ says: { values: { 1: 'fire' }, isPartial: true } }), 7)).toBe(true);
  expect(isExplained(point({}), 5)).toBe(false);
});
