import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HYDRANT_TCP } from './demo/site.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHECKER = fileURLToPath(new URL('./checker/main.ts', import.meta.url));
/** The story takes about half a minute on an idle machine. */
const DEMO_WITHIN_MS = 300_000;

let code: number | null;
let out: string;
let err: string;
let folder: string;

/** As a person runs it: the task of the root, in a process of its own. */
beforeAll(async () => {
  const child = spawn('node', [join(ROOT, 'start.mjs'), 'demo', '--once', '--keep'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  folder = /demo: kept (.*)/.exec(err)?.[1] ?? '';
}, DEMO_WITHIN_MS);
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const lastLine = () => JSON.parse(out.trimEnd().split('\n').at(-1)!) as Record<string, number> & { alarmLatencyMs: Record<string, number> };

describe('npm run demo -- --once', () => {
  test('ends well: nothing lost, doubled or out of order, and enough was said to tell', () => {
    expect(code, `${out}\n${err}`).toBe(0);
    const { stimuli, ledger, municipal, lost, duplicated, outOfOrder, alarmLatencyMs } = lastLine();
    expect([lost, duplicated, outOfOrder]).toEqual([0, 0, 0]);
    expect(stimuli).toBeGreaterThan(15);
    expect(ledger).toBe(stimuli);
    expect(municipal).toBeGreaterThan(12);
    expect(alarmLatencyMs['p50']).toBeGreaterThan(0);
    expect(alarmLatencyMs['p99']).toBeGreaterThanOrEqual(alarmLatencyMs['p50']!);
  });

  test('tells each event on its way, with the milliseconds of each hop, and where the live page is', () => {
    expect(out).toMatch(/live page: http:\/\/127\.0\.0\.1:\d+\//);
    expect(out).toMatch(/火警 fire · smoke-302 2栋302室 · 设备 device 0 → 网关 gateway \+\d+ → 总账 ledger \+\d+ → 市平台 city \+\d+ ms/);
    expect(out).toMatch(/below low limit 122 .* · hydrant-7 昌江大道7号消火栓/);
    expect(out).toContain("in the gateway's journal, waiting for the link");
  });

  test('after the outage the fires come first, the readings after', () => {
    const ledger = new Database(join(folder, 'collector', 'ledger.sqlite'), { readonly: true });
    const positionOf = (source: string, kind: string, last: string) =>
      ledger
        .prepare(`SELECT ${last}(position) FROM ledger WHERE event ->> 'source' = ? AND event ->> 'kind' = ?`)
        .pluck()
        .get(source, kind) as number;
    const reading = positionOf(HYDRANT_TCP, 'reading', 'max');
    expect(positionOf('smoke-501', 'fire', 'min')).toBeLessThan(reading);
    const fires = ledger
      .prepare(`SELECT max(position) FROM ledger WHERE event ->> 'source' = 'panel-1' AND event ->> 'kind' = 'fire'`)
      .pluck();
    expect(fires.get()).toBeLessThan(reading);
    ledger.close();
  });
});

describe('the canary: the same run, broken on purpose, turns the checker red', () => {
  function checkAfter(breakIt: (ledger: InstanceType<typeof Database>) => void): { status: number | null; stdout: string; stderr: string } {
    const copy = join(folder, 'broken.sqlite');
    const original = new Database(join(folder, 'collector', 'ledger.sqlite'));
    original.pragma('wal_checkpoint(TRUNCATE)');
    original.close();
    copyFileSync(join(folder, 'collector', 'ledger.sqlite'), copy);
    const ledger = new Database(copy);
    for (const { name } of ledger.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).all() as Array<{ name: string }>)
      ledger.exec(`DROP TRIGGER "${name}"`);
    breakIt(ledger);
    ledger.close();
    const truths = readdirSync(join(folder, 'truth')).flatMap((name) => ['--truth', join(folder, 'truth', name)]);
    const files = ['--ledger', copy, '--municipal', join(folder, 'municipal.jsonl'), '--link', join(folder, 'link.jsonl')];
    return spawnSync(process.execPath, [CHECKER, ...truths, ...files], { encoding: 'utf8' });
  }

  test('untouched it is green', () => {
    expect(checkAfter(() => {})).toMatchObject({ status: 0 });
  });

  test('a row taken out of the ledger is missed', () => {
    const broken = checkAfter((ledger) => {
      ledger.exec(`DELETE FROM ledger WHERE event ->> 'source' = 'smoke-302' AND event ->> 'kind' = 'fire' AND event ->> 'edge' = 'began'`);
    });
    expect(broken.status).toBe(1);
    expect(JSON.parse(broken.stdout).lost).toBeGreaterThan(0);
    expect(broken.stderr).toMatch(/lost: smoke-302-\d+ \(fire/);
  });

  test('a row that stands there twice is found', () => {
    const broken = checkAfter((ledger) => {
      ledger.exec(`CREATE TEMP TABLE twin AS SELECT * FROM ledger WHERE event ->> 'kind' = 'fire' LIMIT 1;
        UPDATE twin SET position = position + 1000, number = number + 1000;
        INSERT INTO ledger SELECT * FROM twin`);
    });
    expect(broken.status).toBe(1);
    expect(JSON.parse(broken.stdout).duplicated).toBeGreaterThan(0);
  });
});
