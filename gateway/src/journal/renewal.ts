import * as limits from '../limits.ts';
import type { LaneFile } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';

/** Rows given other numbers in one step. */
const ROWS_A_STEP = 64;

/**
 * Hears from the collector what nobody on site can know: that a number was given out before. Then the whole folder was put back from a
 * copy, its witness too, or a copy of it runs elsewhere. A new epoch begins, and what was rejected for its number gets one of that
 * epoch and waits again: it is another event, and the collector has it nowhere but in quarantine. A collector that says so of every
 * number is mistaken: epochs begin ever more rarely, and what it refuses meanwhile stays rejected.
 */
export class Renewal {
  readonly #files: LaneFiles;
  readonly #monotonicMs: () => number;
  #renewedMs = Number.NEGATIVE_INFINITY;
  /** Least time from one epoch to the next. */
  #restMs = limits.RENEWAL_REST_MIN_MS;

  constructor(files: LaneFiles, monotonicMs = () => performance.now()) {
    this.#files = files;
    this.#monotonicMs = monotonicMs;
  }

  /** Gives a few rows of a lane other numbers; false when there are none. */
  step(file: LaneFile): boolean {
    const rows = file.taken(ROWS_A_STEP);
    const current = rows.filter(({ epoch }) => epoch === file.header.epoch);
    if (current.length > 0 && !this.#mayRenew()) {
      file.letStay(current);
      this.#files.remark(
        'the collector says of numbers of an epoch that began just now that other rows have them: these rows stay rejected. ' +
          'See whether another gateway runs under this name and whether the collector is in order, then have them sent again',
      );
      return true;
    }
    if (current.length > 0) this.#files.renew('the collector knows other rows under these numbers');
    if (rows.length > 0) file.renumber(rows, this.#files.newestOrder());
    return rows.length > 0;
  }

  /** Whether it is time for another epoch; then the next is due in twice the time, or in the least again after a long quiet. */
  #mayRenew(): boolean {
    const quietMs = this.#monotonicMs() - this.#renewedMs;
    if (quietMs < this.#restMs) return false;
    if (this.#renewedMs > Number.NEGATIVE_INFINITY) this.#restMs = Math.min(this.#restMs * 2, limits.RENEWAL_REST_MAX_MS);
    if (quietMs > 2 * limits.RENEWAL_REST_MAX_MS) this.#restMs = limits.RENEWAL_REST_MIN_MS;
    this.#renewedMs = this.#monotonicMs();
    return true;
  }
}
