import SqliteDatabase from 'better-sqlite3';
import type { FailureCode } from '../failures.ts';

/** Trouble with the file, in a form that crosses between threads. */
export interface Trouble {
  readonly code: FailureCode;
  readonly detail: string;
}

/** What a worker throws where it knows better than SQLite what is wrong. */
export class LedgerTrouble extends Error implements Trouble {
  readonly code: FailureCode;
  readonly detail: string;

  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.code = code;
    this.detail = detail;
  }
}

const CODES: ReadonlyArray<readonly [string, FailureCode]> = [
  ['SQLITE_FULL', 'ledger-full'],
  ['SQLITE_CORRUPT', 'ledger-damaged'],
  ['SQLITE_NOTADB', 'ledger-damaged'],
  ['SQLITE_CANTOPEN', 'ledger-unopened'],
];

export function troubleOf(error: unknown, otherwise: FailureCode): Trouble {
  if (error instanceof LedgerTrouble) return { code: error.code, detail: error.detail };
  const detail = error instanceof Error ? error.message : String(error);
  if (!(error instanceof SqliteDatabase.SqliteError)) return { code: otherwise, detail };
  const code = CODES.find(([start]) => error.code.startsWith(start))?.[1] ?? otherwise;
  return { code, detail: `${error.code}: ${detail}` };
}
