import { mkdirSync } from 'node:fs';
import { LANES, type Lane } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import { fail } from '../failures.ts';
import { Door } from './door.ts';
import { bornIn, bothOf, Epochs } from './epochs.ts';
import { Findings } from './findings.ts';
import type { LaneFile } from './lane-file.ts';
import { LaneOpening } from './lane-opening.ts';
import { lock, lockOf } from './lock.ts';
import type { JournalState, LaneState, WorkerStart } from './messages.ts';
import { opening } from './opening.ts';
import { Relief } from './relief.ts';
import { Space } from './space.ts';
import { toldOf } from './trouble.ts';

export const otherLane = (lane: Lane): Lane => (lane === 'alarm' ? 'ordinary' : 'alarm');

/** A lane whose file this worker has not had open yet. */
const NEVER_SEEN: LaneState = {
  ...{ failure: null, epoch: 0, newest: 0, waiting: 0, rejected: 0, quarantined: 0, oldestMs: null, aliveMs: 0, uplinks: {} },
  ...{ position: 0, synchronous: 0, bytes: 0, usedBytes: 0, thinned: 0, forgottenMs: null },
};

/**
 * The two files of a journal. A lane stalls or breaks alone; its epoch does not: both lanes carry one epoch, so that
 * (epoch, order) sorts everything the gateway ever said.
 */
export class LaneFiles {
  readonly boot: number;
  /** The last sign of life of an earlier run in a header; null where the files are new. */
  readonly aliveBeforeMs: number | null;
  readonly start: WorkerStart;
  readonly space: Space;
  readonly findings = new Findings();
  readonly door: Door;
  /** Transactions that became durable. */
  commits = 0;
  readonly #lock: Database;
  readonly #epochs: Epochs;
  readonly #opening: LaneOpening;
  readonly #files = new Map<Lane, LaneFile>();
  readonly #reliefs = new Map<Lane, Relief>();
  readonly #positions: Record<Lane, number>;
  /** As each was when it was last looked at. */
  readonly #states: Record<Lane, LaneState> = { alarm: NEVER_SEEN, ordinary: NEVER_SEEN };
  /** Highest count that a file had when its handle was given up. */
  #droppedOrder = 0;

  constructor(start: WorkerStart) {
    const { directory } = start;
    this.start = start;
    this.#positions = { ...start.positions };
    opening(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
    this.space = new Space(directory, start.sizes.ballastBytes);
    this.door = new Door(this.space, () => this.relief('ordinary'));
    this.#epochs = new Epochs(start, this.findings);
    this.#opening = new LaneOpening(start, this.space, this.findings, this.#epochs);
    this.#lock = opening(lockOf(directory), () => this.space.evenIfFull(() => lock(lockOf(directory))));
    try {
      this.#openBoth();
      this.aliveBeforeMs = this.#aliveBeforeMs();
      this.boot = start.boot ?? Math.max(...this.opened().map(({ header }) => header.boot)) + 1;
      this.#begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The file of a lane; opened anew where it had to be closed. Throws when that fails, for a reason that lies in this lane's file. */
  file(lane: Lane): LaneFile {
    const open = this.#files.get(lane);
    if (open) return open;
    this.#open(lane);
    const untaken = this.#begin();
    if (untaken.has(lane)) throw untaken.get(lane);
    return this.#files.get(lane)!;
  }

  /** Last position of each lane, as far as is known. */
  get positions(): Readonly<Record<Lane, number>> {
    const of = (lane: Lane) => this.#files.get(lane)?.position ?? this.#positions[lane];
    return { alarm: of('alarm'), ordinary: of('ordinary') };
  }

  /** The files that are open. */
  opened(): LaneFile[] {
    return LANES.flatMap((lane) => this.#files.get(lane) ?? []);
  }

  /** What makes room in a lane. */
  relief(lane: Lane): Relief {
    const file = this.file(lane);
    const relief = this.#reliefs.get(lane) ?? new Relief(file, this.start.sizes);
    this.#reliefs.set(lane, relief);
    return relief;
  }

  /** Whether the files are in different epochs, while both are open: opening one makes them agree. */
  areApart(): boolean {
    return new Set(this.opened().map(({ header }) => header.epoch)).size > 1;
  }

  /** Highest count given out over both lanes. */
  newestOrder(): number {
    return Math.max(this.#droppedOrder, ...this.opened().map(({ header }) => header.newest_order));
  }

  /** What the other lane's file has committed, as a witness against a file put back from a copy. */
  otherNewest(lane: Lane): number {
    return this.#files.get(otherLane(lane))?.header.newest ?? 0;
  }

  /** An epoch above those of both files and one that is `known`, for the middle of a run. */
  epochAbove(known = 0): number {
    return this.#epochs.above([this.file('alarm'), this.file('ordinary')], known);
  }

  /** Takes a lane's file into an epoch; where it is there, or beyond, nothing happens. */
  enter(lane: Lane, epoch: number): void {
    const file = this.file(lane);
    if (file.header.epoch >= epoch) return;
    file.commit([], [], bornIn(epoch));
    this.witness();
  }

  /** Lets the witness see what is durable. */
  witness(): void {
    const both = bothOf(this.opened());
    if (both) this.#epochs.testify(both);
  }

  /** The same where an alarm may come meanwhile: one sync of it, begun with a sign of life and ended at the next occasion. */
  witnessStep(isAlive: boolean): void {
    const both = bothOf(this.opened());
    if (both && (isAlive || this.#epochs.isHalfTestified)) this.#epochs.testify(both, 'step');
  }

  /** Lets go of the handle of a lane: the next who asks for its file opens it anew. */
  drop(lane: Lane): void {
    const file = this.#files.get(lane);
    if (!file) return;
    this.#positions[lane] = Math.max(this.#positions[lane], file.position);
    this.#droppedOrder = Math.max(this.#droppedOrder, file.header.newest_order);
    this.#reliefs.delete(lane);
    this.#files.delete(lane);
    try {
      file.close();
    } catch {
      // The handle is lost either way; what it held was never acknowledged.
    }
  }

  /** Moves the damaged file of a lane, which was dropped, out of the way. */
  moveAside(lane: Lane): void {
    this.#opening.moveAside(lane);
  }

  /** `laneState` reads how a lane stands; throws while its file cannot be opened. */
  state(laneState: (lane: Lane) => LaneState): JournalState {
    const lanes = Object.fromEntries(LANES.map((lane) => [lane, this.#stateOf(lane, laneState)])) as Record<Lane, LaneState>;
    return {
      boot: this.boot,
      lanes: { ...lanes, ordinary: this.door.counted(lanes.ordinary) },
      commits: this.commits,
      space: this.space.state(),
      ...this.findings.state(),
    };
  }

  close(): void {
    this.space.close();
    this.witness();
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#lock.close();
  }

  /** Goes on with the one that can be opened where the other cannot: devices are talking. A journal of a newer version is not ours to touch. */
  #openBoth(): void {
    const failures = LANES.flatMap((lane) => {
      try {
        this.#open(lane);
        return [];
      } catch (error) {
        return [error];
      }
    });
    const newer = failures.find((error) => toldOf(error).code === 'journal-newer');
    if (newer !== undefined || failures.length === LANES.length) throw newer ?? failures[0];
  }

  #stateOf(lane: Lane, read: (lane: Lane) => LaneState): LaneState {
    try {
      this.#states[lane] = read(lane);
    } catch (error) {
      const { code, detail } = toldOf(error);
      this.#states[lane] = { ...this.#states[lane], failure: fail(code, detail).message };
    }
    return this.#states[lane];
  }

  #open(lane: Lane): void {
    this.#files.set(lane, this.#opening.open(lane, this.#positions[lane]));
  }

  /** Writes into every open file what begins. One that does not take it is let go of: whoever asks for it opens it, and hears why. */
  #begin(): ReadonlyMap<Lane, unknown> {
    const opened = this.opened();
    const both = bothOf(opened);
    const untaken = both ? this.#epochs.begin(both, this.boot) : this.#epochs.beginAlone(opened[0]!, this.boot);
    for (const lane of untaken.keys()) this.drop(lane);
    return untaken;
  }

  /** Signs of life and the gateway's own words are in the ordinary lane's file: without it nobody knows. */
  #aliveBeforeMs(): number | null {
    const headers = this.opened().map(({ header }) => header);
    if (headers.every(({ epoch }) => epoch === 0) || !this.#files.has('ordinary')) return null;
    return Math.max(...headers.map(({ alive_ms }) => alive_ms));
  }
}
