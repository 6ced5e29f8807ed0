import type { Holding } from '@fengsui/protocol';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { DAMAGED_AT_ONCE_MAX, DAMAGED_SHOWN_MAX, GAPS_SHOWN_MAX, LEDGER_BUSY_TIMEOUT_MS } from '../limits.ts';
import type { Entry, Gap, Lacking, LedgerState, Missing, Numbering, Series } from './ledger.ts';
import type { OrderRecord } from './orders.ts';
import { type Damaged, type EntryRow, readEntry } from './sqlite-entry.ts';
import { holdingsOf, knownEvents, numberingOf } from './sqlite-numbering.ts';
import { listOrders, openOrders } from './sqlite-orders.ts';

/** What a look behind a position found. */
export interface Found {
  readonly entries: readonly Entry[];
  readonly damaged: readonly Damaged[];
  /** Everything up to here was looked at. */
  readonly through: number;
}

type SeriesRow = Omit<Series, 'contiguous' | 'missing' | 'gaps'>;

const ENTRIES = `SELECT position, gateway, epoch, lane, number, ordinal, boot, monotonic_ms AS monotonicMs, wall_ms AS wallMs,
  clock_synchronised AS clockSynchronised, profile, frame, committed_ms AS committedMs, event, digest
  FROM ledger WHERE position > ? ORDER BY position LIMIT ?`;
const TOTALS = `SELECT (SELECT ifnull(max(position), 0) FROM ledger) AS position, (SELECT ifnull(sum(entries), 0) FROM series) AS entries,
  (SELECT count(*) FROM quarantine) AS quarantined`;
/** In quarantine, or on the way there. */
const DAMAGED = `SELECT position FROM quarantine WHERE position IS NOT NULL UNION SELECT value FROM json_each(?)`;

/** Positions of damaged entries that are not in quarantine yet. */
interface OnTheWay {
  readonly waiting: readonly number[];
}

/** A reading connection of a ledger file: short transactions only, so that the log file can be folded back. Lives in a worker thread. */
export class SqliteReader {
  readonly #database: Database;
  readonly #entries: Statement<[number, number], EntryRow>;
  readonly #cursor: Statement<[string], { position: number }>;

  constructor(file: string) {
    this.#database = new SqliteDatabase(file, { readonly: true, fileMustExist: true });
    this.#database.pragma(`busy_timeout = ${LEDGER_BUSY_TIMEOUT_MS}`);
    this.#entries = this.#database.prepare(ENTRIES);
    this.#cursor = this.#database.prepare('SELECT position FROM cursors WHERE outlet = ?');
  }

  /** Goes on over rows that are not what was written until it has an entry or the ledger ends. */
  after({ position, max }: { readonly position: number; readonly max: number }): Found {
    const damaged: Damaged[] = [];
    for (let through = position; ; ) {
      const rows = this.#entries.all(through, max);
      const read = rows.map(readEntry);
      const entries = read.flatMap(({ entry }) => entry ?? []);
      damaged.push(...read.flatMap((one) => one.damaged ?? []));
      through = rows.at(-1)?.position ?? through;
      if (entries.length > 0 || rows.length === 0 || damaged.length >= DAMAGED_AT_ONCE_MAX) return { entries, damaged, through };
    }
  }

  cursor({ outlet }: { readonly outlet: string }): number {
    return this.#cursor.get(outlet)?.position ?? 0;
  }

  state({ waiting }: OnTheWay): Omit<LedgerState, 'repeated'> {
    const all = this.#database.transaction(() => {
      const totals = this.#database.prepare<[], Pick<LedgerState, 'position' | 'entries' | 'quarantined'>>(TOTALS).get()!;
      return { ...totals, damaged: this.#damaged(waiting), series: this.#series() };
    });
    return all.deferred();
  }

  lacking({ waiting }: OnTheWay): Lacking {
    const missing = this.#database.prepare<[], Missing>(
      `SELECT gateway, epoch, lane, sum(last - first + 1) AS missing, min(first) AS lowest
       FROM gaps GROUP BY gateway, epoch, lane ORDER BY gateway, epoch, lane`,
    );
    return { damaged: this.#damaged(waiting), missing: missing.all() };
  }

  openOrders({ notBeforeMs }: { readonly notBeforeMs: number }): readonly OrderRecord[] {
    return openOrders(this.#database, notBeforeMs);
  }

  listOrders({ gateway, max }: { readonly gateway: string | null; readonly max: number }): readonly OrderRecord[] {
    return listOrders(this.#database, gateway, max);
  }

  numbering({ gateway }: { readonly gateway: string }): Numbering {
    return this.#database.transaction(() => numberingOf(this.#database, gateway)).deferred();
  }

  holdings({ gateway }: { readonly gateway: string }): readonly Holding[] {
    return holdingsOf(this.#database, gateway);
  }

  known({ gateway, eventIds }: { readonly gateway: string; readonly eventIds: readonly string[] }): readonly string[] {
    return knownEvents(this.#database, gateway, eventIds);
  }

  close(): void {
    this.#database.close();
  }

  #damaged(waiting: readonly number[]): LedgerState['damaged'] {
    const json = JSON.stringify(waiting);
    const { count } = this.#database.prepare<[string], { count: number }>(`SELECT count(*) AS count FROM (${DAMAGED})`).get(json)!;
    const lowest = this.#database.prepare<[string, number], { position: number }>(`${DAMAGED} ORDER BY position LIMIT ?`);
    return { count, positions: lowest.all(json, DAMAGED_SHOWN_MAX).map(({ position }) => position) };
  }

  #series(): Series[] {
    const rows = this.#database
      .prepare<[], SeriesRow>('SELECT gateway, epoch, lane, highest, committed_ms AS committedMs FROM series ORDER BY gateway, epoch, lane')
      .all();
    const missing = this.#database.prepare<[string, number, string], { missing: number }>(
      'SELECT ifnull(sum(last - first + 1), 0) AS missing FROM gaps WHERE gateway = ? AND epoch = ? AND lane = ?',
    );
    const lowest = this.#database.prepare<[string, number, string, number], Gap>(
      'SELECT first, last, since_ms AS sinceMs FROM gaps WHERE gateway = ? AND epoch = ? AND lane = ? ORDER BY first LIMIT ?',
    );
    return rows.map((row) => {
      const gaps = lowest.all(row.gateway, row.epoch, row.lane, GAPS_SHOWN_MAX);
      const contiguous = gaps[0] ? gaps[0].first - 1 : row.highest;
      return { ...row, contiguous, gaps, ...missing.get(row.gateway, row.epoch, row.lane)! };
    });
  }
}
