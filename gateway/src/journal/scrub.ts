import * as limits from '../limits.ts';
import { isSound } from './checksum.ts';
import type { LaneFile } from './lane-file.ts';
import { ANY_SLOT } from './owed-statements.ts';
import { COLUMNS, type KeptRow } from './row.ts';
import { ROW_STATES } from './schema.ts';

interface Read extends KeptRow {
  readonly state: number;
  /** 1: it waits, and nobody is owed it. */
  readonly isForgotten: 0 | 1;
}

/**
 * Reads a whole file once, a few rows at a time: every row against its checksum, and whether somebody is owed it where it waits; then the
 * index by which receipts find rows.
 */
export class Scrub {
  readonly #file: LaneFile;
  readonly #rows;
  readonly #index;
  #after = 0;
  #key = { epoch: -1, number: -1 };
  #isInIndex = false;
  rows = 0;
  /** Rows that waited for nobody, and that everybody is owed now. */
  remembered = 0;

  constructor(file: LaneFile) {
    this.#file = file;
    this.#rows = file.database.prepare(`SELECT position, state, ${COLUMNS},
        state = 0 AND NOT EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = rows.position) AS isForgotten FROM rows
      WHERE position > @after ORDER BY position LIMIT ${limits.CHORE_ROWS}`);
    this.#index = file.database.prepare(`SELECT epoch, number FROM rows WHERE (epoch, number) > (@epoch, @number)
      ORDER BY epoch, number LIMIT ${limits.CHORE_WINDOW_ROWS}`);
  }

  /** Whether this is still the lane's file. */
  isOf(file: LaneFile): boolean {
    return this.#file === file;
  }

  /** Reads a little; true when that was the last of it. Throws what SQLite says of a damaged page. */
  step(): boolean {
    return this.#isInIndex ? this.#stepIndex() : this.#stepRows();
  }

  #stepRows(): boolean {
    const rows = this.#rows.all({ after: this.#after }) as Read[];
    const forgotten: Read[] = [];
    for (const row of rows) {
      if (row.state !== ROW_STATES.quarantined && !isSound(row)) this.#file.quarantine(row);
      else if (row.isForgotten === 1) forgotten.push(row);
    }
    this.#file.offers.remember(forgotten);
    this.remembered += forgotten.length;
    this.rows += rows.length;
    this.#after = rows.at(-1)?.position ?? this.#after;
    this.#isInIndex = rows.length === 0;
    return false;
  }

  #stepIndex(): boolean {
    const keys = this.#index.all(this.#key) as Array<{ epoch: number; number: number }>;
    this.#key = keys.at(-1) ?? this.#key;
    return keys.length === 0;
  }
}
