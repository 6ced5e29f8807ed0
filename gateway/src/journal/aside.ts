import { copyFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lane } from '@fengsui/protocol';

/** A database, its log, and the log's index. */
const TAILS = ['', '-wal', '-shm'];

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A file that is empty, or not there, while its log holds something: SQLite would take it for new and throw the log away. */
export function isBlank(path: string): boolean {
  return sizeOf(path) === 0 && sizeOf(`${path}-wal`) > 0;
}

function asideOf(path: string, lane: Lane, wallMs: number): string {
  return join(dirname(path), `${lane}.damaged-${new Date(wallMs).toISOString().replaceAll(/[-:.]/g, '')}.sqlite`);
}

/** Moves a damaged file of a lane and what belongs to it to a dated name; answers it. */
export function moveAside(path: string, lane: Lane, wallMs: number): string {
  const aside = asideOf(path, lane, wallMs);
  for (const tail of TAILS) if (existsSync(path + tail)) renameSync(path + tail, aside + tail);
  return aside;
}

/** Keeps a copy of a damaged log, which SQLite is about to cut back to what it can read; answers its name, or null where none is left. */
export function copyLogAside(path: string, lane: Lane, wallMs: number): string | null {
  if (sizeOf(`${path}-wal`) === 0) return null;
  const aside = `${asideOf(path, lane, wallMs)}-wal`;
  copyFileSync(`${path}-wal`, aside);
  return aside;
}
