import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tableUnder } from './markdown.ts';
import { ROOT } from './tool.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/proofs.md');
const experiments = tableUnder(page, '## Experiments');
const caught = tableUnder(page, '## What other systems');
const named = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

it('every experiment that concerns the gateway and everything that others were caught at has its row', () => {
  const numbers = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 25, 26, 27, 28];
  expect(experiments.map(([name]) => name)).toEqual(numbers.map((number) => `E${String(number).padStart(2, '0')}`));
  expect(caught.map(([name]) => name)).toEqual(Array.from({ length: 32 }, (_, index) => String(index + 1)));
});

it.each([...experiments, ...caught].map((row) => [row[0]!, row] as const))(
  '%s names tests and drills that there are, or says why none',
  (_, row) => {
    const [tests, drills] = [named(row[2]).filter((name) => name.endsWith('.ts')), named(row[3])];
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const there = [...read('simulators/drills/drill.ts').matchAll(/^ {2}'?([\w-]+)'?: (?:own|experiment)\(/gm)].map(([, name]) => name!);
    expect(drills.filter((name) => !there.includes(name))).toEqual([]);
    expect(tests.length + drills.length > 0 || /^(?:none: |measured )/.test(row[2] ?? '')).toBe(true);
  },
);
