import { accessSync, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';

/** Neither damage nor a failing disk: somebody is in the way, or the volume is not what it should be. Nothing is moved or changed for it. */
const REFUSED_OPENING = /^(?:SQLITE_(?:CANTOPEN|READONLY)\w*|EACCES|EPERM|EROFS|EEXIST|ENOENT|ENOTDIR|EISDIR|ELOOP|EMFILE|ENFILE)$/;

/** What SQLite opens beside a database. */
const TAILS = ['', '-wal', '-shm', '-journal'];

/** Opens or makes what lies at a path. Throws a Failure that says what is in the way where the system does not let us. */
export function opening<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    if (error instanceof Failure || !REFUSED_OPENING.test(code)) throw error;
    throw fail('journal-unopened', `${path}: ${[message, ...inTheWay(path)].join('; ')}`, error);
  }
}

/** The first thing that is in the way: SQLite does not say which of its files it means, nor why. */
function inTheWay(path: string): string[] {
  const folder = dirname(path);
  const looks = [
    () => accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK),
    () => takeDescriptors(folder),
    ...TAILS.map((tail) => () => look(path + tail)),
  ];
  for (const look of looks) {
    try {
      look();
    } catch (error) {
      return [(error as Error).message];
    }
  }
  return [];
}

/** As many as SQLite opens for a lane, and more. */
const DESCRIPTORS = 8;

function takeDescriptors(folder: string): void {
  const taken: number[] = [];
  try {
    while (taken.length < DESCRIPTORS) taken.push(openSync(folder, 'r'));
  } finally {
    for (const each of taken) closeSync(each);
  }
}

/** Never opens it: closing it again would let go of the locks that this process has on it. */
function look(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isFile()) throw new Error(`${basename(path)} is no file`);
  accessSync(path, constants.R_OK | constants.W_OK);
}
