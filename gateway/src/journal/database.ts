import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { migrate, refuseNewer } from './schema.ts';
import { damaged } from './trouble.ts';

/**
 * Opens or creates a lane's file: durable, sound as far as a look at `checkBytesMax` can tell, of this version's schema. Throws a SqliteError,
 * or a Failure (`journal-newer`, `journal-damaged`, `journal-not-durable`).
 */
export function openDatabase(path: string, checkBytesMax: number): Database.Database {
  if (existsSync(path)) look(path);
  const database = new Database(path, { timeout: limits.JOURNAL_LOCK_TIMEOUT_MS });
  try {
    refuseNewer(database, path);
    durable(database, path);
    check(database, path, checkBytesMax);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * A look at the schema before anything is opened for writing. A file that was killed while it was born cannot be read before it is
 * rolled back, which only a writer may do: there is nothing in it yet.
 */
function look(path: string): void {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    refuseNewer(database, path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_READONLY_ROLLBACK') throw error;
  } finally {
    database.close();
  }
}

/** `synchronous` is not stored in the file: it is set on every connection and read back. WAL and FULL lost no row in our power cuts. */
function durable(database: Database.Database, path: string): void {
  database.pragma('auto_vacuum = INCREMENTAL'); // takes effect in a file that is born: room is given back in small steps
  database.pragma('cell_size_check = ON');
  database.pragma(`cache_size = -${limits.JOURNAL_CACHE_KIB}`);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma(`journal_size_limit = ${limits.WAL_BYTES_MAX}`);
  const mode = database.pragma('journal_mode', { simple: true });
  const synchronous = database.pragma('synchronous', { simple: true });
  if (mode !== 'wal' || synchronous !== 2)
    throw fail('journal-not-durable', `${path} has journal_mode ${mode}, synchronous ${synchronous}`);
}

/**
 * A damaged page lets inserts succeed while reads fail. A larger file than can be read at once is looked at step by step later; until then
 * whoever comes upon a damaged page cures it.
 */
function check(database: Database.Database, path: string, bytesMax: number): void {
  if (statSync(path).size > bytesMax) return;
  const found = database.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw damaged(`${path}: ${found}`);
}
