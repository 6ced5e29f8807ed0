import { join } from 'node:path';
import { jsonIn, readOwnNow } from '../own-files.ts';
import { writeWhole } from './whole-file.ts';

/**
 * Epochs that a new one was begun above for an uplink, and whose rows were not all held back for other numbers yet: the disk may fail between
 * two pieces, or the power. What is left is done when that uplink's collector is heard again. A small file beside the journal; where the disk
 * does not take it, this run alone knows.
 */
export class Unfinished {
  readonly #path: string;
  readonly #epochs: Map<string, readonly number[]>;

  constructor(directory: string) {
    this.#path = join(directory, 'superseding.json');
    this.#epochs = readFrom(this.#path);
  }

  /** One that is left; null: none is. */
  of(uplink: string): number | null {
    return this.#epochs.get(uplink)?.[0] ?? null;
  }

  begun(uplink: string, epoch: number): void {
    this.#write(uplink, [...new Set([...(this.#epochs.get(uplink) ?? []), epoch])]);
  }

  done(uplink: string, epoch: number): void {
    const epochs = this.#epochs.get(uplink) ?? [];
    if (epochs.includes(epoch))
      this.#write(
        uplink,
        epochs.filter((one) => one !== epoch),
      );
  }

  #write(uplink: string, epochs: readonly number[]): void {
    this.#epochs.set(uplink, epochs);
    const left = [...this.#epochs].filter(([, some]) => some.length > 0);
    try {
      writeWhole(this.#path, `${JSON.stringify(Object.fromEntries(left))}\n`);
    } catch {
      // What ails the disk is told where rows are written.
    }
  }
}

/** What cannot be used is moved aside and says nothing; where not even that can be done, what ails the disk is told where rows are written. */
function readFrom(path: string): Map<string, readonly number[]> {
  try {
    return new Map(readOwnNow(path, epochsIn));
  } catch {
    return new Map();
  }
}

function epochsIn(text: string): Array<[string, number[]]> | null {
  const all = jsonIn(text);
  if (all === null || typeof all !== 'object' || Array.isArray(all)) return null;
  const epochs = Object.entries(all);
  return epochs.every(([, some]) => Array.isArray(some) && some.every(Number.isSafeInteger)) ? epochs : null;
}
