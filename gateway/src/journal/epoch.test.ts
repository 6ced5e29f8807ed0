import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochAfter, isCredibleEpoch } from './epoch.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 29);
/** Clocks as they are met: right, an hour or a day off, unset, beyond 2038, beyond belief. */
const clocks = fc.constantFrom(NOW_MS, NOW_MS + 3_600_000, NOW_MS - DAY_MS, 0, 1_000, Date.UTC(2038, 0, 20), Date.UTC(2250, 0, 1), -5);
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('an epoch', () => {
  it('grows whatever the clock says, is a safe integer, and stays one for ten thousand more', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(clocks, chance), { minLength: 1, maxLength: 30 }), (begun) => {
        let known = 0;
        for (const [wallMs, random] of begun) {
          const epoch = epochAfter(known, wallMs, () => random);
          expect(epoch).toBeGreaterThan(known);
          known = epoch;
        }
        expect(Number.isSafeInteger(known + 10_000 * 1_000_000_000)).toBe(true);
      }),
    );
  });

  it('of a clock that was never set still lies behind everything of the years before, and a right clock passes it', () => {
    const unset = epochAfter(0, 0, () => 0.5);
    expect(unset).toBeGreaterThan(epochAfter(0, Date.UTC(2026, 0, 1), () => 0));
    expect(epochAfter(0, NOW_MS, () => 0)).toBeGreaterThan(unset);
  });

  it("that somebody tells is believed where a clock of the box's life could show it, and one that was chosen above it a little later", () => {
    const year = 365 * DAY_MS;
    const toldAt = (wallMs: number) => epochAfter(0, wallMs, () => 0);
    for (const wallMs of [NOW_MS, 0, 1_000]) {
      expect(isCredibleEpoch(toldAt(NOW_MS + 15 * year), wallMs)).toBe(true);
      expect(isCredibleEpoch(toldAt(NOW_MS + 25 * year), wallMs)).toBe(false);
    }
    const limit = Array.from({ length: 50 }, (_, bit) => 2 ** (49 - bit)).reduce(
      (epoch, step) => (isCredibleEpoch(epoch + step, NOW_MS) ? epoch + step : epoch),
      toldAt(NOW_MS),
    );
    expect(isCredibleEpoch(limit + 1, NOW_MS)).toBe(false);
    const above = epochAfter(limit, NOW_MS, () => 0.999_999);
    expect(isCredibleEpoch(above, NOW_MS + 15 * 60_000)).toBe(true);
  });

  it('is another one for two copies of a journal, also where the clock says less than they know', () => {
    const known = epochAfter(0, NOW_MS, () => 0.5);
    const chosen = Array.from({ length: 100 }, (_, copy) => epochAfter(known, 0, () => copy / 100));
    expect(new Set(chosen).size).toBe(100);
  });
});
