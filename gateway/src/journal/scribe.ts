import { LANES, type Lane, laneOf, PROFILES, type Profile, type SiteEvent } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { NewRow, Settlement } from './lane-file.ts';
import { LaneFiles, toldOf } from './lane-files.ts';
import type { Answer, Moment, Opened, Question, Settled, Stored, Told, ToWorker, WorkerStart } from './messages.ts';

type Append = ToWorker & { readonly ask: 'append' };
type Settle = ToWorker & { readonly ask: 'settle' };
type Alive = ToWorker & { readonly ask: 'alive' };

interface StagedRow {
  readonly lane: Lane;
  readonly row: NewRow;
  /** In the file of its lane; 0 until it is committed. */
  position: number;
}

/** One append on its way: a row for each of its events, in their order. */
interface Staged {
  readonly question: Append;
  readonly rows: readonly StagedRow[];
}

/** What one transaction of one lane takes in. */
interface Group {
  readonly rows: NewRow[];
  readonly settles: Settle[];
}

/** Numbers given out and not yet committed. */
interface Counts {
  order: number;
  readonly newest: Record<Lane, number>;
}

/** Turns groups of questions into transactions and answers. Synchronous: it lives in the worker. */
export class Scribe {
  isClosed = false;
  readonly #files: LaneFiles;
  readonly #start: WorkerStart;
  readonly #profile: Profile;

  constructor(start: WorkerStart) {
    const profile = PROFILES.get(start.profile);
    if (!profile) throw new Error(`no such profile: ${start.profile}`);
    this.#profile = profile;
    this.#start = start;
    this.#files = new LaneFiles(start);
  }

  opened(): Opened {
    return { ...this.#files.state(), before: this.#files.before };
  }

  /** Takes a group off the front of `pending` and answers it, the alarm lane's part first. */
  *answer(pending: ToWorker[]): Generator<readonly Answer[]> {
    const group = groupOff(pending);
    const appends = group.filter((question): question is Append => question.ask === 'append');
    const settles = group.filter((question): question is Settle => question.ask === 'settle');
    const alive = group.filter((question): question is Alive => question.ask === 'alive');
    const { staged, refused } = this.#stage(appends);
    if (refused.length > 0) yield refused;
    const failed = new Map<Lane, Told>();
    const answered = new Set<Staged>();
    for (const lane of LANES) {
      const settled = this.#commit(lane, staged, settles, lane === 'ordinary' ? alive : [], failed);
      const ready = staged.filter((append) => !answered.has(append) && isDecided(append, lane));
      for (const append of ready) answered.add(append);
      const answers = [...ready.map((append) => answerOf(append, failed)), ...settled];
      if (answers.length > 0) yield answers;
    }
    const rest = group.filter(({ ask }) => ask !== 'append' && ask !== 'settle' && ask !== 'alive');
    for (const question of rest) yield [this.#read(question)];
  }

  /** Gives every event its number and its frame. An event that no frame can carry refuses its own append alone. */
  #stage(appends: readonly Append[]): { staged: Staged[]; refused: Answer[] } {
    const staged: Staged[] = [];
    const refused: Answer[] = [];
    let counts: Counts;
    try {
      counts = this.#counts();
    } catch (error) {
      const failure = toldOf(error);
      return { staged, refused: appends.map(({ id }) => ({ id, failure })) };
    }
    for (const question of appends) {
      const trial: Counts = { order: counts.order, newest: { ...counts.newest } };
      try {
        const rows = question.events.map((event) => ({ lane: laneOf(event), row: this.#row(event, question.moment, trial), position: 0 }));
        staged.push({ question, rows });
        counts = trial;
      } catch (error) {
        refused.push({ id: question.id, failure: toldOf(fail('event-unencodable', (error as Error).message, error)) });
      }
    }
    return { staged, refused };
  }

  #counts(): Counts {
    const newest = { alarm: this.#files.file('alarm').header.newest, ordinary: this.#files.file('ordinary').header.newest };
    return { order: this.#files.newestOrder(), newest };
  }

  #row(event: SiteEvent, { wallMs, monotonicMs, synchronised }: Moment, counts: Counts): NewRow {
    const lane = laneOf(event);
    const number = ++counts.newest[lane];
    const { source, destination, zoneMinutes } = this.#start;
    const frame = this.#profile.write(event, { serial: number % 65_536, source, destination, sentMs: wallMs, zoneMinutes });
    return {
      epoch: this.#files.file(lane).header.epoch,
      number,
      ordinal: ++counts.order,
      boot: this.#files.boot,
      monotonic_ms: Math.round(monotonicMs),
      wall_ms: Math.round(wallMs),
      clock_synchronised: synchronised ? 1 : 0,
      event_id: event.id,
      kind: event.kind,
      edge: event.edge,
      source: event.source,
      note: event.note ?? null,
      profile: this.#profile.name,
      frame,
    };
  }

  /** One lane's transaction. Marks the lane as failed when it did not happen; answers what is no append. */
  #commit(lane: Lane, staged: readonly Staged[], settles: readonly Settle[], alive: readonly Alive[], failed: Map<Lane, Told>): Answer[] {
    const rows = staged.flatMap((append) => append.rows.filter((row) => row.lane === lane));
    const ours = settles.filter(({ receipt }) => receipt.lane === lane);
    if (rows.length === 0 && ours.length === 0 && alive.length === 0) return [];
    try {
      const { positions, settled } = this.#write(lane, { rows: rows.map(({ row }) => row), settles: ours }, alive);
      for (const [index, row] of rows.entries()) row.position = positions[index]!;
      return [...ours.map(({ id }, index) => ({ id, value: settled[index]! })), ...alive.map(({ id }) => ({ id, value: null }))];
    } catch (error) {
      const failure = this.#files.giveUp(lane, error);
      failed.set(lane, failure);
      return [...ours, ...alive].map(({ id }) => ({ id, failure }));
    }
  }

  #write(lane: Lane, { rows, settles }: Group, alive: readonly Alive[]): { positions: number[]; settled: Settled[] } {
    const file = this.#files.file(lane);
    const last = rows.at(-1);
    const result = file.commit(rows, settles satisfies readonly Settlement[], {
      ...(last ? { newest: last.number, newest_order: last.ordinal } : {}),
      other_newest: this.#files.otherNewest(lane),
      alive_ms: alive.at(-1)?.wallMs ?? file.header.alive_ms,
    });
    this.#files.commits += 1;
    return result;
  }

  #read(question: ToWorker): Answer {
    const { id } = question;
    if (question.ask === 'close') {
      this.#files.close();
      this.isClosed = true;
      return { id, value: null };
    }
    try {
      return { id, value: this.#valueOf(question) };
    } catch (error) {
      return { id, failure: question.ask === 'take' ? this.#files.giveUp(question.lane, error) : toldOf(error) };
    }
  }

  #valueOf(question: Question): unknown {
    if (question.ask === 'take') return this.#files.file(question.lane).take(question.after, question.rowsMax, question.bytesMax);
    return this.#files.state();
  }
}

/** Questions of one group: as many events as one transaction may hold, and never past a close. */
function groupOff(pending: ToWorker[]): ToWorker[] {
  let events = 0;
  let taken = 0;
  for (const question of pending) {
    events += question.ask === 'append' ? question.events.length : 0;
    if (taken > 0 && events > limits.JOURNAL_GROUP_MAX) break;
    taken += 1;
    if (question.ask === 'close') break;
  }
  return pending.splice(0, taken);
}

/** An append is decided with the last lane it writes to; an empty one with the first. */
function isDecided({ rows }: Staged, lane: Lane): boolean {
  return lane === 'ordinary' || rows.every((row) => row.lane === lane);
}

function answerOf({ question, rows }: Staged, failed: ReadonlyMap<Lane, Told>): Answer {
  const failure = rows.map(({ lane }) => failed.get(lane)).find((told) => told !== undefined);
  if (failure) return { id: question.id, failure };
  const stored: Stored[] = rows.map(({ lane, row, position }) => ({
    eventId: row.event_id,
    lane,
    epoch: row.epoch,
    number: row.number,
    order: row.ordinal,
    position,
  }));
  return { id: question.id, value: stored };
}
