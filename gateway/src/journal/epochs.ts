import { LANES, type Lane } from '@fengsui/protocol';
import { epochAfter } from './epoch.ts';
import type { Findings } from './findings.ts';
import type { LaneFile } from './lane-file.ts';
import type { Header } from './lane-parts.ts';
import type { WorkerStart } from './messages.ts';
import { type Testimony, Witness } from './witness.ts';

/** Why a lane's file could not be written. */
type Untaken = ReadonlyMap<Lane, unknown>;

/** The files of both lanes, in their order. */
type Both = readonly [alarm: LaneFile, ordinary: LaneFile];

/**
 * The epoch that both lanes carry. A file that is missing, new, moved aside or put back from a copy begins a new one for both, and so does
 * another gateway that takes the folder over, with numbers from 1; rows that wait keep theirs.
 */
export class Epochs {
  readonly #wallMs: number;
  readonly #witness: Witness;
  readonly #findings: Findings;
  /** Rows that were acknowledged may be missing from a file: its numbers must not be given out a second time. */
  #isDoubtful = false;
  /** A file was moved aside: that the new one knows nothing needs no other explanation. */
  #isReplaced = false;
  /** This worker has not begun yet: of a file that is not open it does not even know how far the count over both lanes had come. */
  #isNew = true;

  constructor({ directory, machineFile, gateway, wallMs }: WorkerStart, findings: Findings) {
    this.#wallMs = wallMs;
    this.#witness = new Witness(directory, machineFile, gateway);
    this.#findings = findings;
  }

  /** A log has lost what was acknowledged. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** A new file takes the place of one that was moved aside. */
  replaced(): void {
    this.#isReplaced = true;
  }

  /** Writes boot and epoch of this run into both files. Answers which of them did not take it, and why. */
  begin(both: Both, boot: number): Untaken {
    const [alarm, ordinary] = both.map(({ header }) => header) as [Header, Header];
    const testimony = this.#witness.testimony();
    const isBorn = alarm.epoch > 0 || ordinary.epoch > 0;
    const why = isBorn ? (apart(alarm, ordinary) ?? this.#contradiction(testimony, alarm, ordinary)) : null;
    const mayGoOn = isBorn && why === null && !this.#isDoubtful;
    if (why !== null && !this.#isReplaced) this.#findings.words.push(`${why}: a new epoch begins`);
    this.#isDoubtful = false;
    this.#isReplaced = false;
    const fresh = mayGoOn ? {} : bornIn(this.above(both, testimony?.epoch ?? 0));
    const untaken = untakenBy(both, { boot, ...fresh });
    this.#isNew = false;
    if (untaken.size === 0) this.testify(both);
    return untaken;
  }

  /**
   * Goes on with one file while the other cannot be opened. Where its numbers or its place behind what the other holds are in doubt, it
   * begins an epoch by itself; both begin another when the other file is there again.
   */
  beginAlone(file: LaneFile, boot: number): Untaken {
    if (!this.#isNew && !this.#isDoubtful && file.header.epoch > 0) return new Map();
    const untaken = untakenBy([file], { boot, ...bornIn(this.above([file], this.#witness.testimony()?.epoch ?? 0)) });
    if (untaken.size > 0) return untaken;
    this.#isDoubtful = false;
    this.#isNew = false;
    return untaken;
  }

  /** An epoch above those of files and one that is `known`. */
  above(files: readonly LaneFile[], known: number): number {
    return epochAfter(Math.max(known, ...files.map(({ header }) => header.epoch)), this.#wallMs, Math.random);
  }

  /** What the witness says against two files that agree with each other. */
  #contradiction(testimony: Testimony | null, alarm: Header, ordinary: Header): string | null {
    if (testimony === null) return 'the files stand without their witness.json';
    const other = this.#witness.otherOwner(testimony);
    if (other !== null) return `数据目录此前属于网关 ${other} the data folder belonged to gateway ${other} before`;
    if (this.#witness.isForeign(testimony)) return 'the files come from another machine';
    if (testimony.epoch < alarm.epoch) return null;
    const isOlder = testimony.epoch > alarm.epoch || alarm.newest < testimony.newest.alarm || ordinary.newest < testimony.newest.ordinary;
    return isOlder ? 'both files were put back from a copy' : null;
  }

  get isHalfTestified(): boolean {
    return this.#witness.isHalfWritten;
  }

  /** Lets the witness see what is durable, wholly or as far as one sync goes. One that cannot be written just now knows less and is still right. */
  testify([alarm, ordinary]: Both, how: 'write' | 'step' = 'write'): void {
    if (alarm.header.epoch !== ordinary.header.epoch) return;
    try {
      this.#witness[how](alarm.header.epoch, { alarm: alarm.header.newest, ordinary: ordinary.header.newest });
    } catch {
      // What ails the disk is told where rows are written.
    }
  }
}

function untakenBy(files: readonly LaneFile[], header: Partial<Header>): Untaken {
  const untaken = new Map<Lane, unknown>();
  for (const file of files) {
    try {
      file.commit([], [], header);
    } catch (error) {
      untaken.set(file.lane, error);
    }
  }
  return untaken;
}

/** What the header of a file says that begins an epoch. */
export function bornIn(epoch: number): Pick<Header, 'epoch' | 'newest' | 'other_newest'> {
  return { epoch, newest: 0, other_newest: 0 };
}

/** Both files; null while one of them is not open. */
export function bothOf(files: readonly LaneFile[]): Both | null {
  return files.length === LANES.length ? (files as unknown as Both) : null;
}

/** Why two files do not belong together; null when they do. */
function apart(alarm: Header, ordinary: Header): string | null {
  if (alarm.epoch === 0 || ordinary.epoch === 0)
    return `${alarm.epoch === 0 ? 'alarm' : 'ordinary'}: a new file stands beside the other lane's`;
  const isTogether = alarm.epoch === ordinary.epoch && alarm.newest >= ordinary.other_newest && ordinary.newest >= alarm.other_newest;
  return isTogether ? null : 'the two files do not know the same, one was put back from a copy or could not be written';
}
