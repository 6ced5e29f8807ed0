import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberSet } from './number-set.ts';

describe('a set of rows by their numbers', () => {
  it('has what was added, and nothing else', () => {
    const name = fc.record({
      epoch: fc.integer({ min: 1, max: 3 }),
      number: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    });
    fc.assert(
      fc.property(fc.array(name), fc.array(name), (added, others) => {
        const set = new NumberSet();
        const model = new Set<string>();
        for (const each of added) {
          set.add(each);
          model.add(`${each.epoch}/${each.number}`);
        }
        for (const each of [...added, ...others]) expect(set.has(each)).toBe(model.has(`${each.epoch}/${each.number}`));
      }),
    );
  });
});
