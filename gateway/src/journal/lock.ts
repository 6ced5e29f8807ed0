import { accessSync, constants, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import { setFolderAside } from '../own-files.ts';
import { isHeldByOthers, toldOf } from './trouble.ts';

export const lockOf = (directory: string): string => join(directory, 'journal.lock');

/**
 * One process per journal: SQLite's own lock, which the system takes back from a killed process. Held until it is closed. A file in which
 * something stands that is no database is emptied, never replaced: whoever comes at the same time has the same file, and an empty one is all
 * a holder ever has. That it can be read at all means that nobody holds it.
 */
export function lock(path: string): Database.Database {
  setFolderAside(path);
  try {
    return locked(path);
  } catch (error) {
    if (toldOf(error).code !== 'journal-damaged') throw error;
    truncateSync(path);
    return locked(path);
  }
}

/** Whether a process has the journal of a directory; null: the file that says so cannot be looked at. Leaves no trace. */
export function isLocked(directory: string): boolean | null {
  try {
    accessSync(lockOf(directory), constants.R_OK | constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : null;
  }
  try {
    const database = new Database(lockOf(directory), { timeout: 0, fileMustExist: true });
    try {
      database.exec('BEGIN EXCLUSIVE; ROLLBACK');
      return false;
    } finally {
      database.close();
    }
  } catch (error) {
    if (isHeldByOthers(error)) return true;
    return toldOf(error).code === 'journal-damaged' ? false : null;
  }
}

function locked(path: string): Database.Database {
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw isHeldByOthers(error) ? fail('journal-locked', path, error) : error;
  }
}
