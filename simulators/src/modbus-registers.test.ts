import type { RegisterPoint } from '@fengsui/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RTU, TCP } from './modbus-frames.ts';
import { putValue, RegisterImage, readValue } from './modbus-registers.ts';

const title = { en: 'x', zh: 'x' };
const RANGES = { u16: [0, 0xffff], i16: [-0x8000, 0x7fff], u32: [0, 0xffffffff], i32: [-0x80000000, 0x7fffffff] } as const;

test('a whole value comes back from its registers, in every type and order of bytes', () => {
  const types = fc.constantFrom('u16', 'i16', 'u32', 'i32');
  const orders = fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA');
  fc.assert(
    fc.property(
      types,
      orders,
      fc.integer({ min: 0, max: 3 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (type, order, decimals, share) => {
        const [least, most] = RANGES[type];
        const raw = Math.round(least + share * (most - least));
        const point: RegisterPoint = { name: 'p', title, function: 3, register: 10, type, order, decimalsRegister: 3 };
        const image = new RegisterImage();
        image.set(3, 3, decimals);
        const value = Number((raw / 10 ** decimals).toPrecision(12));
        expect(putValue(image, point, value)).toBe(true);
        expect(readValue(image, point)).toBeCloseTo(value, 9);
      },
    ),
  );
});

test('the documented orders of a float are the ones that go out', () => {
  const image = new RegisterImage();
  const words = (order: 'ABCD' | 'CDAB' | 'BADC' | 'DCBA') => {
    putValue(image, { name: 'p', title, function: 3, register: 0, type: 'f32', order }, 1); // 3F 80 00 00
    return [image.get(3, 0), image.get(3, 1)];
  };
  expect(words('ABCD')).toEqual([0x3f80, 0]);
  expect(words('CDAB')).toEqual([0, 0x3f80]);
  expect(words('BADC')).toEqual([0x803f, 0]);
  expect(words('DCBA')).toEqual([0, 0x803f]);
});

test('requests are found behind any noise and at any split', () => {
  const rtu = RTU.wrap({ unit: 1, function: 3, register: 4, count: 1, transaction: null }, 1, Uint8Array.of(3, 0, 4, 0, 1));
  expect(Buffer.from(rtu).toString('hex')).toBe('010300040001c5cb'); // the vector "transmitter-read-value"
  const tcp = TCP.wrap({ unit: 1, function: 3, register: 4, count: 1, transaction: 9 }, 1, Uint8Array.of(3, 0, 4, 0, 1));
  fc.assert(
    fc.property(fc.nat(rtu.length), (split) => {
      for (const [wrapping, frame, noise] of [
        [RTU, rtu, [1, 3, 0]],
        [TCP, tcp, []],
      ] as const) {
        const first = wrapping.take(Uint8Array.from([...noise, ...frame.subarray(0, split)]));
        const second = wrapping.take(Uint8Array.from([...first.rest, ...frame.subarray(split)]));
        expect([...first.requests, ...second.requests]).toMatchObject([{ unit: 1, function: 3, register: 4, count: 1 }]);
      }
    }),
  );
});
