import type { Batch, Clock, Holding, Receipt } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import { LEDGER_ANSWER_TIMEOUT_MS, LEDGER_OPEN_TIMEOUT_MS, LEDGER_READ_ENTRIES_MAX } from '../limits.ts';
import type { Cursor, Entry, Lacking, Ledger, LedgerState, Numbering, Quarantined } from './ledger.ts';
import type { Orders } from './orders.ts';
import { Evidence } from './sqlite-evidence.ts';
import type { Found } from './sqlite-reader.ts';
import { type Patience, SqliteThread } from './sqlite-thread.ts';
import type { Appended } from './sqlite-writer.ts';

const PATIENCE: Patience = { openMs: LEDGER_OPEN_TIMEOUT_MS, answerMs: LEDGER_ANSWER_TIMEOUT_MS };

/** A ledger in one SQLite file: one writing and one reading connection, each in its own thread. */
class SqliteLedger implements Ledger {
  readonly #writer: SqliteThread;
  readonly #reader: SqliteThread;
  readonly #clock: Clock;
  readonly #evidence: Evidence;
  readonly #waiting = new Set<() => void>();
  #position = 0;
  /** Between these positions there are only entries that cannot be read. */
  #unreadable = { behind: 0, through: 0 };
  #repeated = 0;
  #closed = false;

  constructor(file: string, clock: Clock, patience: Patience) {
    this.#writer = new SqliteThread({ file, role: 'writer' }, patience);
    this.#reader = new SqliteThread({ file, role: 'reader' }, patience);
    this.#clock = clock;
    this.#evidence = new Evidence((damaged) => this.#ask(this.#writer, 'keepDamaged', { damaged, atMs: clock.wallMs() }), clock);
  }

  /** The writer first: it makes the file. */
  async open(): Promise<this> {
    try {
      this.#position = await this.#writer.open();
      await this.#reader.open();
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async append(deliveries: readonly Batch[]): Promise<readonly Receipt[]> {
    const { receipts, position, repeated } = await this.#ask<Appended>(this.#writer, 'append', { deliveries, atMs: this.#clock.wallMs() });
    this.#repeated += repeated;
    this.#position = Math.max(this.#position, position);
    for (const look of this.#waiting) look();
    return receipts;
  }

  quarantine(found: readonly Quarantined[]): Promise<void> {
    return this.#ask(this.#writer, 'quarantine', { found, atMs: this.#clock.wallMs() });
  }

  numbering(gateway: string): Promise<Numbering> {
    return this.#ask(this.#reader, 'numbering', { gateway });
  }

  holdings(gateway: string): Promise<readonly Holding[]> {
    return this.#ask(this.#reader, 'holdings', { gateway });
  }

  async known(gateway: string, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.#ask<readonly string[]>(this.#reader, 'known', { gateway, eventIds }));
  }

  async after(position: number, max: number): Promise<readonly Entry[]> {
    for (let behind = position; ; ) {
      const asked = { position: behind, max: Math.min(max, LEDGER_READ_ENTRIES_MAX) };
      const { entries, damaged, through } = await this.#ask<Found>(this.#reader, 'after', asked);
      await this.#evidence.keep(damaged);
      if (entries.length > 0) return entries;
      if (through === behind) {
        if (through > position) this.#nothingBetween(position, through);
        return entries;
      }
      behind = through;
    }
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const over = this.#closed || signal.aborted;
        if (!over && this.#position <= this.#passed(position)) return;
        this.#waiting.delete(look);
        signal.removeEventListener('abort', look);
        if (!over) resolve();
        else reject(signal.aborted ? signal.reason : fail('ledger-closed', 'wait'));
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  cursor(outlet: string): Cursor {
    return {
      read: () => this.#ask<number>(this.#reader, 'cursor', { outlet }),
      move: (position) => this.#ask<void>(this.#writer, 'move', { outlet, position }),
    };
  }

  get orders(): Orders {
    return {
      issue: (order) => this.#ask(this.#writer, 'issueOrder', { order }),
      receive: (receipt) => this.#ask(this.#writer, 'receiveOrder', { receipt, atMs: Math.round(this.#clock.wallMs()) }),
      open: (notBeforeMs) => this.#ask(this.#reader, 'openOrders', { notBeforeMs }),
      list: ({ gateway, max }) => this.#ask(this.#reader, 'listOrders', { gateway: gateway ?? null, max }),
    };
  }

  async state(): Promise<LedgerState> {
    const state = await this.#ask<Omit<LedgerState, 'repeated'>>(this.#reader, 'state', { waiting: this.#evidence.waiting });
    return { ...state, repeated: this.#repeated };
  }

  lacking(): Promise<Lacking> {
    return this.#ask(this.#reader, 'lacking', { waiting: this.#evidence.waiting });
  }

  /** The reader first: without it the writer can fold the log file back into the ledger. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const look of [...this.#waiting]) look();
    try {
      await this.#reader.close();
    } finally {
      await this.#writer.close();
    }
  }

  /** Widens what is known where it reaches as far: readers stand at several positions. */
  #nothingBetween(position: number, through: number): void {
    const known = this.#unreadable;
    this.#unreadable = { behind: known.through === through ? Math.min(known.behind, position) : position, through };
  }

  /** The position itself, or the end of what cannot be read behind it. */
  #passed(position: number): number {
    const { behind, through } = this.#unreadable;
    return behind <= position ? Math.max(position, through) : position;
  }

  #ask<Answer>(thread: SqliteThread, method: string, given: unknown): Promise<Answer> {
    return this.#closed ? Promise.reject(fail('ledger-closed', method)) : thread.ask<Answer>(method, given);
  }
}

/** Opens the ledger, making the file where there is none; rejects with a `Failure` that says what to do. */
export function openSqliteLedger(file: string, clock: Clock, patience: Patience = PATIENCE): Promise<Ledger> {
  return new SqliteLedger(file, clock, patience).open();
}
