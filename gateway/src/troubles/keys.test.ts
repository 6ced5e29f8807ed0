import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Authority, needOpenssl } from '../commission/doctor/authority.fixture.ts';
import { ManualClock } from '../drivers/rehearsal.ts';
import * as limits from '../limits.ts';
import { keysWatcher } from './keys.ts';

let folder: string;
beforeAll(() => {
  needOpenssl();
  folder = mkdtempSync(join(tmpdir(), 'fengsui-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The machine's own day, by a clock that waits. */
class Today extends ManualClock {
  readonly #startMs = Date.now() - super.wallMs();
  override wallMs(): number {
    return super.wallMs() + this.#startMs;
  }
}

it('tells which certificate ends when, worse as the day comes, and looks at a renewed file anew', async () => {
  const authority = new Authority(folder);
  const files = new Map([
    ['main.ca', authority.ca],
    ['main.certificate', authority.issue('gw', 40).certificate],
  ]);
  const clock = new Today(); // after the certificate, which so has less than 40 days
  const watcher = keysWatcher('gw-1', { certificates: files, keys: new Map() }, clock, 0);
  const levels: number[] = [];
  for (let day = 0; day < 45; day++) {
    const [found] = (await watcher.look(() => null))!;
    levels.push(found?.level ?? 0);
    if (day === 12) expect(found?.text).toMatch(/^main\.certificate ends in 27 days, on \d{4}-\d\d-\d\d \(.*gw\.pem\)/);
    await clock.advance(86_400_000);
  }
  expect([...new Set(levels)]).toEqual([0, 1, 2, 3, 4]);
  expect(levels.indexOf(1)).toBe(10);
  authority.issue('gw', 300);
  await clock.advance(limits.KEYS_EVERY_MS);
  expect(await watcher.look(() => null)).toEqual([]);
});

it('tells of a key that others can read, and is content when they cannot', async () => {
  const clock = new Today();
  const key = join(folder, 'own.key');
  writeFileSync(key, 'a key', { mode: 0o600 });
  const watcher = keysWatcher('gw-1', { certificates: new Map(), keys: new Map([['main.key', key]]) }, clock, 0);
  expect(await watcher.look(() => null)).toEqual([]);
  chmodSync(key, 0o644);
  await clock.advance(limits.KEYS_EVERY_MS);
  expect(await watcher.look(() => null)).toMatchObject([
    { what: 'key-exposed', source: 'gw-1', text: expect.stringContaining(`${key} (0644): chmod 600`) },
  ]);
});
