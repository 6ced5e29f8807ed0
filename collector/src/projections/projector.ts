import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Entry, Ledger } from '../ledger/ledger.ts';
import type { Change, Projection } from './projection.ts';
import { Table } from './table.ts';

/** Entries read from the ledger at once: enough to rebuild quickly. */
const PAGE_ENTRIES_MAX = 500;
/** Folded without a pause, ms: the thread takes deliveries and answers people, too, and what an entry costs grows with the fire. */
const TURN_MS = 10;

// biome-ignore lint/suspicious/noExplicitAny: a row is known only to its own projection
type Projections = Readonly<Record<string, Projection<any>>>;
type RowOf<P> = P extends Projection<infer Row> ? Row : never;

/** What one entry did to every projection. */
export interface Step<P extends Projections> {
  readonly entry: Entry;
  readonly changes: { readonly [Name in keyof P]: ReadonlyMap<string, Change<RowOf<P[Name]>>> };
}

/** Folds the ledger, from its first entry on, into several projections that always stand at the same position. */
export class Projector<P extends Projections> {
  readonly tables: { readonly [Name in keyof P]: Table<RowOf<P[Name]>> };
  readonly #projections: P;
  readonly #listeners = new Set<(step: Step<P>) => void>();
  readonly #reachedEnd = Promise.withResolvers<void>();
  #position = 0;

  constructor(projections: P) {
    this.#projections = projections;
    const tables = Object.entries(projections).map(([name, projection]) => [name, new Table(projection.group)]);
    this.tables = Object.fromEntries(tables);
  }

  /** Of the last entry folded. */
  get position(): number {
    return this.#position;
  }

  /** Resolves when all that the ledger held at first is folded. */
  get caughtUp(): Promise<void> {
    return this.#reachedEnd.promise;
  }

  /** Calls `listener` after each entry, in the order of the ledger; returns the way to stop that. */
  subscribe(listener: (step: Step<P>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Folds one entry. Entries come in order of position; one that was folded already changes nothing. */
  fold(entry: Entry): void {
    if (entry.position <= this.#position) return;
    const changes = Object.entries(this.#projections).map(([name, projection]) => {
      const table = this.tables[name] as Table<unknown>;
      return [name, table.apply(projection.fold(table, entry))];
    });
    this.#position = entry.position;
    const step = { entry, changes: Object.fromEntries(changes) } as Step<P>;
    for (const listener of this.#listeners) listener(step);
  }

  /** Folds what the ledger has, then whatever it gets, until the signal aborts. Rejects with the ledger's `Failure`; may be run again. */
  async run(ledger: Pick<Ledger, 'after' | 'wait'>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const entries = await ledger.after(this.#position, PAGE_ENTRIES_MAX);
      await this.#foldInTurns(entries, signal);
      if (entries.length > 0) continue;
      this.#reachedEnd.resolve();
      await ledger.wait(this.#position, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async #foldInTurns(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    let beganMs = performance.now();
    for (const entry of entries) {
      if (performance.now() - beganMs > TURN_MS) {
        await othersTurn();
        if (signal.aborted) return;
        beganMs = performance.now();
      }
      this.fold(entry);
    }
  }
}
