import type { Lane } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import { Owed } from './owed.ts';
import { Refusals } from './refusals.ts';
import { prepared, type Statements } from './statements.ts';
import { Tally } from './tally.ts';
import { damaged } from './trouble.ts';

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

/** What there is in a file of `lane`, which is born with `born` and counts its positions on from `known` where it is new. */
export function partsOf(database: Database, lane: Lane, born: Header, known: number, uplinks: readonly string[]): LaneParts {
  const statements = prepared(database);
  statements.birth.run({ lane, ...born });
  const refusals = new Refusals(database);
  const owed = new Owed(database, refusals);
  owed.assign(uplinks);
  const { seq } = (statements.lastPosition.get() as { seq: number } | undefined) ?? {};
  if (seq === undefined && known > 0) statements.countFrom.run(known);
  const tally = new Tally(statements.counts.get() as Tally, seq ?? known);
  return { database, statements, header: headerOf(statements), tally, owed, refusals };
}

/** Throws a Failure where the header says what nobody wrote: a damaged page can be well formed. */
function headerOf(statements: Statements): Header {
  const header = statements.header.get() as Header | undefined;
  if (header && Object.values(header).every((value) => Number.isSafeInteger(value) && value >= 0)) return header;
  throw damaged('its header is not as it was written');
}
