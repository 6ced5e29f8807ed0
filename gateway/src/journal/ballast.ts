import { randomFillSync } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '../limits.ts';

/**
 * A file of real bytes beside the journal, given away when the volume is full: then alarms get in, and what fills the disk can be
 * dealt with (reliability of the disk: a full volume refuses even DELETE and checkpoint). Random bytes, since a sparse or
 * compressed file reserves nothing.
 */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;
  /** The filling that is under way; aborted when the file is given away. */
  #filling: AbortController | null = null;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** What is held in reserve just now. */
  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get isWhole(): boolean {
    return this.bytes >= this.#bytes;
  }

  /** Gives the reserve away at once; false when there was none. */
  release(): boolean {
    this.stop();
    const had = this.bytes > 0;
    rmSync(this.#path, { force: true });
    return had;
  }

  stop(): void {
    this.#filling?.abort();
    this.#filling = null;
  }

  /** Fills the file piece by piece beside everything else. What is full meanwhile ends it without a word: the next look tries again. */
  fill(): void {
    if (this.#filling || this.isWhole) return;
    const filling = new AbortController();
    this.#filling = filling;
    void this.#grow(filling.signal).finally(() => {
      if (this.#filling === filling) this.#filling = null;
    });
  }

  async #grow(signal: AbortSignal): Promise<void> {
    const piece = Buffer.allocUnsafe(Math.min(limits.BALLAST_PIECE_BYTES, this.#bytes));
    try {
      while (!signal.aborted && !this.isWhole) {
        randomFillSync(piece);
        await this.#append(piece.subarray(0, this.#bytes - this.bytes));
        await sleep(limits.BALLAST_REST_MS, undefined, { signal });
      }
    } catch {
      // No room, or given away while it was written: a part of a ballast must not take the room that alarms need.
      if (!this.isWhole) rmSync(this.#path, { force: true });
    }
  }

  /** Opened anew for every piece: a handle kept open would hold the bytes of a file that was given away. */
  async #append(piece: Uint8Array): Promise<void> {
    const file = await open(this.#path, 'a', 0o600);
    try {
      await file.writeFile(piece);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
