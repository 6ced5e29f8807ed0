import { LANES, type Lane } from '@fengsui/protocol';
import type { LaneFiles } from './lane-files.ts';
import type { Told } from './messages.ts';
import { isHeldByOthers, isOfFile, toldOf } from './trouble.ts';

/** What is done about a failure of a lane's file. */
export class Cures {
  readonly #files: LaneFiles;

  constructor(files: LaneFiles) {
    this.#files = files;
  }

  /**
   * Does what can be done about a failure of a lane; true when the same is worth another try, once. A full volume gives its
   * ballast. A handle that failed to write is given up and the file is looked at anew and checkpointed, never synced again as it
   * was: a second fsync may call lost pages clean. A damaged file is moved aside.
   */
  cure(lane: Lane, error: unknown): boolean {
    const told = toldOf(error);
    if (!isOfFile(error)) this.#files.findings.remark(`${lane}: ${told.detail}`);
    if (isHeldByOthers(error) || !isOfFile(error)) return false;
    if (this.#files.space.isShortFor(told)) {
      this.#note(lane, told);
      this.#makeRoom(lane, told);
      return true;
    }
    if (told.code !== 'journal-io' && told.code !== 'journal-damaged') return false;
    if (this.giveUp(lane, error).code === 'journal-damaged') return true;
    return told.code === 'journal-io' && this.#isWellAgain(lane);
  }

  /** Does something to a lane's file, once more after a cure. Throws what the disk says then, with the handle given up. */
  tried<T>(lane: Lane, act: () => T): T {
    for (let isFirst = true; ; isFirst = false) {
      try {
        return act();
      } catch (error) {
        if (isFirst && this.cure(lane, error)) continue;
        this.giveUp(lane, error);
        throw error;
      }
    }
  }

  /** Gives up the handle of a lane after an error of the disk; what is damaged is moved aside. Tells what to answer. */
  giveUp(lane: Lane, error: unknown): Told {
    const told = toldOf(error);
    if (!isOfFile(error) || (told.code !== 'journal-io' && told.code !== 'journal-damaged')) return told;
    this.#note(lane, told);
    this.#files.drop(lane);
    return told.code === 'journal-damaged' ? this.#moveAside(lane, told) : told;
  }

  /** Sees whether there is room again. A file that is opened later is frugal or not as the volume is then. */
  lookAtSpace(): void {
    const { space } = this.#files;
    const before = space.isFull;
    space.look();
    if (before && !space.isFull) for (const file of this.#files.opened()) file.beFrugal(false);
  }

  #makeRoom(lane: Lane, told: Told): void {
    const { space } = this.#files;
    const first = !space.isFull;
    space.exhaust();
    if (told.code === 'journal-io') this.#files.drop(lane);
    for (const each of LANES) {
      try {
        this.#files.file(each).beFrugal(true);
        this.#files.file(each).checkpoint();
        if (first) this.#files.relief(each).want(space.wantedBytes);
      } catch {
        // Still no room for this lane: what is tried next says so.
      }
    }
  }

  #moveAside(lane: Lane, damage: Told): Told {
    try {
      this.#files.moveAside(lane);
      return damage;
    } catch (error) {
      const told: Told = {
        code: 'journal-io',
        detail: `damaged (${damage.detail}), and cannot be moved aside: ${(error as Error).message}`,
      };
      this.#note(lane, told);
      return told;
    }
  }

  /** Opens a lane again and makes sure that nothing rests on what could not be synced: the checkpoint writes it to other pages. */
  #isWellAgain(lane: Lane): boolean {
    try {
      this.#files.file(lane).checkpoint();
      return true;
    } catch (error) {
      return this.giveUp(lane, error).code === 'journal-damaged';
    }
  }

  #note(lane: Lane, { code, detail }: Told): void {
    if (code === 'journal-io') this.#files.findings.diskFailed(`${lane}: ${detail}`);
  }
}
