import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Authority, needOpenssl } from './commission/doctor/authority.fixture.ts';
import { latestTime } from './known-time.ts';
import { BOX_LIFE_MS } from './limits.ts';
import { MADE_MS } from './version.ts';

const DAY_MS = 86_400_000;

test('no time is right after the life of a box, nor after the first of its certificates ends that has not ended yet', () => {
  needOpenssl();
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-latest-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const authority = new Authority(folder);
  const [soon, later] = [authority.issue('soon', 90).certificate, authority.issue('later', 397).certificate];
  const endOf = (file: string) => Date.parse(new X509Certificate(readFileSync(file)).validTo);
  const life = MADE_MS + BOX_LIFE_MS;
  expect(latestTime([], MADE_MS)).toBe(life);
  expect(latestTime([later, soon], 0)).toBe(endOf(soon));
  expect(latestTime([later, soon], endOf(soon) + DAY_MS)).toBe(endOf(later));
  expect(latestTime([later, soon], endOf(later) + DAY_MS)).toBe(life);
  writeFileSync(join(folder, 'none.pem'), 'no certificate');
  expect(latestTime([join(folder, 'none.pem'), join(folder, 'missing.pem')], 0)).toBe(life);
});
