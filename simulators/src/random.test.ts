import { expect, test } from 'vitest';
import { seeded } from './random.ts';

test('one seed gives one sequence, another seed another', () => {
  const draw = (seed: number | string) => Array.from({ length: 20 }, seeded(seed).next);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw('a')).not.toEqual(draw('b'));
});

test('a fork does not depend on what was drawn before it', () => {
  const random = seeded(1);
  const before = random.fork('noise').bytes(8);
  random.bytes(100);
  expect(random.fork('noise').bytes(8)).toEqual(before);
  expect(random.fork('link').bytes(8)).not.toEqual(before);
});

test('draws spread evenly enough over every byte', () => {
  const counts = new Array<number>(256).fill(0);
  for (const byte of seeded(3).bytes(256 * 400)) counts[byte]!++;
  expect(Math.min(...counts)).toBeGreaterThan(300);
  expect(Math.max(...counts)).toBeLessThan(500);
});
