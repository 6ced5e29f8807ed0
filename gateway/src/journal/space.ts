import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setFolderAside } from '../own-files.ts';
import { Ballast } from './ballast.ts';
import type { SpaceState, Told } from './messages.ts';
import { toldOf } from './trouble.ts';

/** A volume with less room than this is full, whatever SQLite calls its error: it cannot even grow its index of the log. */
const NOTHING_LEFT_BYTES = 256 * 1024;

/** Room there must be beyond the ballast before it is laid again, as a share of it: or it would be laid and given away in turn. */
const RETURN_MARGIN = 1.25;

/** The room on the volume of the journal, and the reserve that is kept of it. */
export class Space {
  readonly #directory: string;
  readonly #ballast: Ballast;
  readonly #wantedBytes: number;
  #isFull = false;

  constructor(directory: string, ballastBytes: number) {
    this.#directory = directory;
    this.#wantedBytes = ballastBytes;
    const path = join(directory, 'ballast');
    setFolderAside(path);
    if (ballastBytes === 0) rmSync(path, { force: true });
    this.#ballast = new Ballast(path, ballastBytes);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes that must be free before the journal counts on the volume again. */
  get wantedBytes(): number {
    return Math.max(this.#wantedBytes * RETURN_MARGIN, 2 * NOTHING_LEFT_BYTES);
  }

  /** Whether nothing at all is left. */
  isExhausted(): boolean {
    return this.#freeBytes() < NOTHING_LEFT_BYTES;
  }

  /** The volume is full: gives the reserve away. False when there was none left to give. */
  exhaust(): boolean {
    this.#isFull = true;
    return this.#ballast.release();
  }

  /** Opening something takes room, too: the reserve is given for it. */
  evenIfFull<T>(open: () => T): T {
    try {
      return open();
    } catch (error) {
      if (!this.isShortFor(toldOf(error))) throw error;
      this.exhaust();
      return open();
    }
  }

  /** Whether a failure is for want of room. */
  isShortFor({ code }: Told): boolean {
    return code === 'journal-full' || (code === 'journal-io' && this.isExhausted());
  }

  /** Lays the ballast, or sees that there is room again. To be called now and then. */
  look(): void {
    if (this.#isFull && this.#freeBytes() < this.wantedBytes) return;
    this.#isFull = false;
    if (this.#ballast.isWhole || this.#freeBytes() < this.wantedBytes - this.#ballast.bytes) return;
    this.#ballast.fill();
  }

  state(): SpaceState {
    const { blocks, bfree, bavail, bsize } = statfsSync(this.#directory);
    const used = blocks - bfree;
    return {
      isFull: this.#isFull,
      usedShare: used + bavail === 0 ? 1 : used / (used + bavail),
      freeBytes: bavail * bsize,
      ballastBytes: this.#ballast.bytes,
    };
  }

  close(): void {
    this.#ballast.stop();
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize;
  }
}
