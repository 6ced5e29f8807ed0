import { NUMBER_TAKEN } from '@fengsui/protocol';
import type { LaneFile, RejectedRow } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';

/** Rows given other numbers in one step. */
const ROWS_A_STEP = 64;

/**
 * Hears from the collector what nobody on site can know: that a number was given out before. Then the whole folder was put back from a
 * copy, its witness too, or a copy of it runs elsewhere. A new epoch begins, and what was rejected for its number gets one of that
 * epoch and waits again: it is another event, and the collector has it nowhere but in quarantine.
 */
export class Renewal {
  readonly #files: LaneFiles;
  /** Rejected rows that were looked through, by file. */
  readonly #seen = new WeakMap<LaneFile, number>();

  constructor(files: LaneFiles) {
    this.#files = files;
  }

  /** Gives a few rows of a lane other numbers; false when there are none. */
  step(file: LaneFile): boolean {
    if (this.#seen.get(file) === file.rejected) return false;
    const rows: RejectedRow[] = file.rejectedFor(NUMBER_TAKEN, ROWS_A_STEP);
    if (rows.some(({ epoch }) => epoch === file.header.epoch)) this.#files.renew('the collector knows other rows under these numbers');
    if (rows.length > 0) file.renumber(rows, this.#files.newestOrder());
    if (rows.length < ROWS_A_STEP) this.#seen.set(file, file.rejected);
    return rows.length > 0;
  }
}
