import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FailureCode } from '../../failures.ts';
import { fail } from '../../failures.ts';

/** An event the city platform refused, and its answer: for people to look at. */
export interface Refusal {
  readonly eventId: string;
  /** In the ledger. */
  readonly position: number;
  readonly status: number;
  readonly answer: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly refusedMs: number;
  /** What was pushed. */
  readonly body: string;
}

/** Refusals shown; the file has them all. */
const SHOWN_MAX = 100;
const UNWRITTEN: FailureCode = 'refusals-unwritten';

function parsed(line: string): readonly Refusal[] {
  try {
    return [JSON.parse(line) as Refusal];
  } catch {
    return []; // the line a power cut left half written: its event was not passed over and comes again
  }
}

/** Refused events in a file of JSON lines. */
export class Refusals {
  readonly #path: string;
  readonly #ids = new Set<string>();
  #shown: Refusal[] = [];

  private constructor(path: string) {
    this.#path = path;
  }

  /** Reads what there is. Rejects with a `Failure` where the file cannot be read. */
  static async open(path: string): Promise<Refusals> {
    const refusals = new Refusals(path);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw fail(UNWRITTEN, path, error);
    });
    for (const line of text.split('\n')) for (const refusal of parsed(line)) refusals.#remember(refusal);
    return refusals;
  }

  get count(): number {
    return this.#ids.size;
  }

  /** The last ones, the latest first. */
  get shown(): readonly Refusal[] {
    return this.#shown;
  }

  /** Durable when it resolves. A repeated one, after a crash before the cursor moved, is kept once. */
  async add(refusal: Refusal): Promise<void> {
    if (this.#ids.has(refusal.eventId)) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await using file = await open(this.#path, 'a', 0o600);
      // The leading line feed ends whatever half line a crash left.
      await file.writeFile(`\n${JSON.stringify(refusal)}`);
      await file.sync();
    } catch (error) {
      throw fail(UNWRITTEN, this.#path, error);
    }
    this.#remember(refusal);
  }

  #remember(refusal: Refusal): void {
    this.#ids.add(refusal.eventId);
    this.#shown = [refusal, ...this.#shown].slice(0, SHOWN_MAX);
  }
}
