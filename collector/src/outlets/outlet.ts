import type { Cursor, Ledger } from '../ledger/ledger.ts';

/** What holds an outlet up. */
export interface OutletTrouble {
  readonly why: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly sinceMs: number;
  /** Tries since then that failed. */
  readonly tries: number;
}

/** How an outlet is doing. How far it is behind is the ledger's position less its own. */
export interface OutletReport {
  readonly name: string;
  /** In the ledger, of the last entry it is done with. */
  readonly position: number;
  /** null: nothing holds it up. */
  readonly trouble: OutletTrouble | null;
  /** Entries the far side confirmed, since start. */
  readonly confirmed: number;
  /** Entries the far side will never take; they are kept with its answer. */
  readonly refused: number;
}

/**
 * A way out of the collector. It follows the ledger from a cursor of its own, so that a dead far side is a figure here and nothing
 * anywhere else, and moves that cursor only after the far side confirmed.
 */
export interface Outlet {
  readonly name: string;
  /** Works until the signal aborts, then finishes in order. Rejects with a `Failure`; may be run again. */
  run(ledger: Ledger, cursor: Cursor, signal: AbortSignal): Promise<void>;
  report(): OutletReport;
}
