import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './journal.fixture.ts';
import { lock, lockOf } from './lock.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = lockOf(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a journal', () => {
  it.each([
    ['a folder', null],
    ['nothing', ''],
    ['one byte', 'x'],
    ['a line', 'no database at all\n'],
    ['pages of something else', 'garbage '.repeat(4_096)],
    ['the head of a database and nothing behind it', 'SQLite format 3\0'],
  ])('is taken where %s stands in its place, and then held against everybody else', (_, content) => {
    if (content === null) mkdirSync(path);
    else writeFileSync(path, content);
    const held = lock(path);
    expect(() => lock(path)).toThrow('journal-locked');
    held.close();
    lock(path).close();
  });
});
