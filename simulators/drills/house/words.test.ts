import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_KINDS, MEANINGS, WHATS } from '@fengsui/protocol';
import { describe, expect, it } from 'vitest';
import { tableUnder } from './markdown.ts';
import { ROOT } from './tool.ts';

const words = readFileSync(join(ROOT, 'docs/words.md'), 'utf8');
const bare = (cell: string | undefined) => cell?.replaceAll('`', '');
const inOrder = (rows: string[]) => rows.sort();

describe('the list of words', () => {
  it('has every kind of event with its Chinese name and lane, and no other', () => {
    const listed = tableUnder(words, '## Event kinds').map((row) => `${bare(row[0])} ${row[1]} ${row[2]}`);
    const known = Object.entries(EVENT_KINDS).map(([kind, { zh, lane }]) => `${kind} ${zh} ${lane}`);
    expect(inOrder(listed)).toEqual(inOrder(known));
  });

  it('has every word of a device and what it becomes, and no other', () => {
    const listed = tableUnder(words, '## Observation words').map((row) => `${bare(row[0])}: ${bare(row[2])}`);
    const known = WHATS.map((what) => `${what}: ${MEANINGS[what].kind} ${MEANINGS[what].edge}`);
    expect(inOrder(listed)).toEqual(inOrder(known));
  });

  it('says every word in both languages', () => {
    for (const heading of ['## The line', '## Event kinds', '## Observation words'])
      for (const row of tableUnder(words, heading)) {
        expect(row[0], heading).toMatch(/[a-z]/);
        expect(row[1], `${heading}: ${row[0]}`).toMatch(/\p{Script=Han}/u);
      }
  });

  it('names no word of the line twice', () => {
    const names = tableUnder(words, '## The line').map((row) => row[0]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(20);
  });
});
