import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** What cannot be read says nothing. */
function readFrom(path: string): Map<string, readonly number[]> {
  try {
    const epochs = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>);
    return new Map(epochs.filter((one): one is [string, number[]] => Array.isArray(one[1]) && one[1].every(Number.isSafeInteger)));
  } catch {
    return new Map();
  }
}
