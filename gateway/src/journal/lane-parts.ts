import type { Database } from 'better-sqlite3';
import type { Owed } from './owed.ts';
import type { Refusals } from './refusals.ts';
import type { Statements } from './statements.ts';
import type { Tally } from './tally.ts';

/** The one row of a lane's file that tells of the whole file. */
export interface Header {
  epoch: number;
  newest: number;
  newest_order: number;
  boot: number;
  other_newest: number;
  alive_ms: number;
  /** Rows that nobody has and that were given up for want of room. */
  thinned: number;
}

/** What everything that is done to one lane's file works on. Header and tally say what is committed, never what is about to be. */
export interface LaneParts {
  readonly database: Database;
  readonly statements: Statements;
  readonly header: Header;
  readonly tally: Tally;
  readonly owed: Owed;
  readonly refusals: Refusals;
}
