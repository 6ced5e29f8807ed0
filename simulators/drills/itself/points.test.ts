import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../house/tool.ts';
import { HANGS } from './hang.ts';
import { HANGS_WHILE_STOPPING } from './stop.ts';
import { POINTS } from './throw-points.ts';

test.each([...POINTS, ...HANGS, ...HANGS_WHILE_STOPPING])('the fault at «$name» has its place in $file, once', ({ file, before }) => {
  expect(readFileSync(join(ROOT, file), 'utf8').split(before)).toHaveLength(2);
});

test('faults are thrown at thirty points at least, each with a name of its own', () => {
  expect(new Set(POINTS.map(({ name }) => name)).size).toBe(POINTS.length);
  expect(POINTS.length).toBeGreaterThanOrEqual(30);
});
