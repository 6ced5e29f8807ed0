import { join } from 'node:path';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import { isHeldByOthers } from './trouble.ts';

export const lockOf = (directory: string): string => join(directory, 'journal.lock');

/** One process per journal: SQLite's own lock, which the system takes back from a killed process. Held until it is closed. */
export function lock(path: string): Database.Database {
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw isHeldByOthers(error) ? fail('journal-locked', path, error) : error;
  }
}
