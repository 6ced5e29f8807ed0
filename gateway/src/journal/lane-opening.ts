import { join } from 'node:path';
import type { Lane } from '@fengsui/protocol';
import { copyLogAside, isBlank, moveAside } from './aside.ts';
import type { Epochs } from './epochs.ts';
import type { Findings } from './findings.ts';
import { LaneFile } from './lane-file.ts';
import type { Header } from './lane-parts.ts';
import { logDamage } from './log-look.ts';
import type { WorkerStart } from './messages.ts';
import { opening } from './opening.ts';
import type { Space } from './space.ts';
import { damaged, toldOf } from './trouble.ts';

const UNBORN: Header = { epoch: 0, newest: 0, newest_order: 0, boot: 0, other_newest: 0, alive_ms: 0, thinned: 0 };

/** Opens the file of a lane as it lies in the folder: sound, or a new one where the old one is damaged and moved aside. */
export class LaneOpening {
  readonly #start: WorkerStart;
  readonly #space: Space;
  readonly #findings: Findings;
  readonly #epochs: Epochs;

  constructor(start: WorkerStart, space: Space, findings: Findings, epochs: Epochs) {
    this.#start = start;
    this.#space = space;
    this.#findings = findings;
    this.#epochs = epochs;
  }

  /** A new file counts its positions on from `known`. */
  open(lane: Lane, known: number): LaneFile {
    const path = this.#path(lane);
    return opening(path, () => {
      try {
        if (isBlank(path)) throw damaged(`${path} is empty and its log is not`);
        this.#lookAtLog(lane);
        return this.#space.evenIfFull(() => this.#put(lane, known));
      } catch (error) {
        if (toldOf(error).code !== 'journal-damaged') throw error;
        this.moveAside(lane);
        return this.#space.evenIfFull(() => this.#put(lane, known));
      }
    });
  }

  moveAside(lane: Lane): void {
    this.#epochs.replaced();
    this.#findings.damagedFiles.push(moveAside(this.#path(lane), lane, Date.now()));
  }

  #path(lane: Lane): string {
    return join(this.#start.directory, `${lane}.sqlite`);
  }

  #lookAtLog(lane: Lane): void {
    const damage = logDamage(this.#path(lane));
    if (damage === null) return;
    this.#epochs.doubt();
    this.#findings.words.push(`${lane}: ${damage}`);
    const copy = this.#copyLog(lane);
    if (copy !== null) this.#findings.damagedFiles.push(copy);
  }

  /** Where no copy can be made, the file goes with its log: that takes no room and reads nothing. */
  #copyLog(lane: Lane): string | null {
    try {
      return copyLogAside(this.#path(lane), lane, Date.now());
    } catch (error) {
      throw damaged(`the damaged log of ${this.#path(lane)} cannot be copied: ${(error as Error).message}`);
    }
  }

  #put(lane: Lane, known: number): LaneFile {
    const { uplinks, sizes } = this.#start;
    const file = new LaneFile(this.#path(lane), lane, UNBORN, known, uplinks, sizes.checkBytesMax);
    file.beFrugal(this.#space.isFull);
    return file;
  }
}
