import { EVENT_KINDS, type EventKind } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import type { Losers } from './losers.ts';
import type { Spared } from './row.ts';
import { ROW_STATES } from './schema.ts';

/** What may be given up with the same regret: answers rows of the next stretch that may go, or null when nothing is left to give. */
export type Level = (losers: Losers) => readonly Spared[] | null;

const READINGS: readonly EventKind[] = ['reading'];
const STATES = (Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => kind !== 'reading');

/** What everybody has settled: readings, then the rest, then what was rejected or is damaged. */
export function settledLevels(database: Database, keepRows: number): Level[] {
  return [settled(database, READINGS, keepRows), settled(database, STATES, keepRows), refusedRows(database, keepRows)];
}

/** What is confirmed, oldest first, but for the newest rows of each kind. */
function settled(database: Database, kinds: readonly EventKind[], keepRows: number): Level {
  const boundary = database.prepare(`SELECT position FROM rows WHERE state = 1 AND kind = @kind
    ORDER BY position DESC LIMIT 1 OFFSET @keepRows`);
  const rows = database.prepare(`SELECT position, state FROM rows WHERE state = 1 AND kind = @kind AND position <= @until
    ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS / 2}`);
  return () => {
    for (const kind of kinds) {
      const until = (boundary.get({ kind, keepRows }) as { position: number } | undefined)?.position;
      const spared = until === undefined ? [] : (rows.all({ kind, until }) as Spared[]);
      if (spared.length > 0) return spared;
    }
    return null;
  };
}

/** What was rejected or is damaged, oldest first, but for the newest of it: evidence, and never in the way of what is sound. */
function refusedRows(database: Database, keepRows: number): Level {
  const boundary = database.prepare(`${refused('1')} ORDER BY position DESC LIMIT 1 OFFSET @keepRows`);
  const rows = database.prepare(`${refused('position <= @until')} ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS / 2}`);
  return () => {
    const until = (boundary.get({ keepRows }) as { position: number } | undefined)?.position;
    const spared = until === undefined ? [] : (rows.all({ until }) as Spared[]);
    return spared.length > 0 ? spared : null;
  };
}

/** Both states by their stretches of one index, which SQLite merges in order: asked for together, they would be sorted each time. */
export function refused(condition: string): string {
  const of = (state: number) => `SELECT position, state FROM rows WHERE state >= 2 AND state = ${state} AND ${condition}`;
  return `${of(ROW_STATES.rejected)} UNION ALL ${of(ROW_STATES.quarantined)}`;
}
