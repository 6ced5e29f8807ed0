import { statSync } from 'node:fs';
import type { Lane } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import { checksumOf, isSound } from './checksum.ts';
import { openDatabase } from './database.ts';
import { earlierThan } from './earlier.ts';
import { giveUp } from './giving-up.ts';
import { type Header, type LaneParts, partsOf } from './lane-parts.ts';
import { type Losers, losersOf } from './losers.ts';
import type { Earlier, EarlierKind, KeptFrame, KnownRow, LaneState, Settled, Taken } from './messages.ts';
import { newerSettled, type OwedRow } from './newer-settled.ts';
import { Offers } from './offers.ts';
import { take, type Wanted } from './outgoing.ts';
import type { KeptRow, NewRow, Spared } from './row.ts';
import { setAside } from './set-aside.ts';
import { type Settlement, settle } from './settling.ts';
import { THINNABLE } from './thinnable.ts';
import { damaged } from './trouble.ts';

/** What is lost at the door while room is short. */
export interface LostAtDoor {
  /** Rows that were not taken in at all since the last commit. */
  readonly turnedAway: number;
  /** Slots that are not owed what can be thinned of the rows of this commit. */
  readonly withheld: readonly number[];
}

export const NOTHING_LOST: LostAtDoor = { turnedAway: 0, withheld: [] };

export interface LastWord {
  readonly ordinal: number;
  readonly wallMs: number;
  readonly note: string | null;
  readonly boot: number;
}

/** One lane's SQLite file. Every method is a synchronous call of the worker; none is safe to use after it threw. */
export class LaneFile {
  readonly lane: Lane;
  readonly header: Header;
  /** For what is done on the side; all that counts rows goes through the methods. */
  readonly database: Database;
  /** What is sent once more. */
  readonly offers: Offers;
  readonly #path: string;
  readonly #parts: LaneParts;
  readonly #pageBytes: number;

  /**
   * Opens the file or creates it for `lane` with `born`, its positions counting on from `known`; its rows are owed to `uplinks`.
   * Throws a SqliteError, or a Failure when it is damaged or a newer version wrote it.
   */
  constructor(
    path: string,
    lane: Lane,
    born: Header,
    known: number,
    uplinks: readonly string[],
    checkBytesMax: number = limits.JOURNAL_CHECK_BYTES_MAX,
  ) {
    this.lane = lane;
    this.#path = path;
    this.database = openDatabase(path, checkBytesMax);
    try {
      this.#parts = partsOf(this.database, lane, born, known, uplinks);
      this.header = this.#parts.header;
      this.#pageBytes = this.database.pragma('page_size', { simple: true }) as number;
      this.offers = new Offers(this.#parts);
    } catch (error) {
      this.database.close();
      // What is asked of every file of this schema cannot be asked of this one.
      throw (error as { code?: string }).code === 'SQLITE_ERROR' ? damaged(`${path}: ${(error as Error).message}`) : error;
    }
  }

  get position(): number {
    return this.#parts.tally.position;
  }

  /** Grows with every row that somebody settles: what could not be given up before it grew may be now. */
  get settled(): number {
    return this.#parts.tally.settled;
  }

  /** One durable transaction: when it returns, everything in it survives a power cut; when it throws, nothing of it happened. */
  commit(
    rows: readonly NewRow[],
    settlements: readonly Settlement[],
    header: Partial<Header>,
    { turnedAway, withheld }: LostAtDoor = NOTHING_LOST,
  ): { positions: number[]; settled: Settled[] } {
    const { statements, owed, tally } = this.#parts;
    const { positions, settled, marks } = this.database.transaction(() => {
      const positions = rows.map((row) => Number(statements.insert.run({ ...row, checksum: checksumOf(row) }).lastInsertRowid));
      const marks = owed.unmark(withheld.length === 0 ? [] : positions.filter((_, index) => THINNABLE.has(rows[index]!.kind)), withheld);
      owed.thin(marks, turnedAway);
      const settled = settlements.map((settlement) => settle(owed, settlement));
      statements.update.run({ ...this.header, ...header });
      return { positions, settled, marks };
    })();
    Object.assign(this.header, header);
    tally.came(positions);
    owed.accounts.came(rows.length);
    owed.accounts.lost(marks, turnedAway);
    for (const [index, { accepted, rejected, ended }] of settled.entries()) {
      owed.accounts.heard(settlements[index]!.uplink, accepted + rejected, tally.position);
      this.offers.heard(rejected);
      tally.heard(accepted + rejected);
      for (const ending of ended) tally.ended(ending);
    }
    return { positions, settled: settled.map(({ ended, ...rest }) => rest) };
  }

  /** Releases a piece of what uplinks that are gone were owed; false when there is nothing. */
  release(wallMs: number): boolean {
    const { owed, tally } = this.#parts;
    return owed.release(wallMs, (ending) => {
      tally.heard(1);
      tally.ended(ending);
    });
  }

  /** Where a row stands that a failed commit may have written all the same; null when it did not. */
  find({ epoch, number, event_id }: NewRow): number | null {
    const found = this.#parts.statements.find.get({ epoch, number, event_id }) as { position: number } | undefined;
    return found?.position ?? null;
  }

  /** Rows of these events among the newest, by event id. */
  again(eventIds: readonly string[]): ReadonlyMap<string, KeptRow> {
    const question = { ids: JSON.stringify(eventIds), after: this.position - limits.JOURNAL_AGAIN_ROWS };
    return new Map((this.#parts.statements.again.all(question) as KeptRow[]).map((row) => [row.event_id, row]));
  }

  /** Takes rows of a damaged file in, as they were and waiting; those it has already stay as they are. Answers how many were new. */
  adopt(rows: ReadonlyArray<NewRow & { readonly checksum: Uint8Array }>): number {
    const { statements, tally, owed } = this.#parts;
    const adopted = this.database.transaction(() => rows.map((row) => statements.adopt.run(row)).filter(({ changes }) => changes > 0))();
    tally.came(adopted.map(({ lastInsertRowid }) => Number(lastInsertRowid)));
    owed.accounts.forget();
    return adopted.length;
  }

  /** Deletes rows for want of room, in one transaction. */
  giveUp(rows: readonly Spared[]): void {
    giveUp(this.#parts, rows);
  }

  /** Who may lose rows where so many bytes of the file are to be left. */
  losers(aimBytes: number): Losers {
    return losersOf(this.#parts, this.usedBytes(), aimBytes);
  }

  /** Rows owed to an uplink between two positions, of one epoch and profile. A damaged row is set aside and never handed out. */
  take(wanted: Wanted): Taken {
    return take(this.#parts, wanted);
  }

  /** Sets a row aside whose checksum is wrong. */
  quarantine(row: Spared): void {
    setAside(this.#parts, row);
  }

  /** The newest rows, settled ones too, the last first. */
  newest(rowsMax: number): KnownRow[] {
    return this.#parts.statements.newest.all(rowsMax) as KnownRow[];
  }

  /** A piece of what stands before a position, with its frames. */
  earlier(what: EarlierKind, before: number, rowsMax: number): Earlier {
    return earlierThan(this.#parts, what, before, rowsMax);
  }

  /** What an uplink that is owed a row has settled that is newer and may be about the same. */
  newerSettled(row: OwedRow): KeptFrame[] {
    return newerSettled(this.#parts, row);
  }

  /** The last row: its place in the count over both lanes, its wall clock, and its note where the gateway spoke of itself; null where it is damaged. */
  lastWord(): LastWord | null {
    const row = this.#parts.statements.lastWord.get() as KeptRow | undefined;
    return row && isSound(row) ? { ordinal: row.ordinal, wallMs: row.wall_ms, note: row.note, boot: row.boot } : null;
  }

  /** Whether a run stopped in order, as its newest rows say: a line that did not let go in time may have been heard once more after that. */
  hasStopped(boot: number): boolean {
    const row = this.#parts.statements.stopped.get({ boot, rowsMax: limits.AFTER_STOP_ROWS }) as KeptRow | undefined;
    return row !== undefined && isSound(row);
  }

  /** Keeps the log short at the price of more writing: on a full volume a log that has grown leaves no room to be moved into the file. */
  beFrugal(isFrugal: boolean): void {
    this.database.pragma(`wal_autocheckpoint = ${isFrugal ? limits.WAL_PAGES_FRUGAL : limits.WAL_PAGES}`);
  }

  /** Moves the log into the file and empties it, so that nothing rests on pages whose writing once failed. Throws when a reader is in the way. */
  checkpoint(): void {
    const [{ busy }] = this.database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    if (busy !== 0) throw Object.assign(new Error('a reader holds the log'), { code: 'SQLITE_BUSY' });
  }

  /** What of the file holds rows. Asked with every commit. */
  usedBytes(): number {
    const { all, idle } = this.pages();
    return (all - idle) * this.#pageBytes;
  }

  /** Pages of the file, and how many of them hold nothing. */
  pages(): { readonly all: number; readonly idle: number } {
    const { pages, idlePages } = this.#parts.statements;
    return { all: pages.get() as number, idle: idlePages.get() as number };
  }

  state(): LaneState {
    const { statements, tally, owed } = this.#parts;
    const oldest = statements.oldest.get() as { wall_ms: number } | undefined;
    const { waiting, rejected, quarantined, position, forgottenMs } = tally;
    const { epoch, newest, thinned } = this.header;
    return {
      failure: null,
      ...{ epoch, newest, waiting, rejected, quarantined, thinned, forgottenMs },
      oldestMs: oldest?.wall_ms ?? null,
      aliveMs: (statements.header.get() as Header).alive_ms,
      uplinks: owed.state(),
      position,
      synchronous: statements.synchronous.get() as number,
      bytes: ['', '-wal'].reduce((sum, tail) => sum + (statSync(this.#path + tail, { throwIfNoEntry: false })?.size ?? 0), 0),
      usedBytes: this.usedBytes(),
    };
  }

  close(): void {
    this.database.close();
  }
}
