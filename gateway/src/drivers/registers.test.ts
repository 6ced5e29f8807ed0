import { type PolledFamily, type RegisterPoint, widthOf } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changesOf, measure, planReads, Registers } from './registers.ts';

const point = (over: Partial<RegisterPoint>): RegisterPoint => ({
  name: 'p',
  title: { en: 'p', zh: 'p' },
  function: 3,
  register: 0,
  type: 'u16',
  ...over,
});

function registersWith(fn: 1 | 2 | 3 | 4, register: number, ...values: number[]): Registers {
  const registers = new Registers();
  registers.put({ function: fn, register, count: values.length }, values);
  return registers;
}

const anyPoint = fc.record({
  function: fc.constantFrom(1, 2, 3, 4),
  register: fc.integer({ min: 0, max: 60 }),
  type: fc.constantFrom('u16', 'i16', 'u32', 'f32'),
  decimalsRegister: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
}) as fc.Arbitrary<Partial<RegisterPoint>>;

test('law: the plan covers every point whole, asks for nothing else, and never for more than one read may bring', () => {
  fc.assert(
    fc.property(fc.array(anyPoint, { maxLength: 30 }), fc.integer({ min: 2, max: 40 }), (parts, readMax) => {
      const points = parts.map((over, index) => point({ ...over, name: `p${index}` }));
      const blocks = planReads(points, readMax);
      const needed = new Set<string>();
      for (const { function: fn, register, decimalsRegister, ...rest } of points) {
        const width = widthOf(rest);
        for (let at = register; at < register + width; at++) needed.add(`${fn} ${at}`);
        if (decimalsRegister !== undefined) needed.add(`${fn} ${decimalsRegister}`);
        expect(
          blocks.some((block) => block.function === fn && block.register <= register && register + width <= block.register + block.count),
        ).toBe(true);
      }
      const asked = new Set<string>();
      for (const { function: fn, register, count } of blocks) {
        expect(count).toBeLessThanOrEqual(readMax);
        expect(count).toBeGreaterThan(0);
        for (let at = register; at < register + count; at++) asked.add(`${fn} ${at}`);
      }
      expect(asked).toEqual(needed);
    }),
  );
});

test('neighbours share a read, a gap and another function do not', () => {
  const points = [
    point({ register: 4, decimalsRegister: 3 }),
    point({ register: 5, type: 'f32' }),
    point({ register: 9 }),
    point({ function: 2, register: 7, type: 'bit' }),
  ];
  expect(planReads(points, 10)).toEqual([
    { function: 2, register: 7, count: 1 },
    { function: 3, register: 3, count: 4 },
    { function: 3, register: 9, count: 1 },
  ]);
});

test('the decimals register moves the point', () => {
  const pressure = point({ register: 4, type: 'i16', decimalsRegister: 3 });
  expect(measure(pressure, registersWith(3, 3, 2, 0xffff))).toEqual({ value: -0.01, quality: 'good' });
  expect(measure(pressure, registersWith(3, 3, 9, 100))).toEqual({ value: null, quality: 'out-of-range' });
  expect(measure(pressure, registersWith(3, 4, 100))).toBeNull();
});

test('a value outside what can be is handed on and not believed; a float that is no number is a failed sensor', () => {
  expect(measure(point({ valid: { min: 0, max: 10 } }), registersWith(3, 0, 11))).toEqual({ value: 11, quality: 'out-of-range' });
  expect(measure(point({ type: 'f32' }), registersWith(3, 0, 0x7fc0, 0))).toEqual({ value: null, quality: 'sensor-failed' });
});

const state = point({ name: 'state', says: { bits: { 0: 'fire', 2: 'fault', 3: 'low' }, details: { 2: 'sensor' } } });
const words = (before: number | undefined, now: number, of = state) =>
  changesOf(of, before, now).map(({ what, detail }) => (detail ? `${what} ${detail}` : what));

test('at the first look what stands is said, later only what changed', () => {
  expect(words(undefined, 0b101)).toEqual(['fire', 'fault sensor']);
  expect(words(0b101, 0b101)).toEqual([]);
  expect(words(0b101, 0b001)).toEqual(['fault-restored sensor']);
  expect(words(0b001, 0b1000)).toEqual(['restored fire', 'low']);
  expect(words(0b1000, 0)).toEqual(['restored low']);
});

test('a value that says it is over is said, but not at the first look', () => {
  const image = point({ name: 'image', says: { values: { 0: 'restored', 1: 'fire', 7: 'shield', 8: 'unshield' } } });
  expect(words(undefined, 0, image)).toEqual([]);
  expect(words(1, 0, image)).toEqual(['restored']);
  expect(words(7, 8, image)).toEqual(['unshield']);
  expect(words(7, 1, image)).toEqual(['unshield shield', 'fire']);
});

test('law: what an image says is always explained by what it said before', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1 }), (images) => {
      const standing = new Set<string>();
      let before: number | undefined;
      for (const now of images) {
        for (const { what, detail } of changesOf(state, before, now)) {
          if (what === 'fire' || what === 'fault' || what === 'low') standing.add(what);
          else standing.delete(what === 'fault-restored' ? 'fault' : detail!);
        }
        before = now;
        expect([...standing].sort()).toEqual(
          [...(now & 1 ? ['fire'] : []), ...(now & 4 ? ['fault'] : []), ...(now & 8 ? ['low'] : [])].sort(),
        );
      }
    }),
  );
});

test('the unit a device tells decides what its value is worth; an unknown one, or another than the site says, is not believed', () => {
  const gas = FAMILIES.get('gas-sfjk200') as PolledFamily;
  const value = gas.points.find(({ name }) => name === 'value-1-1')!;
  const measured = (unitAndGas: number) => {
    const registers = new Registers();
    registers.put({ function: 3, register: 0x0002, count: 1 }, [unitAndGas]);
    registers.put({ function: 3, register: 0x0ba2, count: 1 }, [346]);
    return measure(value, registers);
  };
  expect(planReads([value], gas.readMax)).toEqual([
    { function: 3, register: 0x0002, count: 1 },
    { function: 3, register: 0x0ba2, count: 1 },
  ]);
  expect(measured(0x010a)).toEqual({ value: 34.6, quality: 'good', quantity: 'gas' });
  expect(measured(0x0081)).toEqual({ value: 346, quality: 'good', quantity: 'gas-ppm' });
  expect(measured(0x0282)).toEqual({ value: 34.6, quality: 'good', quantity: 'gas-volume' });
  expect(measured(0x0382)).toEqual({ value: 34.6, quality: 'good', quantity: 'gas-ppm' });
  expect(measured(0x0982)).toEqual({ value: null, quality: 'out-of-range' });

  const [pressure] = (FAMILIES.get('pressure-transmitter') as PolledFamily).points;
  const registers = new Registers();
  registers.put({ function: 3, register: 2, count: 3 }, [5, 1, 3000]);
  expect(measure({ ...pressure!, unitCode: 5 }, registers)).toMatchObject({ value: 300, quality: 'good' });
  expect(measure({ ...pressure!, unitCode: 3 }, registers)).toEqual({ value: null, quality: 'out-of-range' });
  expect(planReads([pressure!], 16)).toHaveLength(1);
});

test('a state that no table knows is heard as just that, and once', () => {
  const gst = (FAMILIES.get('gst-modbus') as PolledFamily).points[0]!;
  expect(changesOf(gst, 0, 4)).toEqual([
    { what: 'text', detail: 'unknown-code', text: 'device-1 4', address: { point: 1 }, register: 'device-1' },
  ]);
  expect(changesOf(gst, 4, 4)).toEqual([]);
  const state = (FAMILIES.get('gas-sfjk200') as PolledFamily).points.find(({ name }) => name === 'state-1-1')!;
  expect(changesOf(state, 0, 0b1000001).map(({ what }) => what)).toEqual(['supervisory', 'text']);
  const own = { ...state, says: { bits: { 0: 'fault' as const }, isPartial: true as const } };
  expect(changesOf(own, 0, 0b110)).toEqual([]);
});

test('mains and battery of a supply, and its external output, are told apart and end apart', () => {
  const supply = (FAMILIES.get('gas-sfjk200') as PolledFamily).points.find(({ name }) => name === 'supply-1-1')!;
  const words = (before: number | undefined, now: number) => changesOf(supply, before, now).map(({ what, detail }) => `${what} ${detail}`);
  expect(words(undefined, 0x30)).toEqual([]);
  expect(words(0x30, 0x23).sort()).toEqual(['power-fault backup', 'power-fault main']);
  expect(words(0x23, 0x33)).toEqual(['power-restored main']);
  expect(words(0x30, 0x70)).toEqual(['fault supply-output-open']);
  expect(words(0x70, 0x30)).toEqual(['fault-restored supply-output-open']);
  expect(words(0x10, 0x30)).toEqual(['power-restored main']);
  expect(words(0x30, 0x55)).toContain('text unknown-code');
});
