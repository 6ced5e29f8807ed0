import { LANES, type Lane, laneOf, PROFILES, type Profile, type SiteEvent } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { Chores } from './chores.ts';
import type { Settlement } from './lane-file.ts';
import { LaneFiles } from './lane-files.ts';
import type { Answer, Moment, Opened, Question, Settled, Stored, Told, ToWorker, WorkerStart } from './messages.ts';
import { pointOf } from './point.ts';
import type { NewRow } from './row.ts';
import { THINNABLE } from './thinnable.ts';
import { toldOf } from './trouble.ts';

type Append = ToWorker & { readonly ask: 'append' };
type Settle = ToWorker & { readonly ask: 'settle' };
type Alive = ToWorker & { readonly ask: 'alive' };

/** One event on its way into a lane. */
interface Slot {
  readonly event: SiteEvent;
  readonly lane: Lane;
  /** null until it has a number, and for good when it was turned away. */
  row: NewRow | null;
  /** In the file of its lane; 0 until it is committed. */
  position: number;
  isTurnedAway: boolean;
}

/** One append on its way: a slot for each of its events, in their order. */
interface Staged {
  readonly question: Append;
  readonly slots: readonly Slot[];
  refusal: Told | null;
}

/** What one group of questions writes. */
interface Work {
  readonly staged: readonly Staged[];
  readonly settles: readonly Settle[];
  readonly alive: readonly Alive[];
  readonly failed: Map<Lane, Told>;
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
  readonly #chores: Chores;

  constructor(start: WorkerStart) {
    const profile = PROFILES.get(start.profile);
    if (!profile) throw new Error(`no such profile: ${start.profile}`);
    this.#profile = profile;
    this.#start = start;
    this.#files = new LaneFiles(start);
    this.#chores = new Chores(this.#files);
  }

  opened(): Opened {
    return { ...this.#files.state(), before: this.#files.before };
  }

  /** Does a small piece of what is to be done on the side; answers how many milliseconds to rest after it. */
  tend(): number {
    return this.#chores.tend();
  }

  /** What time it is: the chores of the night go by it. */
  #hear(moment: Moment | undefined): void {
    if (moment) this.#chores.hear(moment);
  }

  /** Takes a group off the front of `pending` and answers it, the alarm lane's part first. */
  *answer(pending: ToWorker[]): Generator<readonly Answer[]> {
    const group = groupOff(pending);
    const work: Work = {
      staged: group.filter((question): question is Append => question.ask === 'append').map(stagedOf),
      settles: group.filter((question): question is Settle => question.ask === 'settle'),
      alive: group.filter((question): question is Alive => question.ask === 'alive'),
      failed: new Map(),
    };
    this.#hear(work.alive.at(-1)?.moment);
    for (const lane of LANES) this.#lookForAgain(lane, work);
    this.#number(work);
    const answered = new Set<Staged>();
    for (const lane of LANES) {
      const settled = this.#commit(lane, work);
      const ready = work.staged.filter((append) => !answered.has(append) && isDecided(append, lane));
      for (const append of ready) answered.add(append);
      const answers = [...ready.map((append) => answerOf(append, work.failed)), ...settled];
      if (answers.length > 0) yield answers;
    }
    if (work.alive.length > 0) this.#files.witness();
    if (work.settles.length > 0) this.#chores.heedReceipts();
    const rest = group.filter(({ ask }) => ask !== 'append' && ask !== 'settle' && ask !== 'alive');
    for (const question of rest) yield [this.#read(question)];
  }

  /** What was offered before may stand in the file: readable, and durable only once the log it may stand in was moved. */
  #lookForAgain(lane: Lane, { staged, failed }: Work): void {
    const slots = staged.flatMap((append) => (append.question.again ? append.slots.filter((slot) => slot.lane === lane) : []));
    if (slots.length === 0) return;
    try {
      const file = this.#files.file(lane);
      const kept = file.again(slots.map(({ event }) => event.id));
      if (kept.size > 0) file.checkpoint();
      for (const slot of slots) slot.row = kept.get(slot.event.id) ?? null;
      for (const slot of slots) slot.position = kept.get(slot.event.id)?.position ?? 0;
    } catch (error) {
      failed.set(lane, this.#files.giveUp(lane, error));
    }
  }

  /** Gives every event that is not yet written its number and its frame. An event that no frame can carry refuses its own append alone. */
  #number({ staged, failed }: Work): void {
    let counts = this.#counts(failed);
    const isShort = !failed.has('ordinary') && this.#files.isShortOfRoom();
    for (const append of staged) {
      if (append.refusal) continue;
      const trial: Counts = { order: counts.order, newest: { ...counts.newest } };
      try {
        for (const slot of append.slots.filter((each) => isOpen(each, failed)))
          this.#numberSlot(slot, append.question.moment, trial, isShort);
        counts = trial;
      } catch (error) {
        append.refusal = toldOf(fail('event-unencodable', (error as Error).message, error));
      }
    }
  }

  #numberSlot(slot: Slot, moment: Moment, counts: Counts, isShort: boolean): void {
    slot.isTurnedAway = isShort && slot.lane === 'ordinary' && THINNABLE.has(slot.event.kind);
    if (slot.isTurnedAway) this.#files.turnAway(1);
    slot.row = slot.isTurnedAway ? null : this.#row(slot, moment, counts);
  }

  /** A lane whose file cannot be opened fails alone. */
  #counts(failed: Work['failed']): Counts {
    const newest: Record<Lane, number> = { alarm: 0, ordinary: 0 };
    for (const lane of LANES) {
      try {
        newest[lane] = this.#files.file(lane).header.newest;
      } catch (error) {
        failed.set(lane, this.#files.giveUp(lane, error));
      }
    }
    return { order: this.#files.newestOrder(), newest };
  }

  #row({ event, lane }: Slot, { wallMs, monotonicMs, synchronised }: Moment, counts: Counts): NewRow {
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
      point: pointOf(event),
      profile: this.#profile.name,
      frame,
    };
  }

  /** One lane's transaction, tried again once where something could be done about its failure. Answers what is no append. */
  #commit(lane: Lane, work: Work): Answer[] {
    const ours = work.settles.filter(({ receipt }) => receipt.lane === lane);
    const alive = lane === 'ordinary' ? work.alive : [];
    for (let isFirst = true; ; isFirst = false) {
      const earlier = work.failed.get(lane);
      if (earlier) return [...ours, ...alive].map(({ id }) => ({ id, failure: earlier }));
      try {
        const settled = this.#write(lane, work, ours, alive);
        return [...ours.map(({ id }, index) => ({ id, value: settled[index]! })), ...alive.map(({ id }) => ({ id, value: null }))];
      } catch (error) {
        if (isFirst && this.#files.cure(lane, error)) this.#numberAgain(lane, work);
        else work.failed.set(lane, this.#files.giveUp(lane, error));
      }
    }
  }

  /** After a cure: what a failed commit wrote all the same is found again, everything else gets numbers of the file as it is now. */
  #numberAgain(lane: Lane, work: Work): void {
    try {
      const file = this.#files.file(lane);
      for (const slot of slotsOf(work, lane)) slot.position = file.find(slot.row!) ?? 0;
    } catch (error) {
      work.failed.set(lane, this.#files.giveUp(lane, error));
    }
    this.#number(work);
  }

  #write(lane: Lane, work: Work, settles: readonly Settlement[], alive: readonly Alive[]): readonly Settled[] {
    const slots = slotsOf(work, lane);
    if (slots.length === 0 && settles.length === 0 && alive.length === 0) return [];
    const file = this.#files.file(lane);
    const last = slots.at(-1)?.row;
    const relief = lane === 'ordinary' ? this.#files.relief(lane) : null;
    if (slots.length > 0) relief?.makeRoom();
    const turnedAway = relief ? this.#files.turnedAway : 0;
    const { positions, settled } = file.commit(
      slots.map(({ row }) => row!),
      settles,
      {
        ...(last ? { newest: last.number, newest_order: last.ordinal } : {}),
        thinned: file.header.thinned + turnedAway,
        other_newest: this.#files.otherNewest(lane),
        alive_ms: alive.at(-1)?.moment.wallMs ?? file.header.alive_ms,
      },
      { turnedAway, withheld: relief?.door().withheld ?? [] },
    );
    if (turnedAway > 0) this.#files.turnedAwayIsKept();
    for (const [index, slot] of slots.entries()) slot.position = positions[index]!;
    this.#files.commits += 1;
    return settled;
  }

  #read(question: ToWorker): Answer {
    const { id } = question;
    if (question.ask === 'close') {
      this.#files.close();
      this.isClosed = true;
      return { id, value: null };
    }
    for (let isFirst = true; ; isFirst = false) {
      try {
        return { id, value: this.#valueOf(question) };
      } catch (error) {
        if (question.ask !== 'take') return { id, failure: toldOf(error) };
        if (!isFirst || !this.#files.cure(question.lane, error)) return { id, failure: this.#files.giveUp(question.lane, error) };
      }
    }
  }

  #valueOf(question: Question): unknown {
    if (question.ask === 'take') return this.#files.file(question.lane).take(question);
    if (question.ask === 'outrank') return this.#chores.outrank(question);
    if (question.ask === 'newest') return LANES.flatMap((lane) => this.#files.file(lane).newest(question.rowsMax));
    return this.#files.state();
  }
}

function stagedOf(question: Append): Staged {
  const slots = question.events.map((event) => ({ event, lane: laneOf(event), row: null, position: 0, isTurnedAway: false }));
  return { question, slots, refusal: null };
}

/** Neither written nor turned away, in a lane that works. */
function isOpen({ lane, position, isTurnedAway }: Slot, failed: Work['failed']): boolean {
  return position === 0 && !isTurnedAway && !failed.has(lane);
}

/** What is numbered for a lane and not yet written. */
function slotsOf({ staged }: Work, lane: Lane): Slot[] {
  return staged.flatMap(({ slots, refusal }) =>
    refusal ? [] : slots.filter((slot) => slot.lane === lane && slot.row !== null && slot.position === 0),
  );
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
function isDecided({ slots, refusal }: Staged, lane: Lane): boolean {
  return lane === 'ordinary' || refusal !== null || slots.every((slot) => slot.lane === lane);
}

function answerOf({ question, slots, refusal }: Staged, failed: Work['failed']): Answer {
  const unwritten = slots.filter(({ position, isTurnedAway }) => position === 0 && !isTurnedAway);
  const failure = refusal ?? unwritten.map(({ lane }) => failed.get(lane)).find((told) => told !== undefined);
  if (failure) return { id: question.id, failure };
  const stored: Stored[] = slots.flatMap(({ row, lane, position }) =>
    row ? [{ eventId: row.event_id, lane, epoch: row.epoch, number: row.number, order: row.ordinal, position }] : [],
  );
  return { id: question.id, value: stored };
}
