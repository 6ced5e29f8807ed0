import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What stands in the alarm lane of a journal, read from the file and by nobody's leave. */
export function alarmRows(data: string): ReadonlyArray<{ readonly epoch: number; readonly number: number; readonly kind: string }> {
  const file = join(data, 'alarm.sqlite');
  if (!existsSync(file)) return [];
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare('SELECT epoch, number, kind FROM rows ORDER BY position').all() as Array<{
      epoch: number;
      number: number;
      kind: string;
    }>;
  } finally {
    database.close();
  }
}

export const fires = (data: string) => alarmRows(data).filter(({ kind }) => kind === 'fire').length;
