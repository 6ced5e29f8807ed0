import { existsSync, statSync } from 'node:fs';
import type { Lane, Receipt, Row } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { checksumOf, type Sealed } from './checksum.ts';
import type { LaneState, Settled, Taken } from './messages.ts';
import { migrate, ROW_STATES, refuseNewer } from './schema.ts';

export interface Header {
  epoch: number;
  newest: number;
  newest_order: number;
  boot: number;
  other_newest: number;
  alive_ms: number;
}

/** A row about to be written. */
export interface NewRow extends Sealed {
  readonly kind: string;
  readonly edge: string;
  readonly source: string;
  readonly note: string | null;
}

interface KeptRow extends NewRow {
  readonly position: number;
  readonly checksum: Uint8Array;
}

/** Protobuf around one frame: seven tags and at most this many bytes of numbers and lengths. */
const ROW_OVERHEAD_BYTES = 64;

/** One lane's SQLite file. Every method is a synchronous call of the worker; none is safe to use after it threw. */
export class LaneFile {
  readonly header: Header;
  readonly #database: Database.Database;
  readonly #path: string;
  readonly #statements: ReturnType<typeof prepared>;
  #waiting: number;
  #rejected: number;
  #quarantined: number;
  #position: number;

  /** Opens the file or creates it for `lane` with `born`. Throws a SqliteError, or a Failure when a newer version wrote it. */
  constructor(path: string, lane: Lane, born: Header) {
    this.#path = path;
    if (existsSync(path)) look(path);
    this.#database = new Database(path, { timeout: limits.JOURNAL_LOCK_TIMEOUT_MS });
    try {
      durable(this.#database, path);
      migrate(this.#database);
      this.#statements = prepared(this.#database);
      this.#statements.birth.run({ lane, ...born });
      this.header = this.#statements.header.get() as Header;
      const counted = this.#statements.counts.get() as { waiting: number; rejected: number; quarantined: number };
      this.#waiting = counted.waiting;
      this.#rejected = counted.rejected;
      this.#quarantined = counted.quarantined;
      this.#position = (this.#statements.lastPosition.get() as { seq: number } | undefined)?.seq ?? 0;
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** One durable transaction: when it returns, everything in it survives a power cut; when it throws, nothing of it happened. */
  commit(
    rows: readonly NewRow[],
    settlements: readonly Settlement[],
    header: Partial<Header>,
  ): { positions: number[]; settled: Settled[] } {
    const result = this.#database.transaction(() => {
      const positions = rows.map((row) => Number(this.#statements.insert.run({ ...row, checksum: checksumOf(row) }).lastInsertRowid));
      const settled = settlements.map((settlement) => this.#settle(settlement));
      this.#statements.update.run({ ...this.header, ...header });
      return { positions, settled };
    })();
    Object.assign(this.header, header);
    this.#position = result.positions.at(-1) ?? this.#position;
    this.#waiting += rows.length;
    for (const { accepted, rejected } of result.settled) {
      this.#waiting -= accepted + rejected;
      this.#rejected += rejected;
    }
    return result;
  }

  #settle({ receipt, wallMs }: Settlement): Settled {
    const { epoch } = receipt;
    const mark = (state: number, number: number, reason: string | null) =>
      this.#statements.settle.run({ epoch, number, state, reason, wallMs }).changes;
    const accepted = receipt.accepted.reduce((sum, number) => sum + mark(ROW_STATES.accepted, number, null), 0);
    const rejected = receipt.rejected.reduce((sum, { number, reason }) => sum + mark(ROW_STATES.rejected, number, reason), 0);
    return { accepted, rejected, unknown: receipt.accepted.length + receipt.rejected.length - accepted - rejected };
  }

  /** Waiting rows behind a position, of one epoch and profile. A damaged row is set aside and never handed out. */
  take(after: number, rowsMax: number, bytesMax: number): Taken {
    const rows: KeptRow[] = [];
    let bytes = 0;
    let last = this.#position;
    for (const row of this.#statements.take.iterate({ after }) as Iterable<KeptRow>) {
      const size = row.frame.length + ROW_OVERHEAD_BYTES;
      const first = rows[0];
      const another = first && (first.epoch !== row.epoch || first.profile !== row.profile);
      if (rows.length > 0 && (another || rows.length >= rowsMax || bytes + size > bytesMax)) {
        last = rows.at(-1)!.position;
        break;
      }
      bytes += size;
      rows.push(row);
    }
    const sound = rows.filter((row) => this.#isSound(row));
    if (sound.length === 0 && rows.length > 0) return this.take(rows.at(-1)!.position, rowsMax, bytesMax);
    return { epoch: sound[0]?.epoch ?? this.header.epoch, profile: sound[0]?.profile ?? '', rows: sound.map(plain), last };
  }

  #isSound(row: KeptRow): boolean {
    if (checksumOf(row).equals(row.checksum)) return true;
    this.#statements.quarantine.run(row.position);
    this.#waiting -= 1;
    this.#quarantined += 1;
    return false;
  }

  /** The last row: its place in the count over both lanes, its wall clock, and its note where the gateway spoke of itself. */
  lastWord(): LastWord | null {
    return (this.#statements.lastWord.get() as LastWord | undefined) ?? null;
  }

  state(): LaneState {
    const oldest = this.#statements.oldest.get() as { wall_ms: number } | undefined;
    return {
      epoch: this.header.epoch,
      newest: this.header.newest,
      waiting: this.#waiting,
      rejected: this.#rejected,
      quarantined: this.#quarantined,
      oldestMs: oldest?.wall_ms ?? null,
      position: this.#position,
      synchronous: this.#database.pragma('synchronous', { simple: true }) as number,
      bytes: ['', '-wal'].reduce((sum, tail) => sum + (statSync(this.#path + tail, { throwIfNoEntry: false })?.size ?? 0), 0),
    };
  }

  close(): void {
    this.#database.close();
  }
}

export interface LastWord {
  readonly ordinal: number;
  readonly wallMs: number;
  readonly note: string | null;
}

export interface Settlement {
  readonly receipt: Receipt;
  readonly wallMs: number;
}

/** A look at the schema before anything is opened for writing. */
function look(path: string): void {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    refuseNewer(database, path);
  } finally {
    database.close();
  }
}

/** `synchronous` is not stored in the file: it is set on every connection and read back. WAL and FULL lost no row in our power cuts. */
function durable(database: Database.Database, path: string): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma(`journal_size_limit = ${limits.WAL_BYTES_MAX}`);
  const mode = database.pragma('journal_mode', { simple: true });
  const synchronous = database.pragma('synchronous', { simple: true });
  if (mode !== 'wal' || synchronous !== 2)
    throw fail('journal-not-durable', `${path} has journal_mode ${mode}, synchronous ${synchronous}`);
}

const COLUMNS =
  'epoch, number, ordinal, boot, monotonic_ms, wall_ms, clock_synchronised, event_id, kind, edge, source, note, profile, frame, checksum';

function prepared(database: Database.Database) {
  return {
    birth: database.prepare(`INSERT INTO header VALUES (1, @lane, @epoch, @newest, @newest_order, @boot, @other_newest, @alive_ms)
      ON CONFLICT DO NOTHING`),
    header: database.prepare('SELECT epoch, newest, newest_order, boot, other_newest, alive_ms FROM header'),
    update: database.prepare(`UPDATE header SET epoch = @epoch, newest = @newest, newest_order = @newest_order, boot = @boot,
      other_newest = @other_newest, alive_ms = @alive_ms`),
    insert: database.prepare(`INSERT INTO rows (${COLUMNS}) VALUES (${COLUMNS.replaceAll(/\w+/g, '@$&')})`),
    take: database.prepare(`SELECT position, ${COLUMNS} FROM rows WHERE state = 0 AND position > @after ORDER BY position`),
    settle: database.prepare(`UPDATE rows SET state = @state, reason = @reason, settled_ms = @wallMs
      WHERE epoch = @epoch AND number = @number AND state = 0`),
    quarantine: database.prepare(`UPDATE rows SET state = 3, reason = 'checksum' WHERE position = ?`),
    counts: database.prepare(`SELECT (SELECT count(*) FROM rows WHERE state = 0) AS waiting,
      (SELECT count(*) FROM rows WHERE state >= 2 AND state = 2) AS rejected, (SELECT count(*) FROM rows WHERE state >= 2 AND state = 3) AS quarantined`),
    oldest: database.prepare('SELECT wall_ms FROM rows WHERE state = 0 ORDER BY position LIMIT 1'),
    lastPosition: database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'rows'`),
    lastWord: database.prepare('SELECT ordinal, wall_ms AS wallMs, note FROM rows ORDER BY position DESC LIMIT 1'),
  };
}

function plain(row: KeptRow): Row {
  return {
    number: row.number,
    order: row.ordinal,
    frame: row.frame,
    boot: row.boot,
    monotonicMs: row.monotonic_ms,
    wallMs: row.wall_ms,
    clockSynchronised: row.clock_synchronised === 1,
  };
}
