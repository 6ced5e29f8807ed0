import * as limits from '../limits.ts';
import { LaneWindow } from './lane-window.ts';

/**
 * The ordinary lane on its way. It goes in one strand, in the order of its numbers; behind a long backlog it goes in two, each in its
 * order: the backlog, and beside it, with a share of the window of its own, what was written since. So a fault of now does not wait
 * hours for the readings of last month. Whoever folds the ledger does so by (epoch, order), never by arrival.
 */
export class Strands {
  #oldest = new LaneWindow('ordinary');
  #fresh: LaneWindow | null = null;

  /** Those that are on their way, the one to send from first in front. */
  get windows(): readonly LaneWindow[] {
    return this.#fresh ? [this.#fresh, this.#oldest] : [this.#oldest];
  }

  /** Parts the lane where its backlog is long, and joins it where the backlog is through. `newest` is the position of its last row. */
  arrange(newest: number): void {
    if (!this.#fresh) {
      // Until something was taken nobody knows where what waits begins.
      if (this.#oldest.cursor === 0 || newest - this.#oldest.cursor <= limits.BACKLOG_LONG_ROWS) return;
      this.#oldest.narrow(1 - limits.FRESH_SHARE, newest);
      this.#fresh = new LaneWindow('ordinary', newest);
      this.#fresh.narrow(limits.FRESH_SHARE);
    } else if (this.#oldest.isThrough) {
      this.#oldest = this.#fresh;
      this.#oldest.widen();
      this.#fresh = null;
    }
  }
}
