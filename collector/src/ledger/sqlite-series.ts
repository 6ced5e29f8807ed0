import type { Lane } from '@fengsui/protocol';
import type { Database, Statement } from 'better-sqlite3';

interface SeriesKey {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
}

interface GapRow {
  readonly first: number;
  readonly last: number;
  readonly sinceMs: number;
}

/** Keeps what is known and what is missing of every numbered series, inside the transaction of its caller. */
export class SeriesBook {
  readonly #load: Statement<[string, number, string], { highest: number }>;
  readonly #save: Statement<[string, number, string, number, number, number]>;
  readonly #gapAt: Statement<[string, number, string, number], GapRow>;
  readonly #addGap: Statement<[string, number, string, number, number, number]>;
  readonly #dropGap: Statement<[string, number, string, number]>;

  constructor(database: Database) {
    const series = 'gateway = ? AND epoch = ? AND lane = ?';
    this.#load = database.prepare(`SELECT highest FROM series WHERE ${series}`);
    this.#save = database.prepare(`INSERT INTO series (gateway, epoch, lane, highest, entries, committed_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET highest = excluded.highest, entries = entries + excluded.entries, committed_ms = excluded.committed_ms`);
    this.#gapAt = database.prepare(
      `SELECT first, last, since_ms AS sinceMs FROM gaps WHERE ${series} AND first <= ? ORDER BY first DESC LIMIT 1`,
    );
    this.#addGap = database.prepare('INSERT INTO gaps (gateway, epoch, lane, first, last, since_ms) VALUES (?, ?, ?, ?, ?, ?)');
    this.#dropGap = database.prepare(`DELETE FROM gaps WHERE ${series} AND first = ?`);
  }

  /** Notes that numbers are in the ledger or in quarantine; `entries` of them are new in the ledger. */
  arrive({ gateway, epoch, lane }: SeriesKey, numbers: readonly number[], entries: number, atMs: number): void {
    let highest = this.#load.get(gateway, epoch, lane)?.highest ?? 0;
    for (const number of numbers) {
      if (number <= highest) this.#fill(gateway, epoch, lane, number);
      else {
        if (number > highest + 1) this.#addGap.run(gateway, epoch, lane, highest + 1, number - 1, atMs);
        highest = number;
      }
    }
    this.#save.run(gateway, epoch, lane, highest, entries, atMs);
  }

  #fill(gateway: string, epoch: number, lane: Lane, number: number): void {
    const gap = this.#gapAt.get(gateway, epoch, lane, number);
    if (!gap || gap.last < number) return;
    this.#dropGap.run(gateway, epoch, lane, gap.first);
    if (gap.first < number) this.#addGap.run(gateway, epoch, lane, gap.first, number - 1, gap.sinceMs);
    if (number < gap.last) this.#addGap.run(gateway, epoch, lane, number + 1, gap.last, gap.sinceMs);
  }
}
