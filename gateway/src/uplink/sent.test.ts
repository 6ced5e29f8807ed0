import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sent } from './sent.ts';

test('a receipt for a row between two strands, which was never sent, is not believed', () => {
  const sent = new Sent();
  sent.note('ordinary', 1, [1, 2, 3]);
  sent.note('ordinary', 1, [5_009, 5_010]);
  expect([3, 4, 200, 5_008, 5_009, 5_011].map((number) => sent.has('ordinary', 1, number))).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
  expect([sent.has('ordinary', 2, 1), sent.has('alarm', 1, 1)]).toEqual([false, false]);
});

test('what one uplink sends counts for all, and no other way', () => {
  const all = new Sent();
  const [one, other] = [new Sent(all), new Sent(all)];
  one.note('alarm', 7, [1, 2]);
  other.note('alarm', 7, [5]);
  expect(all.series()).toEqual([{ lane: 'alarm', epoch: 7, highest: 5 }]);
  expect([one.has('alarm', 7, 5), other.has('alarm', 7, 1)]).toEqual([false, false]);
});

test('law: every number that was sent is known, and the highest is told, in whatever order they go', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 40 }), { minLength: 1 }), (batches) => {
      const sent = new Sent();
      for (const numbers of batches) sent.note('ordinary', 1, numbers);
      expect(batches.flat().every((number) => sent.has('ordinary', 1, number))).toBe(true);
      expect(sent.series()).toEqual([{ lane: 'ordinary', epoch: 1, highest: Math.max(...batches.flat()) }]);
    }),
  );
});
