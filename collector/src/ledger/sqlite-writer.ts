import { type Batch, NUMBER_TAKEN, type OrderReceipt, PROFILES, type Receipt, type Row, type SiteEvent } from '@fengsui/protocol';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { canonicalJson, digestOf, digestOfBytes } from './digest.ts';
import type { Quarantined } from './ledger.ts';
import type { NewOrder, Received } from './orders.ts';
import type { Damaged } from './sqlite-entry.ts';
import { insertOrder, receiveOrder } from './sqlite-orders.ts';
import { prepareWriter } from './sqlite-schema.ts';
import { SeriesBook } from './sqlite-series.ts';

/** What became of one row: stored now, stored before, or not to be stored and why. */
type Verdict = 'new' | 'known' | { readonly reason: string };

export interface Appended {
  readonly receipts: readonly Receipt[];
  /** Of the last entry of the ledger. */
  readonly position: number;
  readonly repeated: number;
}

const INSERT = `INSERT INTO ledger (gateway, epoch, lane, number, ordinal, boot, monotonic_ms, wall_ms, clock_synchronised,
  profile, frame, committed_ms, event_id, event, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const QUARANTINE = `INSERT INTO quarantine (gateway, epoch, lane, number, reason, bytes, context, received_ms, last_ms, digest, position)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET times = times + 1, last_ms = excluded.last_ms`;

/** The one writing connection of a ledger file. Synchronous: lives in a worker thread. */
export class SqliteWriter {
  readonly #database: Database;
  readonly #insert: Statement<unknown[]>;
  readonly #frameOf: Statement<[string, number, string, number], { frame: Buffer }>;
  readonly #intoQuarantine: Statement<unknown[]>;
  readonly #move: Statement<[string, number]>;
  readonly #last: Statement<[], { position: number }>;
  readonly #series: SeriesBook;

  constructor(file: string) {
    const database = new SqliteDatabase(file);
    prepareWriter(database);
    this.#database = database;
    this.#insert = database.prepare(INSERT);
    this.#frameOf = database.prepare('SELECT frame FROM ledger WHERE gateway = ? AND epoch = ? AND lane = ? AND number = ?');
    this.#intoQuarantine = database.prepare(QUARANTINE);
    this.#move = database.prepare(`INSERT INTO cursors (outlet, position) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET position = excluded.position WHERE excluded.position > position`);
    this.#last = database.prepare('SELECT ifnull(max(position), 0) AS position FROM ledger');
    this.#series = new SeriesBook(database);
  }

  position(): number {
    return this.#last.get()!.position;
  }

  /** One transaction for all deliveries. Throws what SQLite throws when it could not be made durable. */
  append({ deliveries, atMs }: { readonly deliveries: readonly Batch[]; readonly atMs: number }): Appended {
    let repeated = 0;
    const all = this.#database.transaction(() =>
      deliveries.map((batch) => {
        const verdicts = batch.rows.map((row) => [row, this.#place(batch, row, atMs)] as const);
        const entries = verdicts.filter(([, verdict]) => verdict === 'new').length;
        repeated += verdicts.filter(([, verdict]) => verdict === 'known').length;
        if (verdicts.length > 0) {
          const numbers = verdicts.map(([row]) => row.number);
          this.#series.arrive(batch, numbers, entries, atMs);
        }
        return receiptOf(batch, verdicts);
      }),
    );
    const receipts = all.immediate();
    return { receipts, position: this.position(), repeated };
  }

  quarantine({ found, atMs }: { readonly found: readonly Quarantined[]; readonly atMs: number }): void {
    const all = this.#database.transaction(() => {
      for (const { gateway, lane, reason, bytes } of found)
        this.#intoQuarantine.run(gateway, null, lane, null, reason, bytes, null, atMs, atMs, digestOfBytes(bytes), null);
    });
    all.immediate();
  }

  /** Keeps what is left of entries that are not what was written. The rows themselves stay: the ledger only grows. */
  keepDamaged({ damaged, atMs }: { readonly damaged: readonly Damaged[]; readonly atMs: number }): void {
    const all = this.#database.transaction(() => {
      for (const { row, reason } of damaged) {
        const { frame, ...rest } = row;
        const bytes = Buffer.isBuffer(frame) || frame instanceof Uint8Array ? Buffer.from(frame) : Buffer.alloc(0);
        const context = canonicalJson({ ...rest, digest: Buffer.from(row.digest ?? '').toString('hex') });
        const digest = digestOfBytes(Buffer.concat([Buffer.from(context), bytes]));
        const whole = (count: number) => (Number.isSafeInteger(count) ? count : null);
        const identity = [String(row.gateway), whole(row.epoch), String(row.lane), whole(row.number)];
        this.#intoQuarantine.run(...identity, reason, bytes, context, atMs, atMs, digest, row.position);
      }
    });
    all.immediate();
  }

  move({ outlet, position }: { readonly outlet: string; readonly position: number }): void {
    this.#move.run(outlet, position);
  }

  issueOrder({ order }: { readonly order: NewOrder }): void {
    insertOrder(this.#database, order);
  }

  receiveOrder({ receipt, atMs }: { readonly receipt: OrderReceipt; readonly atMs: number }): Received {
    return this.#database.transaction(() => receiveOrder(this.#database, receipt, atMs)).immediate();
  }

  close(): void {
    this.#database.pragma('wal_checkpoint(TRUNCATE)');
    this.#database.close();
  }

  #place(batch: Batch, row: Row, atMs: number): Verdict {
    const read = eventOf(batch.profile, row);
    const verdict = 'reason' in read ? read : this.#stored(batch, row, read.event, atMs);
    if (typeof verdict === 'object') this.#setAside(batch, row, verdict.reason, atMs);
    return verdict;
  }

  /** A statement that refuses a row takes only itself back: the good rows around it stay in the transaction. */
  #stored(batch: Batch, row: Row, event: SiteEvent, atMs: number): Verdict {
    try {
      return this.#store(batch, row, event, atMs);
    } catch (error) {
      if (error instanceof SqliteDatabase.SqliteError && !error.code.startsWith('SQLITE_CONSTRAINT')) throw error;
      return { reason: `cannot be stored: ${(error as Error).message}` };
    }
  }

  #store(batch: Batch, row: Row, event: SiteEvent, atMs: number): Verdict {
    const { gateway, epoch, lane, profile } = batch;
    const { number, order: ordinal, boot, monotonicMs, wallMs, frame } = row;
    const clockSynchronised = Number(row.clockSynchronised);
    const json = canonicalJson(event);
    const content = { gateway, epoch, lane, number, ordinal, boot, monotonicMs, wallMs, clockSynchronised, profile, frame, event: json };
    const identity = [gateway, epoch, lane, number] as const;
    const told = [ordinal, boot, monotonicMs, wallMs, clockSynchronised, profile, frame];
    const done = this.#insert.run(...identity, ...told, atMs, event.id, json, digestOf(content));
    if (done.changes === 1) return 'new';
    const known = this.#frameOf.get(...identity);
    if (known && Buffer.compare(known.frame, frame) === 0) return 'known';
    return { reason: `${NUMBER_TAKEN}: a restored or copied journal must begin a new epoch` };
  }

  #setAside({ gateway, epoch, lane, profile }: Batch, row: Row, reason: string, atMs: number): void {
    const { frame, number, ...rest } = row;
    const context = canonicalJson({ ...rest, profile });
    this.#intoQuarantine.run(gateway, epoch, lane, number, reason, frame, context, atMs, atMs, digestOfBytes(frame), null);
  }
}

/** What a row says, or why it can never be an entry. A decoder that throws is one more reason. */
function eventOf(profileName: string, row: Row): { readonly event: SiteEvent } | { readonly reason: string } {
  const counts = { order: row.order, boot: row.boot, monotonicMs: row.monotonicMs, wallMs: row.wallMs };
  for (const [name, count] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < 0) return { reason: `${name}: is no whole number (${count})` };
  const profile = PROFILES.get(profileName);
  if (!profile) return { reason: `profile ${profileName || '(none)'} is not known here` };
  try {
    const read = profile.read(row.frame);
    return 'event' in read ? read : { reason: read.undecodable };
  } catch (error) {
    return { reason: `the decoder of ${profileName} failed: ${(error as Error).message}` };
  }
}

function receiptOf(batch: Batch, verdicts: ReadonlyArray<readonly [Row, Verdict]>): Receipt {
  const { gateway, epoch, lane } = batch;
  const accepted = verdicts.filter(([, verdict]) => typeof verdict === 'string').map(([{ number }]) => number);
  const rejected = verdicts.flatMap(([{ number }, verdict]) => (typeof verdict === 'string' ? [] : [{ number, reason: verdict.reason }]));
  return { gateway, epoch, lane, accepted, rejected };
}
