import * as limits from '../limits.ts';
import type { LaneFile } from './lane-file.ts';
import type { Losers } from './losers.ts';
import type { JournalSizes } from './messages.ts';
import { type Level, settledLevels } from './settled-levels.ts';
import { waitingLevels } from './waiting-levels.ts';

/** What becomes of what can be thinned and is to be written. */
export interface Admission {
  /** Nobody gets it: it is not taken in. */
  readonly isShut: boolean;
  /** Slots that it is not owed. */
  readonly withheld: readonly number[];
}

const OPEN: Admission = { isShut: false, withheld: [] };
const SHUT: Admission = { isShut: true, withheld: [] };

/** Stretches looked through in one step where none has anything to give, and steps made before a commit. */
const STRETCHES_A_STEP = 8;
const STEPS_A_COMMIT = 4;

/**
 * Makes room in a lane, a stretch at a time. First goes what every uplink has settled, beyond the rows of each kind that are always kept,
 * readings before anything else; then what was refused for good, beyond as many. In the ordinary lane alone, what waits is then given up:
 * what only uplinks are owed that are silent and have more than their share before what anybody else is. Nothing goes by its age: no jump
 * of a clock can take a row away.
 */
export class Relief {
  readonly #file: LaneFile;
  readonly #bytesMax: number;
  readonly #levels: readonly Level[];
  #level = 0;
  /** What was settled in the file when what is given up first was last looked for. */
  #lookedAt = 0;
  /** Used bytes to come down to; null while there is room. */
  #aimBytes: number | null = null;
  /**
   * From where it is worth looking again, once nothing was left to give up: from so many rows behind the end of the round, which looked
   * through all that came meanwhile, or from so much settled since its beginning, for it went on to other levels and missed that.
   */
  #barren = { position: 0, settled: 0 };
  /** What must be settled before there is hope again, where the last step found nothing. */
  #vainUntil = 0;

  constructor(file: LaneFile, { alarmBytesMax, ordinaryBytesMax, keepRows }: JournalSizes) {
    this.#file = file;
    this.#bytesMax = file.lane === 'alarm' ? alarmBytesMax : ordinaryBytesMax;
    const waits = file.lane === 'alarm' ? [] : waitingLevels(file.database, file.losers(0).all.length);
    this.#levels = [...settledLevels(file.database, keepRows), ...waits];
  }

  /** Whether rows have to go. */
  get isWanted(): boolean {
    const used = this.#file.usedBytes();
    if (used > this.#bytesMax) this.want(used - this.#bytesMax * limits.JOURNAL_RELIEF_SHARE);
    if (this.#aimBytes !== null && used <= this.#aimBytes) this.#aimBytes = null;
    return this.#aimBytes !== null;
  }

  /** Nothing more can be given up, and rows would have to go all the same; or none was found yet, and what came meanwhile is too much. */
  get isExhausted(): boolean {
    return this.isWanted && (this.#isBarren || this.#isLookingInVain);
  }

  get #isBarren(): boolean {
    return this.#file.position < this.#barren.position && this.#file.settled < this.#barren.settled;
  }

  get #isLookingInVain(): boolean {
    return this.#file.settled < this.#vainUntil && this.#file.usedBytes() > this.#bytesMax * limits.JOURNAL_OVERSHOOT_MAX;
  }

  /** What becomes of new readings: while uplinks have more than their share and nothing of it can be given up, those go without. */
  admission(): Admission {
    if (!this.isExhausted) return OPEN;
    const { slots, all } = this.#losers();
    return slots.length === all.length ? SHUT : { isShut: false, withheld: slots };
  }

  /** So many bytes less than now are to be used. */
  want(bytes: number): void {
    if (this.#aimBytes === null) this.#level = 0;
    this.#aimBytes = Math.min(this.#aimBytes ?? Number.POSITIVE_INFINITY, Math.max(0, this.#file.usedBytes() - bytes));
  }

  /** Gives up rows of one stretch; false when there is nothing to do or nothing left to give. */
  step(): boolean {
    return this.#step() !== null;
  }

  /** As much as one transaction may wait for: looking for what can be given up is left to the chores as soon as it finds nothing. */
  makeRoom(): void {
    for (let steps = 0; steps < STEPS_A_COMMIT && (this.#step() ?? 0) > 0; steps++);
  }

  /** Answers how many rows were given up, none where none was found so far; null when there is nothing to do or nothing left to give. */
  #step(): number | null {
    for (let looked = 0; looked < STRETCHES_A_STEP; looked++) {
      if (!this.isWanted || this.#isBarren) return null;
      if (this.#level === 0) this.#lookedAt = this.#file.settled;
      const spared = this.#levels[this.#level]!(this.#losers());
      if (spared === null) this.#goOn();
      else if (spared.length > 0) {
        this.#file.giveUp(spared);
        this.#vainUntil = 0;
        return spared.length;
      }
    }
    this.#vainUntil = this.#file.settled + limits.CHORE_WINDOW_ROWS;
    return 0;
  }

  /** On to what is given up less gladly, or to the end of it. */
  #goOn(): void {
    this.#level += 1;
    if (this.#level < this.#levels.length) return;
    this.#level = 0;
    this.#aimBytes = this.#file.usedBytes() > this.#bytesMax ? this.#aimBytes : null;
    this.#barren = { position: this.#file.position + limits.CHORE_WINDOW_ROWS, settled: this.#lookedAt + limits.CHORE_WINDOW_ROWS };
  }

  #losers(): Losers {
    return this.#file.losers(this.#aimBytes ?? this.#bytesMax);
  }
}
