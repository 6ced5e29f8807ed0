import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { LINK_MODES } from './link.ts';
import { MODE_NAMES } from './municipal-modes.ts';
import { ACTION_NAMES, MISANSWERS, readScenario } from './scenario.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');

test('the scenario of the page can be read, and the page names every step, mistake and mode there is', () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
  expect(readScenario(parse(yaml!)).length).toBeGreaterThan(3);
  for (const name of ACTION_NAMES) expect(readme).toMatch(new RegExp(`\\b${name}: `));
  for (const name of [...MISANSWERS, ...MODE_NAMES, ...LINK_MODES]) expect(readme).toContain(name);
});
