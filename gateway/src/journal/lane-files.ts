import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_NOTES, type GatewayNote, LANES, type Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import { copyLogAside, isBlank, moveAside } from './aside.ts';
import { epochAfter } from './epoch.ts';
import { LaneFile } from './lane-file.ts';
import type { Header } from './lane-parts.ts';
import { logDamage } from './log-look.ts';
import type { Before, JournalState, LaneState, Told, WorkerStart } from './messages.ts';
import { opening } from './opening.ts';
import { Relief } from './relief.ts';
import { Space } from './space.ts';
import { damaged, isHeldByOthers, isOfFile, toldOf } from './trouble.ts';
import { type Testimony, Witness } from './witness.ts';

const UNBORN: Header = { epoch: 0, newest: 0, newest_order: 0, boot: 0, other_newest: 0, alive_ms: 0, thinned: 0 };

export const otherLane = (lane: Lane): Lane => (lane === 'alarm' ? 'ordinary' : 'alarm');

/**
 * The two files of a journal. A lane stalls or breaks alone; its epoch does not: both lanes carry one epoch, so that
 * (epoch, order) sorts everything the gateway ever said. A file that is missing, new, moved aside or put back from a copy
 * begins a new epoch for both, with numbers from 1; rows that wait keep theirs.
 */
export class LaneFiles {
  readonly boot: number;
  readonly before: Before | null;
  readonly space: Space;
  readonly damagedFiles: string[] = [];
  readonly findings: string[] = [];
  scrubbed: JournalState['scrubbed'] = null;
  readonly start: WorkerStart;
  readonly #lock: Database.Database;
  readonly #witness: Witness;
  readonly #files = new Map<Lane, LaneFile>();
  readonly #positions: Record<Lane, number>;
  /** Rows that were acknowledged may be missing from a file: its numbers must not be given out a second time. */
  #isDoubtful = false;
  /** A file was moved aside: that the new one knows nothing needs no other explanation. */
  #isReplaced = false;
  readonly #reliefs = new Map<Lane, Relief>();
  #diskFailures = 0;
  #lastDiskFailure: string | null = null;
  /** Rows given up at the door and not yet written down. */
  #turnedAway = 0;
  commits = 0;

  constructor(start: WorkerStart) {
    this.start = start;
    this.#positions = { ...start.positions };
    opening(start.directory, () => mkdirSync(start.directory, { recursive: true, mode: 0o700 }));
    this.space = new Space(start.directory, start.sizes.ballastBytes);
    this.#witness = new Witness(start.directory, start.machineFile);
    this.#lock = opening(join(start.directory, 'journal.lock'), () => this.#evenIfFull(() => locked(start.directory)));
    try {
      for (const lane of LANES) this.#open(lane);
      this.before = this.#before();
      this.boot = start.boot ?? Math.max(...LANES.map((lane) => this.file(lane).header.boot)) + 1;
      this.#begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The file of a lane; opened anew where it had to be closed. Throws when that fails. */
  file(lane: Lane): LaneFile {
    const open = this.#files.get(lane);
    if (open) return open;
    this.#open(lane);
    this.#begin();
    return this.#files.get(lane)!;
  }

  /** What makes room in a lane. */
  relief(lane: Lane): Relief {
    const file = this.file(lane);
    const relief = this.#reliefs.get(lane) ?? new Relief(file, this.start.sizes);
    this.#reliefs.set(lane, relief);
    return relief;
  }

  /** Readings are not taken in: the volume is full, or the ordinary lane is and has nothing left to give up. */
  isShortOfRoom(): boolean {
    return this.space.isFull || this.relief('ordinary').door().isShut;
  }

  /** Counts rows that were given up before they were written. */
  turnAway(rows: number): void {
    this.#turnedAway += rows;
  }

  /** Rows turned away and not yet written down. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** What was turned away is written down. */
  turnedAwayIsKept(): void {
    this.#turnedAway = 0;
  }

  /** Highest count given out over both lanes. */
  newestOrder(): number {
    return Math.max(...LANES.map((lane) => this.#files.get(lane)?.header.newest_order ?? 0));
  }

  /** What the other lane's file has committed, as a witness against a file put back from a copy. */
  otherNewest(lane: Lane): number {
    return this.#files.get(otherLane(lane))?.header.newest ?? 0;
  }

  /**
   * Does what can be done about a failure of a lane; true when the same is worth another try, once. A full volume gives its
   * ballast. A handle that failed to write is given up and the file is looked at anew and checkpointed, never synced again as it
   * was: a second fsync may call lost pages clean. A damaged file is moved aside.
   */
  cure(lane: Lane, error: unknown): boolean {
    const told = toldOf(error);
    if (!isOfFile(error)) this.remark(`${lane}: ${told.detail}`);
    if (isHeldByOthers(error) || !isOfFile(error)) return false;
    if (this.#isForRoom(told)) {
      this.#note(lane, told);
      this.#makeRoom(lane, told);
      return true;
    }
    if (told.code !== 'journal-io' && told.code !== 'journal-damaged') return false;
    this.giveUp(lane, error);
    if (told.code === 'journal-damaged') return true;
    return this.#isWellAgain(lane);
  }

  /** Sees whether there is room again. */
  lookAtSpace(): void {
    const before = this.space.isFull;
    this.space.look();
    if (before && !this.space.isFull) for (const lane of LANES) this.file(lane).beFrugal(false);
  }

  /** Trouble that is not of a file is said once. */
  remark(words: string): void {
    if (!this.findings.includes(words)) this.findings.push(words);
  }

  #makeRoom(lane: Lane, told: Told): void {
    const first = !this.space.isFull;
    this.space.exhaust();
    if (told.code === 'journal-io') this.#drop(lane);
    for (const each of LANES) {
      try {
        this.file(each).beFrugal(true);
        this.file(each).checkpoint();
        if (first) this.relief(each).want(this.space.wantedBytes);
      } catch {
        // Still no room for this lane: what is tried next says so.
      }
    }
  }

  /** Opens a lane again and makes sure that nothing rests on what could not be synced: the checkpoint writes it to other pages. */
  #isWellAgain(lane: Lane): boolean {
    try {
      this.file(lane).checkpoint();
      return true;
    } catch (error) {
      this.giveUp(lane, error);
      return false;
    }
  }

  /** Gives up the handle of a lane after an error of the disk; what is damaged is moved aside. Tells what to answer. */
  giveUp(lane: Lane, error: unknown): Told {
    const told = toldOf(error);
    if (!isOfFile(error) || (told.code !== 'journal-io' && told.code !== 'journal-damaged')) return told;
    this.#note(lane, told);
    this.#drop(lane);
    if (told.code === 'journal-damaged') this.#moveAside(lane);
    return told;
  }

  #note(lane: Lane, told: Told): void {
    if (told.code !== 'journal-io') return;
    this.#diskFailures += 1;
    this.#lastDiskFailure = `${lane}: ${told.detail}`;
  }

  #drop(lane: Lane): void {
    const file = this.#files.get(lane);
    if (!file) return;
    this.#positions[lane] = Math.max(this.#positions[lane], file.position);
    this.#reliefs.delete(lane);
    this.#files.delete(lane);
    try {
      file.close();
    } catch {
      // The handle is lost either way; what it held was never acknowledged.
    }
  }

  state(): JournalState {
    const lanes = Object.fromEntries(LANES.map((lane) => [lane, this.file(lane).state()])) as Record<Lane, LaneState>;
    lanes.ordinary = this.#withTurnedAway(lanes.ordinary);
    return {
      boot: this.boot,
      lanes,
      commits: this.commits,
      damagedFiles: [...this.damagedFiles],
      findings: [...this.findings],
      scrubbed: this.scrubbed,
      space: this.space.state(),
      diskFailures: this.#diskFailures,
      lastDiskFailure: this.#lastDiskFailure,
    };
  }

  #withTurnedAway(lane: LaneState): LaneState {
    const uplinks = Object.entries(lane.uplinks).map(([name, due]) => [name, { ...due, thinned: due.thinned + this.#turnedAway }]);
    return { ...lane, thinned: lane.thinned + this.#turnedAway, uplinks: Object.fromEntries(uplinks) };
  }

  close(): void {
    this.space.close();
    this.witness();
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#lock.close();
  }

  #path(lane: Lane): string {
    return join(this.start.directory, `${lane}.sqlite`);
  }

  #open(lane: Lane): void {
    opening(this.#path(lane), () => this.#openOrReplace(lane));
  }

  #openOrReplace(lane: Lane): void {
    const path = this.#path(lane);
    try {
      if (isBlank(path)) throw damaged(`${path} is empty and its log is not`);
      this.#lookAtLog(lane);
      this.#evenIfFull(() => this.#put(lane));
    } catch (error) {
      if (toldOf(error).code !== 'journal-damaged') throw error;
      this.#moveAside(lane);
      this.#put(lane);
    }
  }

  #lookAtLog(lane: Lane): void {
    const damage = logDamage(this.#path(lane));
    if (damage === null) return;
    this.#isDoubtful = true;
    this.findings.push(`${lane}: ${damage}`);
    const copy = copyLogAside(this.#path(lane), lane, Date.now());
    if (copy !== null) this.damagedFiles.push(copy);
  }

  /** Opening takes room, too: the reserve is given for it. */
  #evenIfFull<T>(open: () => T): T {
    try {
      return open();
    } catch (error) {
      if (!this.#isForRoom(toldOf(error))) throw error;
      this.space.exhaust();
      return open();
    }
  }

  #isForRoom({ code }: Told): boolean {
    return code === 'journal-full' || (code === 'journal-io' && this.space.isExhausted());
  }

  #put(lane: Lane): void {
    const file = new LaneFile(this.#path(lane), lane, UNBORN, this.#positions[lane], this.start.uplinks);
    file.beFrugal(this.space.isFull);
    this.#files.set(lane, file);
  }

  #moveAside(lane: Lane): void {
    this.#isReplaced = true;
    this.damagedFiles.push(moveAside(this.#path(lane), lane, Date.now()));
  }

  /** Writes boot and epoch of this run into both files. */
  #begin(): void {
    const headers = LANES.flatMap((lane) => this.#files.get(lane)?.header ?? []);
    if (headers.length < LANES.length) return;
    const [alarm, ordinary] = headers as [Header, Header];
    const testimony = this.#witness.testimony();
    const isBorn = alarm.epoch > 0 || ordinary.epoch > 0;
    const why = isBorn ? (apart(alarm, ordinary) ?? this.#contradiction(testimony, alarm, ordinary)) : null;
    const mayGoOn = isBorn && why === null && !this.#isDoubtful;
    if (why !== null && !this.#isReplaced) this.findings.push(`${why}: a new epoch begins`);
    this.#isDoubtful = false;
    this.#isReplaced = false;
    const fresh = mayGoOn ? {} : this.#freshEpoch(testimony?.epoch ?? 0);
    for (const lane of LANES) this.file(lane).commit([], [], { boot: this.boot, ...fresh });
    this.witness();
  }

  /** Begins a new epoch in both files, above one that is `known`, in the middle of a run. */
  renew(why: string, known = 0): void {
    this.remark(`${why}: a new epoch begins`);
    const fresh = this.#freshEpoch(known);
    for (const lane of LANES) this.file(lane).commit([], [], fresh);
    this.witness();
  }

  #freshEpoch(known: number): Pick<Header, 'epoch' | 'newest' | 'other_newest'> {
    const epochs = LANES.map((lane) => this.file(lane).header.epoch);
    return { epoch: epochAfter(Math.max(known, ...epochs), this.start.wallMs, Math.random), newest: 0, other_newest: 0 };
  }

  /** What the witness says against two files that agree with each other. */
  #contradiction(testimony: Testimony | null, alarm: Header, ordinary: Header): string | null {
    if (testimony === null) return 'the files stand without their witness.json';
    if (this.#witness.isForeign(testimony)) return 'the files come from another machine';
    if (testimony.epoch < alarm.epoch) return null;
    const isOlder = testimony.epoch > alarm.epoch || alarm.newest < testimony.newest.alarm || ordinary.newest < testimony.newest.ordinary;
    return isOlder ? 'both files were put back from a copy' : null;
  }

  /** Lets the witness see what is durable. One that cannot be written just now knows less and is still right. */
  witness(): void {
    const headers = LANES.map((lane) => this.#files.get(lane)?.header);
    const [alarm, ordinary] = headers;
    if (!alarm || !ordinary || alarm.epoch !== ordinary.epoch) return;
    try {
      this.#witness.write(alarm.epoch, { alarm: alarm.newest, ordinary: ordinary.newest });
    } catch {
      // What ails the disk is told where rows are written.
    }
  }

  #before(): Before | null {
    const headers = LANES.map((lane) => this.file(lane).header);
    if (headers.every(({ epoch }) => epoch === 0)) return null;
    const words = LANES.flatMap((lane) => this.file(lane).lastWord() ?? []).sort((one, other) => other.ordinal - one.ordinal);
    const aliveMs = Math.max(...headers.map(({ alive_ms }) => alive_ms), ...words.map(({ wallMs }) => wallMs));
    const note = words[0]?.note ?? null;
    return { aliveMs, note: note !== null && note in GATEWAY_NOTES ? (note as GatewayNote) : null };
  }
}

/** Why two files do not belong together; null when they do. */
function apart(alarm: Header, ordinary: Header): string | null {
  if (alarm.epoch === 0 || ordinary.epoch === 0)
    return `${alarm.epoch === 0 ? 'alarm' : 'ordinary'}: a new file stands beside the other lane's`;
  const isTogether = alarm.epoch === ordinary.epoch && alarm.newest >= ordinary.other_newest && ordinary.newest >= alarm.other_newest;
  return isTogether ? null : 'the two files do not know the same, one was put back from a copy';
}

/** One process per journal: SQLite's own lock, which the system takes back from a killed process. */
function locked(directory: string): Database.Database {
  const path = join(directory, 'journal.lock');
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw isHeldByOthers(error) ? fail('journal-locked', path, error) : error;
  }
}
