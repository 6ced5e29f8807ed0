import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DIALECTS } from '../gb26875/dialects/register.ts';
import { ANNEX, UNITS, USER_VERSION } from './db36-t1297-2020.ts';

const page = readFileSync(new URL('../../../docs/wire.md', import.meta.url), 'utf8');
const firstCells = page.split('\n').flatMap((line) => /^\| ([^|]+?) \|/.exec(line)?.[1] ?? []);

test('docs/wire.md lists every unit type and every tag of the annex, and no other', () => {
  const listed = firstCells.filter((cell) => /^\d+$/.test(cell)).map(Number);
  expect(listed).toEqual([...Object.values(UNITS), ...ANNEX.map(({ tag }) => tag)]);
  expect(page).toContain(`user version ${USER_VERSION}`);
});

test('docs/wire.md names the fields of the annex as the table does', () => {
  for (const { en, zh } of ANNEX) expect(page.replaceAll(/\s+/g, ' ')).toContain(`${en} ${zh.replace(/\(.*\)/, '')}`);
});

test('docs/wire.md describes every dialect', () => {
  const described = firstCells.flatMap((cell) => cell.split(', '));
  for (const name of DIALECTS.keys()) expect(described).toContain(name);
});
