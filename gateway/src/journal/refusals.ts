import { NUMBER_TAKEN } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import { COLUMNS, type RejectedRow } from './row.ts';

/**
 * Which uplink rejected which row, by its slot: a name may change, and a reason is text for people. A row is offered again to those who
 * are known to have rejected it and are still there; where nobody knows who did, or none of them is left, to all. `UNKNOWN` stands for
 * who rejected a row before this was written down.
 */
export class Refusals {
  static readonly UNKNOWN = -1;
  readonly #statements: ReturnType<typeof prepared>;

  constructor(database: Database) {
    this.#statements = prepared(database);
  }

  /** An uplink has rejected a row. */
  note(position: number, slot: number, reason: string): void {
    this.#statements.note.run({ position, slot, taken: reason.startsWith(NUMBER_TAKEN) ? 1 : 0 });
  }

  /** An uplink knows the numbers of rows for others. */
  noteTaken(positions: readonly number[], slot: number): void {
    this.#statements.noteTaken.run({ positions: JSON.stringify(positions), slot });
  }

  /** Rows whose number somebody knows for another row, in their order; whether others are still owed them or not. */
  taken(rows: number): RejectedRow[] {
    return this.#statements.taken.all({ rows }) as RejectedRow[];
  }

  /** Slots that are to be offered a row again. */
  rejecters(position: number): number[] {
    return this.#offered(position, 0);
  }

  /** Slots that are to be offered a row under another number; none where its old number is still owed to all who could be meant. */
  takers(position: number): number[] {
    return this.#offered(position, 1);
  }

  #offered(position: number, taken: 0 | 1): number[] {
    const known = (this.#statements.known.all({ position, taken }) as Slot[]).map(({ slot }) => slot);
    return known.length > 0 ? known : (this.#statements.notOwed.all({ position }) as Slot[]).map(({ slot }) => slot);
  }

  /** Takes back that the number of a row is taken. True when nobody is owed the row under its old number and nobody else rejected it. */
  lift(position: number): boolean {
    this.#statements.lift.run({ position });
    this.#statements.clear.run({ position });
    return this.#statements.isFree.get({ position }) !== undefined;
  }

  /** Leaves rows rejected as they are, under the number that somebody else is said to have. */
  letStay(rows: readonly RejectedRow[]): void {
    for (const { position } of rows) this.#statements.letStay.run({ position });
  }

  /** A row that was just written is owed to these slots alone. */
  oweOnly(position: number, slots: readonly number[]): void {
    this.#statements.oweOnly.run({ position, slots: JSON.stringify(slots) });
  }
}

interface Slot {
  readonly slot: number;
}

function prepared(database: Database) {
  return {
    note: database.prepare('INSERT OR REPLACE INTO refusals (position, slot, taken) VALUES (@position, @slot, @taken)'),
    noteTaken: database.prepare(
      'INSERT OR REPLACE INTO refusals (position, slot, taken) SELECT value, @slot, 1 FROM json_each(@positions)',
    ),
    taken: database.prepare(`SELECT rows.position, rows.state, ${COLUMNS} FROM refusals INDEXED BY refusals_taken
      CROSS JOIN rows ON rows.position = refusals.position WHERE taken = 1 AND state <> 3
      GROUP BY refusals.position ORDER BY refusals.position LIMIT @rows`),
    /** One who is unknown may be any of them: then nobody is known. */
    known: database.prepare(`SELECT slot FROM refusals WHERE position = @position AND taken >= @taken AND slot IN (SELECT slot FROM uplinks)
      AND NOT EXISTS (SELECT 1 FROM refusals AS other WHERE other.position = @position AND other.taken >= @taken AND other.slot = ${Refusals.UNKNOWN})`),
    notOwed: database.prepare(`SELECT slot FROM uplinks
      WHERE NOT EXISTS (SELECT 1 FROM owed WHERE owed.slot = uplinks.slot AND owed.position = @position)`),
    lift: database.prepare('DELETE FROM refusals WHERE position = @position AND taken = 1'),
    clear: database.prepare(`UPDATE rows SET reason = NULL WHERE position = @position
      AND NOT EXISTS (SELECT 1 FROM refusals WHERE refusals.position = @position)`),
    isFree: database.prepare('SELECT 1 FROM rows WHERE position = @position AND state = 2 AND reason IS NULL'),
    letStay: database.prepare('UPDATE refusals SET taken = 0 WHERE position = @position'),
    oweOnly: database.prepare(`DELETE FROM owed WHERE position = @position
      AND slot IN (SELECT slot FROM uplinks WHERE slot NOT IN (SELECT value FROM json_each(@slots)))`),
  };
}
