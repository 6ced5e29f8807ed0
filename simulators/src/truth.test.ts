import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.fixture.ts';
import { TruthLog } from './truth.ts';

const file = () => join(temporaryFolder(), 'truth.jsonl');
const fire = { atMs: 5, what: 'fire', address: { loop: 1, point: 2 }, expect: 'must' } as const;

test('a line is on disk when write returns, and a second line with the same sid completes it', () => {
  const path = file();
  const log = new TruthLog(path, 'panel-1', 'jbf-193k');
  const line = log.write(fire);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...line, sid: 'panel-1-1', sequence: 1, acknowledgedMs: null });
  log.complete(line, { acknowledgedMs: 9 });
  log.close();
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(lines.map((text) => JSON.parse(text).acknowledgedMs)).toEqual([null, 9]);
});

test('a restarted device goes on counting, also behind a torn line', () => {
  const path = file();
  const first = new TruthLog(path, 'panel-1', 'jbf-193k');
  first.write(fire);
  first.write(fire);
  first.close();
  appendFileSync(path, '{"sid":"panel-1-3","dev');
  const second = new TruthLog(path, 'panel-1', 'jbf-193k');
  expect(second.write(fire).sid).toBe('panel-1-3');
  second.close();
  expect(JSON.parse(readFileSync(path, 'utf8').trim().split('\n').at(-1)!).sid).toBe('panel-1-3');
});

test('a log that cannot be written is a failure with a remedy', () => {
  expect(() => new TruthLog('/no/such/folder/truth.jsonl', 'panel-1', 'jbf-193k')).toThrow(/SIM_FILE_UNUSABLE/);
});
