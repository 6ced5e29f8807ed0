import { replaceDurably } from '../durable-file.ts';
import * as limits from '../limits.ts';
import { jsonIn, readOwn } from '../own-files.ts';
import type { Log } from '../supervision.ts';
import type { Trouble, What } from './trouble.ts';

/** What was said to have begun and not to have ended. */
export interface Said {
  readonly what: What;
  readonly source: string;
  readonly text: string;
  /** How bad it was said to be, or has become since without a word. */
  readonly level: number;
  /** Milliseconds since 1970-01-01 UTC; when it was said. */
  readonly saidMs: number;
}

/** What was said to be over. A version that does not know of these passes them by. */
interface Over {
  readonly over: What;
  readonly source: string;
}

export const keyOf = ({ what, source }: Pick<Trouble, 'what' | 'source'>) => `${what} ${source}`;

/** What was said and not taken back, by this run or an earlier one, in the order in which it was; and what was said to be over. */
export class Remembered {
  readonly #file: string;
  readonly #log: Log;
  readonly #said: Map<string, Said>;
  readonly #over: Map<string, Over>;
  #isKept = true;

  private constructor(file: string, log: Log, rows: ReadonlyArray<Said | Over>) {
    this.#file = file;
    this.#log = log;
    this.#said = new Map(rows.flatMap((row) => ('over' in row ? [] : [[keyOf(row), row]])));
    this.#over = new Map(rows.flatMap((row) => ('over' in row ? [[keyOf({ what: row.over, source: row.source }), row]] : [])));
  }

  /** A file that cannot be read is an empty one. */
  static async open(file: string, log: Log): Promise<Remembered> {
    return new Remembered(file, log, (await readOwn(file, rowsIn).catch(() => null)) ?? []);
  }

  all(): readonly Said[] {
    return [...this.#said.values()];
  }

  get(key: string): Said | undefined {
    return this.#said.get(key);
  }

  async put(said: Said): Promise<void> {
    this.#said.set(keyOf(said), said);
    this.#over.delete(keyOf(said));
    await this.#keep();
  }

  /** A word about it was said, the beginning or the end. */
  knows(key: string): boolean {
    return this.#said.has(key) || this.#over.has(key);
  }

  async over({ what, source }: Pick<Trouble, 'what' | 'source'>): Promise<void> {
    const key = keyOf({ what, source });
    this.#said.delete(key);
    this.#over.set(key, { over: what, source });
    await this.#keep();
  }

  /** Tries again where the disk did not take it. */
  async again(): Promise<void> {
    if (!this.#isKept) await this.#keep();
  }

  /** Without the file a start after a crash says some things twice, or not that they ended: no reason to be silent about them now. */
  async #keep(): Promise<void> {
    const wasKept = this.#isKept;
    try {
      await replaceDurably(this.#file, JSON.stringify([...this.all(), ...this.#over.values()]));
      this.#isKept = true;
    } catch (error) {
      this.#isKept = false; // a full disk, no descriptor: the next look tries again
      if (wasKept) this.#log.warn({ file: this.#file }, (error as Error).message);
    }
  }
}

function rowsIn(text: string): Array<Said | Over> | null {
  const all = jsonIn(text) as Array<Partial<Said & Over> | null> | null;
  if (!Array.isArray(all)) return null;
  return all.filter(
    (one): one is Said | Over => Object.hasOwn(limits.TROUBLE_TIMES, one?.over ?? one?.what ?? '') && typeof one?.source === 'string',
  );
}
