import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { checksumOf, type Sealed } from './checksum.ts';
import { ROW_STATES, refuseNewer } from './schema.ts';
import { toldOf } from './trouble.ts';
import { type RawWaits, type Waits, waitsColumns, waitsOf } from './waiting-for.ts';

export type RowState = keyof typeof ROW_STATES;

/** A row of the journal as it lies in its file. */
export interface JournalRow extends Waits {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
  readonly order: number;
  readonly boot: number;
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly clockSynchronised: boolean;
  readonly eventId: string;
  readonly kind: string;
  readonly edge: string;
  readonly source: string;
  readonly profile: string;
  readonly frame: Uint8Array;
  readonly state: RowState;
  /** Why it was rejected or set aside. */
  readonly reason: string | null;
  readonly settledMs: number | null;
  /** Whether its checksum is right. */
  readonly isSound: boolean;
}

/** Which rows are wanted; what is absent does not matter. Times are wall clock, milliseconds since 1970-01-01 UTC, the later one excluded. */
export interface RowFilter {
  readonly lanes?: readonly Lane[];
  readonly kinds?: readonly string[];
  readonly edges?: readonly string[];
  readonly states?: readonly RowState[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly fromNumber?: number;
  readonly toNumber?: number;
  readonly epoch?: number;
  readonly boot?: number;
}

export interface Place {
  readonly epoch: number;
  readonly number: number;
}

export type Direction = 'oldest-first' | 'newest-first';

const BEFORE_ALL: Place = { epoch: -1, number: 0 };
const BEHIND_ALL: Place = { epoch: Number.MAX_SAFE_INTEGER, number: 0 };
const STATES = Object.fromEntries(Object.entries(ROW_STATES).map(([name, code]) => [code, name])) as Record<number, RowState>;

interface Raw extends Sealed, RawWaits {
  readonly kind: string;
  readonly edge: string;
  readonly source: string;
  readonly checksum: Uint8Array;
  readonly state: number;
  readonly reason: string | null;
  readonly settled_ms: number | null;
}

/** One lane's file, read in windows: each is a transaction of its own, so that the writer's log is never held for long. */
class LaneReader {
  readonly lane: Lane;
  readonly #database: Database.Database;
  readonly #path: string;

  constructor(path: string, lane: Lane) {
    this.lane = lane;
    this.#path = path;
    this.#database = new Database(path, { readonly: true, fileMustExist: true, timeout: limits.JOURNAL_LOCK_TIMEOUT_MS });
    try {
      refuseNewer(this.#database, path);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  *rows(filter: RowFilter, direction: Direction, from: Place): Generator<JournalRow> {
    const isForward = direction === 'oldest-first';
    const [beyond, within, order] = isForward ? ['>', '<=', ''] : ['<', '>=', 'DESC'];
    const sorted = `ORDER BY epoch ${order}, number ${order}`;
    const { where, bound } = conditionsOf(filter);
    const border = this.#database.prepare(`SELECT epoch, number FROM rows WHERE (epoch, number) ${beyond} (@epoch, @number)
      ${sorted} LIMIT 1 OFFSET ${limits.READ_WINDOW_ROWS - 1}`);
    const window = this.#database.prepare(`SELECT epoch, number, ordinal, boot, monotonic_ms, wall_ms, clock_synchronised, event_id,
      kind, edge, source, profile, frame, checksum, state, reason, settled_ms, ${waitsColumns(this.#database)} FROM rows
      WHERE (epoch, number) ${beyond} (@epoch, @number) AND (epoch, number) ${within} (@toEpoch, @toNumber) ${where} ${sorted}`);
    for (let at: Place | null = from; at; ) {
      const to = border.get(at) as Place | undefined;
      const end = to ?? (isForward ? BEHIND_ALL : BEFORE_ALL);
      for (const raw of window.all({ ...at, toEpoch: end.epoch, toNumber: end.number, ...bound }) as Raw[]) yield rowOf(this.lane, raw);
      at = to ?? null;
    }
  }

  close(): void {
    this.#database.close();
  }

  get path(): string {
    return this.#path;
  }
}

/**
 * Reads a journal beside the gateway that writes it, or a copy of one. Read-only: nothing in the files changes, nobody waits.
 * Rows of both lanes come in the order in which the gateway heard them. Everything throws a Failure.
 */
export class JournalReader implements Disposable {
  readonly #lanes: readonly LaneReader[];

  /** Opens what there is in a folder. Throws a Failure: `journal-absent`, `journal-newer`, `journal-unreadable`. */
  constructor(directory: string) {
    const lanes: LaneReader[] = [];
    try {
      for (const lane of LANES) {
        const path = join(directory, `${lane}.sqlite`);
        if (existsSync(path)) lanes.push(translated(path, () => new LaneReader(path, lane)));
      }
    } catch (error) {
      for (const lane of lanes) lane.close();
      throw error;
    }
    if (lanes.length === 0) throw fail('journal-absent', directory);
    this.#lanes = lanes;
  }

  /** Rows that are wanted, behind a place of each lane where one is given. One window of each lane is in memory. */
  *rows(filter: RowFilter, direction: Direction, from: Partial<Record<Lane, Place>> = {}): Generator<JournalRow> {
    const isForward = direction === 'oldest-first';
    const start = isForward ? BEFORE_ALL : BEHIND_ALL;
    const lanes = this.#lanes.filter(({ lane }) => filter.lanes?.includes(lane) ?? true);
    const heads = lanes.map((reader) => {
      const rows = reader.rows(filter, direction, from[reader.lane] ?? start);
      const next = () => translated(reader.path, () => rows.next().value as JournalRow | undefined);
      return { next, row: next() };
    });
    for (;;) {
      const first = heads.filter(({ row }) => row !== undefined).sort((one, other) => inOrder(one.row!, other.row!, isForward))[0];
      if (!first) return;
      yield first.row!;
      first.row = first.next();
    }
  }

  [Symbol.dispose](): void {
    for (const lane of this.#lanes) lane.close();
  }
}

function inOrder(one: JournalRow, other: JournalRow, isForward: boolean): number {
  const order = one.epoch - other.epoch || one.order - other.order;
  return isForward ? order : -order;
}

function conditionsOf(filter: RowFilter): { readonly where: string; readonly bound: Record<string, unknown> } {
  const list = (values: readonly unknown[] | undefined) => (values ? JSON.stringify(values) : undefined);
  const conditions: ReadonlyArray<readonly [sql: string, name: string, value: unknown]> = [
    ['kind IN (SELECT value FROM json_each(@kinds))', 'kinds', list(filter.kinds)],
    ['edge IN (SELECT value FROM json_each(@edges))', 'edges', list(filter.edges)],
    ['state IN (SELECT value FROM json_each(@states))', 'states', list(filter.states?.map((state) => ROW_STATES[state]))],
    ['wall_ms >= @sinceMs', 'sinceMs', filter.sinceMs],
    ['wall_ms < @untilMs', 'untilMs', filter.untilMs],
    ['number >= @fromNumber', 'fromNumber', filter.fromNumber],
    ['number <= @toNumberAsked', 'toNumberAsked', filter.toNumber],
    ['epoch = @epochAsked', 'epochAsked', filter.epoch],
    ['boot = @boot', 'boot', filter.boot],
  ];
  const asked = conditions.filter(([, , value]) => value !== undefined);
  return {
    where: asked.map(([sql]) => `AND ${sql}`).join(' '),
    bound: Object.fromEntries(asked.map(([, name, value]) => [name, value])),
  };
}

function rowOf(lane: Lane, raw: Raw): JournalRow {
  return {
    lane,
    epoch: raw.epoch,
    number: raw.number,
    order: raw.ordinal,
    boot: raw.boot,
    monotonicMs: raw.monotonic_ms,
    wallMs: raw.wall_ms,
    clockSynchronised: raw.clock_synchronised === 1,
    eventId: raw.event_id,
    kind: raw.kind,
    edge: raw.edge,
    source: raw.source,
    profile: raw.profile,
    frame: raw.frame,
    state: STATES[raw.state] ?? 'quarantined',
    reason: raw.reason,
    settledMs: raw.settled_ms,
    ...waitsOf(raw),
    isSound: checksumOf(raw).equals(raw.checksum),
  };
}

/** What SQLite throws, in our words. */
function translated<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as Error).name === 'Failure') throw error;
    throw fail('journal-unreadable', `${path}: ${toldOf(error).detail}`, error);
  }
}
