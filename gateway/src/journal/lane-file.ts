import { statSync } from 'node:fs';
import { type Lane, NUMBER_TAKEN, type Receipt, type Row } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import { checksumOf } from './checksum.ts';
import { openDatabase } from './database.ts';
import type { KnownRow, LaneState, Settled, Taken } from './messages.ts';
import { Owed, runsOf } from './owed.ts';
import { Refusals } from './refusals.ts';
import type { NewRow, RejectedRow } from './row.ts';
import { ROW_STATES } from './schema.ts';
import { prepared, type Statements } from './statements.ts';

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

export interface KeptRow extends NewRow {
  readonly position: number;
  readonly checksum: Uint8Array;
}

/** A row that is given up. */
export interface Spared {
  readonly position: number;
  readonly state: number;
}

export interface Settlement {
  /** Whose receipt it is. */
  readonly uplink: string;
  readonly receipt: Receipt;
  readonly wallMs: number;
}

export interface Superseding {
  readonly uplink: string;
  readonly epoch: number;
  /** The highest number that the collector has: what came before this run may be what it has up to there. */
  readonly floor: number;
  /** This run, and the highest number it sent: nobody has more of what it wrote. */
  readonly boot: number;
  readonly sent: number;
  readonly rowsMax: number;
  readonly wallMs: number;
}

/** What an uplink asks for: what it is owed behind a position and up to another. */
export interface Wanted {
  readonly uplink: string;
  readonly after: number;
  readonly upTo: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export interface LastWord {
  readonly ordinal: number;
  readonly wallMs: number;
  readonly note: string | null;
}

/** Protobuf around one frame: seven tags and at most this many bytes of numbers and lengths. */
const ROW_OVERHEAD_BYTES = 64;

/** One lane's SQLite file. Every method is a synchronous call of the worker; none is safe to use after it threw. */
export class LaneFile {
  readonly lane: Lane;
  readonly header: Header;
  /** For what is done on the side; all that counts rows goes through the methods. */
  readonly database: Database;
  readonly #path: string;
  readonly #statements: Statements;
  readonly #owed: Owed;
  readonly #refusals: Refusals;
  /** A row may have been rejected for its number that was not looked at yet. */
  #mayBeTaken = true;
  #waiting: number;
  #rejected: number;
  #quarantined: number;
  #position: number;

  /**
   * Opens the file or creates it for `lane` with `born`, its positions counting on from `known`; its rows are owed to `uplinks`.
   * Throws a SqliteError, or a Failure when it is damaged or a newer version wrote it.
   */
  constructor(path: string, lane: Lane, born: Header, known: number, uplinks: readonly string[]) {
    this.lane = lane;
    this.#path = path;
    this.database = openDatabase(path);
    try {
      this.#statements = prepared(this.database);
      this.#statements.birth.run({ lane, ...born });
      this.header = this.#statements.header.get() as Header;
      this.#refusals = new Refusals(this.database);
      this.#owed = new Owed(this.database, this.#refusals);
      this.#owed.assign(uplinks);
      const counted = this.#statements.counts.get() as { waiting: number; rejected: number; quarantined: number };
      this.#waiting = counted.waiting;
      this.#rejected = counted.rejected;
      this.#quarantined = counted.quarantined;
      this.#position = this.#countOn(known);
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Last position there is; of an empty file the one before it is to begin. */
  #countOn(known: number): number {
    const { seq } = (this.#statements.lastPosition.get() as { seq: number } | undefined) ?? {};
    if (seq === undefined && known > 0) this.#statements.countFrom.run(known);
    return seq ?? known;
  }

  get position(): number {
    return this.#position;
  }

  /** One durable transaction: when it returns, everything in it survives a power cut; when it throws, nothing of it happened. */
  commit(
    rows: readonly NewRow[],
    settlements: readonly Settlement[],
    header: Partial<Header>,
  ): { positions: number[]; settled: Settled[] } {
    const result = this.database.transaction(() => {
      const positions = rows.map((row) => Number(this.#statements.insert.run({ ...row, checksum: checksumOf(row) }).lastInsertRowid));
      const settled = settlements.map((settlement) => this.#settle(settlement));
      this.#statements.update.run({ ...this.header, ...header });
      return { positions, settled };
    })();
    Object.assign(this.header, header);
    this.#position = result.positions.at(-1) ?? this.#position;
    this.#waiting += rows.length;
    this.#owed.wrote(rows.length);
    for (const [index, { accepted, rejected, ended }] of result.settled.entries()) {
      this.#owed.settled(settlements[index]!.uplink, accepted + rejected);
      this.#mayBeTaken ||= rejected > 0;
      for (const ending of ended) this.#count(ending);
    }
    return { positions: result.positions, settled: result.settled.map(({ ended, ...settled }) => settled) };
  }

  #count(ending: 'accepted' | 'rejected'): void {
    this.#waiting -= 1;
    if (ending === 'rejected') this.#rejected += 1;
  }

  #settle({ uplink, receipt, wallMs }: Settlement): Settled & { readonly ended: ReadonlyArray<'accepted' | 'rejected'> } {
    const { epoch, accepted, rejected } = receipt;
    const taken = runsOf(accepted).map((run) => this.#owed.accept(uplink, epoch, run, wallMs));
    const refused = rejected.flatMap(({ number, reason }) => this.#owed.settle(uplink, epoch, number, reason, wallMs) ?? []);
    const settled = taken.reduce((sum, run) => sum + run.settled, 0);
    return {
      accepted: settled,
      rejected: refused.length,
      unknown: accepted.length + rejected.length - settled - refused.length,
      ended: [...taken.flatMap(({ endings }) => endings), ...refused.map(({ ending }) => ending)].flatMap((ending) => ending ?? []),
    };
  }

  /** Releases a piece of what uplinks that are gone were owed; false when there is nothing. */
  release(wallMs: number): boolean {
    return this.#owed.release(wallMs, (ending) => this.#count(ending));
  }

  /** Where a row stands that a failed commit may have written all the same; null when it did not. */
  find({ epoch, number, event_id }: NewRow): number | null {
    return (this.#statements.find.get({ epoch, number, event_id }) as { position: number } | undefined)?.position ?? null;
  }

  /** Rows of these events among the newest, by event id. */
  again(eventIds: readonly string[]): ReadonlyMap<string, KeptRow> {
    const question = { ids: JSON.stringify(eventIds), after: this.#position - limits.JOURNAL_AGAIN_ROWS };
    return new Map((this.#statements.again.all(question) as KeptRow[]).map((row) => [row.event_id, row]));
  }

  /** Rows whose number an uplink knows for another row, at most so many. */
  taken(rows: number): RejectedRow[] {
    const taken = this.#mayBeTaken ? this.#refusals.taken(rows) : [];
    this.#mayBeTaken = taken.length > 0;
    return taken;
  }

  /**
   * Counts rows of an epoch that wait for an uplink, and that its collector cannot have, as rejected for their number: the newest, at most so
   * many. Then they can be given others.
   */
  supersede({ uplink, wallMs, ...which }: Superseding): void {
    const { epoch } = which;
    const rows = this.#statements.above.all({ ...which, after: 0, slot: this.#owed.slotOf(uplink) }) as Array<{ number: number }>;
    const rejected = rows.map(({ number }) => ({
      number,
      reason: `${NUMBER_TAKEN}, or a higher one: the journal was put back from a copy`,
    }));
    if (rejected.length > 0)
      this.commit([], [{ uplink, receipt: { gateway: '', epoch, lane: this.lane, accepted: [], rejected }, wallMs }], {});
  }

  /** Whether a number up to `highest` was given in this run, and never sent: who has that one has it of another copy. */
  hasGiven(highest: number, { epoch, boot, sent }: Pick<Superseding, 'epoch' | 'boot' | 'sent'>): boolean {
    const row = this.#statements.upTo.get({ epoch, highest }) as { number: number; boot: number } | undefined;
    return row !== undefined && row.boot === boot && row.number > sent;
  }

  /** Leaves such rows rejected as they are. One transaction. */
  letStay(rows: readonly RejectedRow[]): void {
    this.database.transaction(() => this.#refusals.letStay(rows))();
  }

  /**
   * Offers rows again, under the next numbers of the epoch as it is now, to those who knew others by their numbers. A row that others
   * are owed, or rejected for what it says, stays beside it as it is. `orders`: each row's count over both lanes, rising. One transaction.
   */
  renumber(taken: readonly RejectedRow[], orders: readonly number[]): void {
    const { epoch, newest } = this.header;
    const offers = taken.map((row, index) => ({ row, ordinal: orders[index]!, slots: this.#refusals.takers(row.position) }));
    const renamed = offers
      .filter(({ slots }) => slots.length > 0)
      .map(({ row, ordinal, slots }, index) => ({ row: { ...row, epoch, number: newest + 1 + index, ordinal }, slots }));
    this.#offer(renamed, { newest: newest + renamed.length, newest_order: renamed.at(-1)?.row.ordinal ?? this.header.newest_order }, () =>
      taken.filter(({ position }) => this.#refusals.lift(position)),
    );
  }

  /** Lets rejected rows wait again under the numbers they have; rows that are not rejected stay as they are. One transaction. */
  retry(names: ReadonlyArray<{ readonly epoch: number; readonly number: number }>): void {
    const rejected = names.flatMap(
      ({ epoch, number }) => (this.#statements.rejected.get({ epoch, number }) as RejectedRow | undefined) ?? [],
    );
    const offers = rejected.map((row) => ({ row, slots: this.#refusals.rejecters(row.position) }));
    if (rejected.length > 0) this.#offer(offers, {}, () => rejected);
  }

  /** Behind everything that waits, so that whoever follows the lane comes upon them. `replaced` answers which rejected rows go for them. */
  #offer(
    offers: ReadonlyArray<{ readonly row: RejectedRow; readonly slots: readonly number[] }>,
    header: Partial<Header>,
    replaced: () => readonly RejectedRow[],
  ): void {
    const { gone, positions } = this.database.transaction(() => {
      const gone = replaced();
      for (const { position } of gone) this.#statements.remove.run(position);
      const positions = offers.map(({ row: { position: _, state: __, ...row }, slots }) => {
        const { lastInsertRowid } = this.#statements.insert.run({ ...row, checksum: checksumOf(row) });
        this.#refusals.oweOnly(Number(lastInsertRowid), slots);
        return Number(lastInsertRowid);
      });
      this.#statements.update.run({ ...this.header, ...header });
      return { gone, positions };
    })();
    Object.assign(this.header, header);
    this.#position = positions.at(-1) ?? this.#position;
    this.#rejected -= gone.length;
    this.#waiting += positions.length;
    this.#owed.recount();
  }

  /** Takes rows of a damaged file in, as they were and waiting; those it has already stay as they are. Answers how many were new. */
  adopt(rows: ReadonlyArray<NewRow & { readonly checksum: Uint8Array }>): number {
    const adopted = this.database.transaction(() =>
      rows.map((row) => this.#statements.adopt.run(row)).filter(({ changes }) => changes > 0),
    )();
    this.#position = Number(adopted.at(-1)?.lastInsertRowid ?? this.#position);
    this.#waiting += adopted.length;
    this.#owed.recount();
    return adopted.length;
  }

  /** Deletes rows in one transaction. Those that nobody has are counted for good. */
  giveUp(rows: readonly Spared[]): void {
    const of = (state: number) => rows.filter((row) => row.state === state).length;
    const thinned = this.header.thinned + rows.filter(({ state }) => state !== ROW_STATES.accepted).length;
    this.database.transaction(() => {
      for (const { position } of rows) this.#statements.remove.run(position);
      this.#statements.update.run({ ...this.header, thinned });
    })();
    this.header.thinned = thinned;
    this.#owed.recount();
    this.#waiting -= of(ROW_STATES.waiting);
    this.#rejected -= of(ROW_STATES.rejected);
    this.#quarantined -= of(ROW_STATES.quarantined);
  }

  /** Rows owed to an uplink between two positions, of one epoch and profile. A damaged row is set aside and never handed out. */
  take(wanted: Wanted): Taken {
    const { uplink, after, upTo, rowsMax, bytesMax } = wanted;
    const rows: KeptRow[] = [];
    let bytes = 0;
    let last = Math.min(this.#position, upTo);
    for (const row of this.#statements.take.iterate({ slot: this.#owed.slotOf(uplink), after, upTo }) as Iterable<KeptRow>) {
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
    if (sound.length === 0 && rows.length > 0) return this.take({ ...wanted, after: rows.at(-1)!.position });
    return { epoch: sound[0]?.epoch ?? this.header.epoch, profile: sound[0]?.profile ?? '', rows: plain(sound), last };
  }

  #isSound(row: KeptRow): boolean {
    if (checksumOf(row).equals(row.checksum)) return true;
    this.quarantine({ position: row.position, state: ROW_STATES.waiting });
    return false;
  }

  /** Sets a row aside whose checksum is wrong: kept, shown, never sent. */
  quarantine({ position, state }: Spared): void {
    this.#statements.quarantine.run(position);
    this.#owed.recount();
    this.#quarantined += 1;
    if (state === ROW_STATES.waiting) this.#waiting -= 1;
    if (state === ROW_STATES.rejected) this.#rejected -= 1;
  }

  /** The newest rows, settled ones too, the last first. */
  newest(rowsMax: number): KnownRow[] {
    return this.#statements.newest.all(rowsMax) as KnownRow[];
  }

  /** The last row: its place in the count over both lanes, its wall clock, and its note where the gateway spoke of itself. */
  lastWord(): LastWord | null {
    return (this.#statements.lastWord.get() as LastWord | undefined) ?? null;
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

  usedBytes(): number {
    return (this.#number('page_count') - this.#number('freelist_count')) * this.#number('page_size');
  }

  state(): LaneState {
    const oldest = this.#statements.oldest.get() as { wall_ms: number } | undefined;
    return {
      epoch: this.header.epoch,
      newest: this.header.newest,
      waiting: this.#waiting,
      rejected: this.#rejected,
      quarantined: this.#quarantined,
      thinned: this.header.thinned,
      oldestMs: oldest?.wall_ms ?? null,
      aliveMs: (this.#statements.header.get() as Header).alive_ms,
      uplinks: this.#owed.state(),
      position: this.#position,
      synchronous: this.#number('synchronous'),
      bytes: ['', '-wal'].reduce((sum, tail) => sum + (statSync(this.#path + tail, { throwIfNoEntry: false })?.size ?? 0), 0),
      usedBytes: this.usedBytes(),
    };
  }

  close(): void {
    this.database.close();
  }

  #number(pragma: string): number {
    return this.database.pragma(pragma, { simple: true }) as number;
  }
}

/** Frames stand side by side in one buffer: the way to the other thread would copy each by itself, and that costs more than reading it. */
function plain(rows: readonly KeptRow[]): Row[] {
  const bytes = new Uint8Array(rows.reduce((sum, { frame }) => sum + frame.length, 0));
  let at = 0;
  return rows.map((row) => {
    const frame = bytes.subarray(at, at + row.frame.length);
    frame.set(row.frame);
    at += frame.length;
    return {
      number: row.number,
      order: row.ordinal,
      frame,
      boot: row.boot,
      monotonicMs: row.monotonic_ms,
      wallMs: row.wall_ms,
      clockSynchronised: row.clock_synchronised === 1,
    };
  });
}
