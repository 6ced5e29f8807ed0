import { BOX_LIFE_MS } from '../limits.ts';

/**
 * Epochs grow: whoever folds what a gateway said takes the higher one for the later. They are read off the wall clock, so that a
 * journal that knows nothing (a new disk, a new box of the same name) begins behind everything said before; of two begun in one
 * millisecond the lowest ten bits tell them apart.
 */
const UNITS_PER_MS = 1_024;

/** Nothing of this program ran before: a clock that says less was never set (1970 after a start without a battery). */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** Nor does it run after: an epoch read off such a clock would push every later one up for ever. 2106 is where 32 bits of seconds end. */
const LATEST_MS = Date.UTC(2106, 0, 1);

/** Room for epochs of one and the same wrong clock: a quarter of an hour of it. */
const UNSET_SPREAD = 15 * 60_000 * UNITS_PER_MS;

const isCredibleClock = (wallMs: number): boolean => wallMs >= EARLIEST_MS && wallMs < LATEST_MS;

/**
 * Whether an epoch that somebody else tells can be one of ours, by our clock or, where that was never set, by the age of this program. One
 * that is not would push every later one up, and what other collectors hold with it. One that is chosen above the highest believed is
 * believed itself a quarter of an hour later.
 */
export const isCredibleEpoch = (epoch: number, wallMs: number): boolean =>
  epoch < ((isCredibleClock(wallMs) ? wallMs : EARLIEST_MS) + BOX_LIFE_MS) * UNITS_PER_MS;

/**
 * An epoch above every known one, never one that another copy of the same journal is likely to choose. A safe integer. `random` gives
 * numbers from 0 up to 1.
 */
export function epochAfter(known: number, wallMs: number, random: () => number): number {
  const byClock = isCredibleClock(wallMs)
    ? Math.floor(wallMs) * UNITS_PER_MS + Math.floor(random() * UNITS_PER_MS)
    : EARLIEST_MS * UNITS_PER_MS + Math.floor(random() * UNSET_SPREAD);
  // Two copies of one journal under clocks that say less than it knows must not both take the next.
  return Math.max(byClock, known + 1 + Math.floor(random() * UNSET_SPREAD));
}
