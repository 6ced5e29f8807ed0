import type { Missing } from './ledger/ledger.ts';
import { GAP_QUIET_MS } from './limits.ts';

interface Known {
  readonly lowest: number;
  /** The fewest there were since the lowest came: a gap that opens and closes elsewhere hides none that stays. */
  readonly fewest: number;
  /** Monotonic milliseconds: when numbers of it last came, or it was first seen. */
  readonly cameMs: number;
}

type SeriesName = Pick<Missing, 'gateway' | 'epoch' | 'lane'>;
const keyOf = ({ gateway, epoch, lane }: SeriesName) => JSON.stringify([gateway, epoch, lane]);

/**
 * Tells rows that are still coming from rows that are not. A gateway with a backlog sends what is new beside it, so that numbers are
 * missing for as long as it catches up: that is no trouble while they come. Numbers that stopped coming are one (reliability P10).
 */
export class Gaps {
  #known: ReadonlyMap<string, Known> = new Map();

  /** Takes what is missing now, and answers what of it is not coming. */
  look(missing: readonly Missing[], nowMs: number): readonly Missing[] {
    const known = this.#known;
    const seen = missing.map((series): readonly [string, Known] => {
      const before = known.get(keyOf(series));
      if (!before || series.lowest > before.lowest)
        return [keyOf(series), { lowest: series.lowest, fewest: series.missing, cameMs: nowMs }];
      const hasCome = series.missing < before.fewest;
      const fewest = Math.min(series.missing, before.fewest);
      return [keyOf(series), { lowest: series.lowest, fewest, cameMs: hasCome ? nowMs : before.cameMs }];
    });
    this.#known = new Map(seen);
    return missing.filter((series) => !this.isComing(series, nowMs));
  }

  /** Whether the missing numbers of a series are being caught up, or were noticed too recently to say that they are not. */
  isComing(series: SeriesName, nowMs: number): boolean {
    const known = this.#known.get(keyOf(series));
    return !known || nowMs - known.cameMs < GAP_QUIET_MS;
  }
}
