import type { Holding, Lane, SiteEvent } from '@fengsui/protocol';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { GAPS_SHOWN_MAX, LEDGER_BUSY_TIMEOUT_MS } from '../limits.ts';
import { type Content, digestOf } from './digest.ts';
import type { Entry, Gap, LedgerState, Numbering, Series } from './ledger.ts';
import type { OrderRecord } from './orders.ts';
import { holdingsOf, knownEvents, numberingOf } from './sqlite-numbering.ts';
import { listOrders, openOrders } from './sqlite-orders.ts';
import { LedgerTrouble } from './sqlite-trouble.ts';

interface EntryRow extends Content {
  readonly lane: Lane;
  readonly position: number;
  readonly committedMs: number;
  readonly digest: Buffer;
}

type SeriesRow = Omit<Series, 'contiguous' | 'missing' | 'gaps'>;

const ENTRIES = `SELECT position, gateway, epoch, lane, number, ordinal, boot, monotonic_ms AS monotonicMs, wall_ms AS wallMs,
  clock_synchronised AS clockSynchronised, profile, frame, committed_ms AS committedMs, event, digest
  FROM ledger WHERE position > ? ORDER BY position LIMIT ?`;
const TOTALS = `SELECT (SELECT ifnull(max(position), 0) FROM ledger) AS position, (SELECT ifnull(sum(entries), 0) FROM series) AS entries,
  (SELECT count(*) FROM quarantine) AS quarantined`;

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

  /** Throws for a row that is not what was written. */
  after({ position, max }: { readonly position: number; readonly max: number }): readonly Entry[] {
    return this.#entries.all(position, max).map(entryOf);
  }

  cursor({ outlet }: { readonly outlet: string }): number {
    return this.#cursor.get(outlet)?.position ?? 0;
  }

  state(): Omit<LedgerState, 'repeated'> {
    const all = this.#database.transaction(() => {
      const totals = this.#database.prepare<[], Omit<LedgerState, 'repeated' | 'series'>>(TOTALS).get()!;
      return { ...totals, series: this.#series() };
    });
    return all.deferred();
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

function entryOf(row: EntryRow): Entry {
  const { position, gateway, epoch, lane, number, ordinal, boot, monotonicMs, wallMs, profile, committedMs } = row;
  if (!digestOf(row).equals(row.digest))
    throw new LedgerTrouble('ledger-damaged', `the entry at position ${position} is not what was written`);
  const clockSynchronised = row.clockSynchronised === 1;
  const event = JSON.parse(row.event) as SiteEvent;
  return { position, gateway, epoch, lane, number, ordinal, boot, monotonicMs, wallMs, clockSynchronised, profile, committedMs, event };
}
