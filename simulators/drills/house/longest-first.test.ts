import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONGEST } from './longest-first.ts';
import { ROOT } from './tool.ts';

it.each(LONGEST)('%s, which is begun first, is there', (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
});
