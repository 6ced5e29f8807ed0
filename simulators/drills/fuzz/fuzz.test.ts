import { expect, test } from 'vitest';
import { seeded } from '../../src/random.ts';
import { complaint } from './reading.ts';
import { makeStream } from './streams.ts';

test('two thousand hostile streams are read without a throw, a lost byte or a missed frame', () => {
  for (let seed = 1; seed <= 2000; seed++) expect([seed, complaint(makeStream(seeded(seed)))]).toEqual([seed, null]);
});

test('the check notices a frame that is not found', () => {
  const stream = makeStream(seeded(3));
  const at = stream.bytes.length;
  const claimed = { ...stream, good: [...stream.good, { at, bytes: Uint8Array.of(1, 2, 3) }] };
  expect(complaint(claimed)).toMatch(/not found/);
});
