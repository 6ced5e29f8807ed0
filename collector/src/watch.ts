import type { Clock } from '@fengsui/protocol';
import type { Gaps } from './gaps.ts';
import type { Lacking, Ledger } from './ledger/ledger.ts';
import { WATCH_EVERY_MS } from './limits.ts';
import type { Troubles } from './troubles.ts';

/** Series or networks named in a line. */
const NAMED_MAX = 5;

export interface Watched {
  readonly ledger: Pick<Ledger, 'lacking'>;
  /** Networks that brought too many wrong tokens. */
  readonly locked: () => readonly string[];
  readonly gaps: Gaps;
  readonly troubles: Troubles;
  readonly clock: Clock;
}

/** Looks after what the ledger lacks and who guesses tokens until the signal aborts. Rejects with the Failure of the ledger; may be run again. */
export async function watch({ ledger, locked, gaps, troubles, clock }: Watched, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { damaged, missing } = await ledger.lacking();
    troubles.say('entries-damaged', damagedIn(damaged));
    troubles.say('numbers-missing', missingIn(gaps.look(missing, clock.monotonicMs())));
    troubles.say('tokens-guessed', locked().length > 0 ? andMore(locked().slice(0, NAMED_MAX), locked().length) : null);
    await clock.sleep(WATCH_EVERY_MS, signal).catch(() => {}); // aborted: the loop ends
  }
}

function andMore(named: readonly string[], count: number): string {
  return `${named.join(', ')}${count > named.length ? ` +${count - named.length}` : ''}`;
}

function damagedIn({ count, positions }: Lacking['damaged']): string | null {
  const named = positions.map((position) => `#${position}`);
  return count === 0 ? null : andMore(named, count);
}

function missingIn(missing: Lacking['missing']): string | null {
  const named = missing.slice(0, NAMED_MAX).map((series) => `${series.gateway} ${series.lane} (epoch ${series.epoch}): ${series.missing}`);
  return missing.length === 0 ? null : andMore(named, missing.length);
}
