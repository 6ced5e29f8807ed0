import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import { putInPlace, writeBeside } from './whole-file.ts';

/** What somebody outside the two files saw of them: they must know at least this much, or they are older than they were. */
export interface Testimony {
  readonly epoch: number;
  readonly newest: Readonly<Record<Lane, number>>;
  /** Which machine wrote it; null where it has no name. */
  readonly machine: string | null;
  /** Whose journal it was then; null: an earlier version did not write that down. */
  readonly gateway: string | null;
}

/** The name of a machine (machine-id(5)) is not to be told to others as it is. */
function machineOf(file: string): string | null {
  try {
    const name = readFileSync(file, 'utf8').trim();
    return name === '' ? null : createHash('sha256').update(`fengsui journal ${name}`).digest('hex').slice(0, 32);
  } catch {
    return null;
  }
}

/**
 * A small file beside the journal with the highest numbers that were durable when it was written. Two files put back together from
 * yesterday's copy agree with each other, not with it. It is written after the commits it tells of, so it never knows too much;
 * one that could not be written knows less and is still right.
 */
export class Witness {
  readonly #path: string;
  readonly #machine: string | null;
  readonly #gateway: string | null;
  /** What this run wrote: it needs no descriptor to be read again. */
  #written = '';
  /** What lies beside the file, durable, and is to take its place. */
  #beside = '';

  constructor(directory: string, machineFile: string, gateway: string | null) {
    this.#path = join(directory, 'witness.json');
    this.#machine = machineOf(machineFile);
    this.#gateway = gateway;
  }

  /** What it knows; null when it is not there or says nothing. */
  testimony(): Testimony | null {
    try {
      const words = this.#written || readFileSync(this.#path, 'utf8');
      const { epoch, newest, machine, gateway } = JSON.parse(words) as Testimony;
      const counts = [epoch, ...LANES.map((lane) => newest[lane])];
      if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return null;
      return { epoch, newest, machine: machine ?? null, gateway: typeof gateway === 'string' ? gateway : null };
    } catch {
      return null;
    }
  }

  /** Whether it was written on another machine: then the folder was copied, and the original may write on. */
  isForeign({ machine }: Testimony): boolean {
    return machine !== null && this.#machine !== null && machine !== this.#machine;
  }

  /** Whether words lie beside the file and are not in its place yet. */
  get isHalfWritten(): boolean {
    return this.#beside !== '';
  }

  /** The name of another gateway, whose journal this was when it was written; null: of none that is known. */
  otherOwner({ gateway }: Testimony): string | null {
    return gateway !== this.#gateway && this.#gateway !== null ? gateway : null;
  }

  /** Writes down what is durable, when that is more than before. Throws what the disk says; then the old words stand. */
  write(epoch: number, newest: Readonly<Record<Lane, number>>): void {
    while (this.step(epoch, newest));
  }

  /** One sync of it: the words beside the file, or those in its place. Answers whether there was anything to be done. */
  step(epoch: number, newest: Readonly<Record<Lane, number>>): boolean {
    if (this.isHalfWritten) {
      const words = this.#beside;
      this.#beside = '';
      putInPlace(this.#path);
      this.#written = words;
      return true;
    }
    const words = `${JSON.stringify({ epoch, newest, machine: this.#machine, gateway: this.#gateway } satisfies Testimony)}\n`;
    if (words === this.#written) return false;
    writeBeside(this.#path, words);
    this.#beside = words;
    return true;
  }
}
