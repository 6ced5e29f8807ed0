import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './journal.fixture.ts';
import { Unfinished } from './unfinished.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'superseding.json');

describe('the epochs that are left to be held back', () => {
  it('are known to the next run until they are done', () => {
    const first = new Unfinished(folder);
    first.begun('collector', 7);
    first.begun('collector', 9);
    first.done('collector', 7);
    expect(new Unfinished(folder).of('collector')).toBe(9);
    first.done('collector', 9);
    expect(new Unfinished(folder).of('collector')).toBeNull();
    expect(readdirSync(folder)).toEqual(['superseding.json']);
  });

  it.each([
    ['garbage', () => writeFileSync(path(), 'garbage \u0000 烽燧')],
    ['empty', () => writeFileSync(path(), '')],
    ['of another shape', () => writeFileSync(path(), '[1, 2]')],
    ['not of epochs', () => writeFileSync(path(), '{"collector": ["7"]}')],
    ['a folder', () => mkdirSync(path())],
  ])('are begun anew where the file is %s, which is moved aside for people to see', (_what, harm) => {
    harm();
    const unfinished = new Unfinished(folder);
    expect(unfinished.of('collector')).toBeNull();
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^superseding\.json\.unusable-\d{8}T\d{9}Z$/)]);
    unfinished.begun('collector', 9);
    expect(new Unfinished(folder).of('collector')).toBe(9);
  });
});
