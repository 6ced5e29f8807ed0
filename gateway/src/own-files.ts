import { readFileSync, renameSync, statSync } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ASIDE = '.unusable-';

/** What cannot be read as the file it should be; what the disk does not give counts as damage, and a folder as garbage. */
const UNUSABLE = new Set(['EISDIR', 'EIO', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO']);

/**
 * What stands in a small file that the gateway writes for itself. `read` answers null for a text that is none of ours. What cannot be used
 * (garbage, nothing, a folder, bytes that the disk does not give) is moved aside under a dated name, for people to look at: it must not keep a
 * gateway from its alarms. Answers null where nothing usable is there. Rejects with the file system's error where it could not be moved.
 */
export async function readOwn<T>(path: string, read: (text: string) => T | null): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const bad = unusableAt(path, error as NodeJS.ErrnoException);
    if (bad !== null) await rename(bad, asideOf(bad));
    return null;
  }
  const found = read(text);
  if (found === null) await rename(path, asideOf(path));
  return found;
}

/** The same for a thread that has nothing else to do. Throws where `readOwn` rejects. */
export function readOwnNow<T>(path: string, read: (text: string) => T | null): T | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const bad = unusableAt(path, error as NodeJS.ErrnoException);
    if (bad !== null) renameSync(bad, asideOf(bad));
    return null;
  }
  const found = read(text);
  if (found === null) renameSync(path, asideOf(path));
  return found;
}

/** What is in the way where a file could not be read; null: nothing is there. Throws the error where nothing is to be moved. */
function unusableAt(path: string, error: NodeJS.ErrnoException): string | null {
  const { code = '' } = error;
  if (code === 'ENOENT') return null;
  if (code === 'ENOTDIR') return dirname(path);
  if (UNUSABLE.has(code)) return path;
  throw error;
}

const asideOf = (path: string) => `${path}${ASIDE}${new Date().toISOString().replaceAll(/[-:.]/g, '')}`;

/** Moves a folder out of the place of a file. Throws the file system's error. */
export function setFolderAside(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) renameSync(path, asideOf(path));
}

/** What was moved aside in a folder and is still there, oldest first. */
export async function asidesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.includes(ASIDE)).map((name) => join(folder, name));
}

/** What was moved aside of one file. */
export async function asidesOf(path: string): Promise<string[]> {
  return (await asidesIn(dirname(path))).filter((aside) => aside.startsWith(path + ASIDE));
}

/** A text as JSON; null where it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
