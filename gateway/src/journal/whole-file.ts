import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFolderAside } from '../own-files.ts';

/** Puts words in the place of a small file, whole or not at all, also when the power goes. Throws what the disk says; then the old words stand. */
export function writeWhole(path: string, words: string): void {
  writeBeside(path, words);
  putInPlace(path);
}

/** The first half of it, with one sync: they lie beside the file. */
export function writeBeside(path: string, words: string): void {
  const beside = besideOf(path);
  setFolderAside(beside);
  durably(beside, 'w', (file) => writeFileSync(file, words));
}

/** The second half, with another. */
export function putInPlace(path: string): void {
  setFolderAside(path);
  renameSync(besideOf(path), path);
  durably(dirname(path), 'r', () => {});
}

const besideOf = (path: string) => `${path}.new`;

function durably(path: string, flags: string, act: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    act(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
