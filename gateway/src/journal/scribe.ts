import { LANES, type Lane, PROFILES } from '@fengsui/protocol';
import { beforeThis } from './before.ts';
import { Chores } from './chores.ts';
import { Cures } from './cures.ts';
import { type LaneFile, NOTHING_LOST } from './lane-file.ts';
import { LaneFiles } from './lane-files.ts';
import type { Answer, Before, KnownRow, Opened, Question, Settled, ToWorker, WorkerStart } from './messages.ts';
import { Numbering } from './numbering.ts';
import type { Settlement } from './settling.ts';
import { toldOf } from './trouble.ts';
import { type Alive, answerOf, groupOff, isDecided, type Staged, slotsOf, type Work, workOf } from './work.ts';

/** Turns groups of questions into transactions and answers. Synchronous: it lives in the worker. */
export class Scribe {
  isClosed = false;
  readonly #files: LaneFiles;
  readonly #cures: Cures;
  readonly #numbering: Numbering;
  readonly #chores: Chores;
  readonly #before: Before | null;

  constructor(start: WorkerStart) {
    const profile = PROFILES.get(start.profile);
    if (!profile) throw new Error(`no such profile: ${start.profile}`);
    this.#files = new LaneFiles(start);
    this.#cures = new Cures(this.#files);
    this.#numbering = new Numbering(this.#files, this.#cures, profile);
    this.#chores = new Chores(this.#files, this.#cures);
    this.#before = beforeThis(this.#files, this.#cures);
  }

  opened(): Opened {
    const { boot, positions } = this.#files;
    return { boot, before: this.#before, positions };
  }

  /** Does a small piece of what is to be done on the side; answers how many milliseconds to rest after it. */
  tend(): number {
    return this.#chores.tend();
  }

  /** Takes a group off the front of `pending` and answers it, the alarm lane's part first. */
  *answer(pending: ToWorker[]): Generator<readonly Answer[]> {
    const group = groupOff(pending);
    const work = workOf(group);
    const moment = work.alive.at(-1)?.moment;
    if (moment) this.#chores.hear(moment);
    for (const lane of LANES) this.#lookForAgain(lane, work);
    this.#numbering.number(work);
    const answered = new Set<Staged>();
    const aliveLane = work.failed.has('ordinary') ? 'alarm' : 'ordinary';
    for (const lane of LANES) {
      const settled = this.#commit(lane, work, lane === aliveLane ? work.alive : []);
      const ready = work.staged.filter((append) => !answered.has(append) && isDecided(append, lane));
      for (const append of ready) answered.add(append);
      const answers = [...ready.map((append) => answerOf(append, work.failed)), ...settled];
      if (answers.length > 0) yield answers;
    }
    if (work.settles.length > 0) this.#chores.heedReceipts();
    const rest = group.filter(({ ask }) => ask !== 'append' && ask !== 'settle' && ask !== 'alive');
    for (const question of rest) yield [this.#read(question)];
    if (!this.isClosed) this.#files.witnessStep(work.alive.length > 0); // nobody who waits for an answer waits for its sync
  }

  /** What was offered before may stand in the file: readable, and durable only once the log it may stand in was moved. */
  #lookForAgain(lane: Lane, { staged, failed }: Work): void {
    const slots = staged.flatMap((append) => (append.question.again ? append.slots.filter((slot) => slot.lane === lane) : []));
    if (slots.length === 0) return;
    try {
      const kept = this.#of(lane, (file) => {
        const rows = file.again(slots.map(({ event }) => event.id));
        if (rows.size > 0) file.checkpoint();
        return rows;
      });
      for (const slot of slots) slot.row = kept.get(slot.event.id) ?? null;
      for (const slot of slots) slot.position = kept.get(slot.event.id)?.position ?? 0;
    } catch (error) {
      failed.set(lane, toldOf(error));
    }
  }

  /** One lane's transaction, tried again once where something could be done about its failure. Answers what is no append. */
  #commit(lane: Lane, work: Work, alive: readonly Alive[]): Answer[] {
    const ours = work.settles.filter(({ receipt }) => receipt.lane === lane);
    for (let isFirst = true; ; isFirst = false) {
      const earlier = work.failed.get(lane);
      if (earlier) return [...ours, ...alive].map(({ id }) => ({ id, failure: earlier }));
      try {
        const settled = this.#write(lane, work, ours, alive);
        return [...ours.map(({ id }, index) => ({ id, value: settled[index]! })), ...alive.map(({ id }) => ({ id, value: null }))];
      } catch (error) {
        if (isFirst && this.#cures.cure(lane, error)) this.#numberAgain(lane, work);
        else work.failed.set(lane, this.#cures.giveUp(lane, error));
      }
    }
  }

  /** After a cure: what a failed commit wrote all the same is found again, everything else gets numbers of the file as it is now. */
  #numberAgain(lane: Lane, work: Work): void {
    try {
      const file = this.#files.file(lane);
      for (const slot of slotsOf(work, lane)) slot.position = file.find(slot.row!) ?? 0;
    } catch (error) {
      work.failed.set(lane, this.#cures.giveUp(lane, error));
    }
    this.#numbering.number(work);
  }

  #write(lane: Lane, work: Work, settles: readonly Settlement[], alive: readonly Alive[]): readonly Settled[] {
    const slots = slotsOf(work, lane);
    if (slots.length === 0 && settles.length === 0 && alive.length === 0) return [];
    const file = this.#files.file(lane);
    const last = slots.at(-1)?.row;
    const { door } = this.#files;
    if (lane === 'ordinary' && slots.length > 0) this.#files.relief(lane).makeRoom();
    const lost = lane === 'ordinary' ? door.lost(slots.length) : NOTHING_LOST;
    const { positions, settled } = file.commit(
      slots.map(({ row }) => row!),
      settles,
      {
        ...(last ? { newest: last.number, newest_order: last.ordinal } : {}),
        thinned: file.header.thinned + lost.turnedAway,
        other_newest: this.#files.otherNewest(lane),
        alive_ms: alive.at(-1)?.moment.wallMs ?? file.header.alive_ms,
      },
      lost,
    );
    door.isKept(lost);
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
    try {
      return { id, value: this.#valueOf(question) };
    } catch (error) {
      return { id, failure: toldOf(error) };
    }
  }

  #valueOf(question: Question): unknown {
    if (question.ask === 'take') return this.#of(question.lane, (file) => file.take(question));
    if (question.ask === 'outrank') return this.#chores.outrank(question);
    if (question.ask === 'newest') return LANES.flatMap((lane) => this.#newest(lane, question.rowsMax));
    if (question.ask === 'earlier')
      return this.#of(question.lane, (file) => file.earlier(question.what, question.before, question.rowsMax));
    if (question.ask === 'newer') return this.#of(question.lane, (file) => file.newerSettled(question));
    return this.#files.state((lane) => this.#of(lane, (file) => file.state()));
  }

  /** What a lane cannot tell is not known: a gateway that starts without it tells an event twice at the worst. */
  #newest(lane: Lane, rowsMax: number): KnownRow[] {
    try {
      return this.#of(lane, (file) => file.newest(rowsMax));
    } catch (error) {
      this.#files.findings.remark(`${lane}: what was said before is not known, it may be told twice: ${toldOf(error).detail}`);
      return [];
    }
  }

  /** Whatever is read of a lane's file goes this way: a failure is cured, and the file that is there then is asked. */
  #of<T>(lane: Lane, read: (file: LaneFile) => T): T {
    return this.#cures.tried(lane, () => read(this.#files.file(lane)));
  }
}
