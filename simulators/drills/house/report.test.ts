import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { REPORT_FILE } from './report.ts';
import { tally } from './tally.ts';
import { runTool } from './tool.ts';

/** What the tally says of a run over these files. */
async function runOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const environment = { [REPORT_FILE]: join(folder, 'report.json') };
  const words = ['run', '--root', folder, '--globals', '--reporter=default', `--reporter=${join(import.meta.dirname, 'report.ts')}`];
  const { code, output } = await runTool('vitest', words, { environment });
  return { code, output, ...tally(await readFile(join(folder, 'report.json'), 'utf8').catch(() => null), code) };
}

it('counts what vitest ran, and names no file to people', async () => {
  const { passed, failed, code, output } = await runOf({
    'a.test.js': "test('a', () => {}); describe('b', () => { test('c', () => expect(1).toBe(1)); });",
  });
  expect({ passed, failed, code }).toEqual({ passed: 2, failed: 0, code: 0 });
  expect(output).not.toContain('report.json');
});

it('tells what failed, what was left out, what could not be read and what broke outside its tests', async () => {
  const { passed, failed, remarks } = await runOf({
    'a.test.js': "test('good', () => {}); test('bad', () => expect(1).toBe(2)); test.skip('skipped', () => {}); test.todo('to do');",
    'b.test.js': 'this is no program',
    'c.test.js': "test('good', () => {}); afterAll(() => { throw new Error('outside'); });",
    'd.test.js': '',
  });
  expect({ passed, failed }).toEqual({ passed: 2, failed: 6 });
  expect(remarks.map((remark) => remark.replace(/: .*/s, '')).sort()).toEqual([
    'did not run (skipped)',
    'did not run (skipped)',
    'failed',
    'failed outside its tests',
    'ran no test',
    'ran no test',
  ]);
  expect(remarks.find((remark) => remark.startsWith('failed: '))).toMatch(/a\.test\.js: bad\n {4}expected 1 to be 2/);
  expect(remarks.find((remark) => remark.startsWith('failed outside'))).toContain('c.test.js\n    outside');
});
