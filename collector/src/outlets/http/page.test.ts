import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Board } from '../../board.ts';
import { machineClock } from '../../clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openSqliteLedger } from '../../ledger/sqlite-ledger.ts';
import { deliveriesOf, eventOf } from '../../ledger.arbitrary.ts';
import { httpOutlet } from './http.ts';
import type { TroubleShown } from './schemas.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const TOKEN = 'a-token-of-sufficient-length-for-a-test';
const EVIL = '<img src=x onerror="window.bitten=1"><script>window.bitten=1</script>';
const PAGE = fileURLToPath(new URL('../../../page', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

let browser: Browser;
let folder: string;
let ledger: Ledger;
let counters: { alarm: number; ordinary: number };
let ends: Array<() => unknown>;
let page: Page;
let wrongs: string[];
/** Of `gw-1`. */
let connection: { connected: boolean; sinceMs: number };

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('this test needs the Debian package chromium: apt-get install chromium');
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS.split(' ') });
});
afterAll(() => browser?.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  counters = { alarm: 0, ordinary: 0 };
  const context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(5_000);
  wrongs = [];
  connection = { connected: true, sinceMs: Date.UTC(2026, 2, 1, 6, 0, 5) };
  page.on('pageerror', ({ message }) => wrongs.push(message));
  page.on('console', (said) => said.text().includes('Content Security Policy') && wrongs.push(said.text()));
  ends = [() => context.close(), () => ledger.close(), () => rm(folder, { recursive: true })];
});
afterEach(async () => {
  for (const end of ends) await end();
});

async function happen(...events: ReadonlyArray<Partial<SiteEvent> & { kind: EventKind }>): Promise<void> {
  const time = { ms: Date.now(), zoneMinutes: 480, source: 'gateway' } as const;
  const made = events.map((event) => eventOf({ id: crypto.randomUUID().replaceAll('-', ''), time, ...event }));
  await ledger.append(deliveriesOf(made, counters));
}

/** A collector's board and page over the ledger; `stop` ends it. */
async function serve(overrides: { readonly port?: number; readonly token?: string } = {}, troubles: readonly TroubleShown[] = []) {
  const connectionOf = (gateway: string) => (gateway === 'gw-1' ? { ...connection } : null);
  const troubled = {
    connectionOf,
    troubles: () => troubles,
    refused: () => ({}),
    isComing: ({ lane }: { lane: string }) => lane === 'ordinary',
  };
  const halt = new AbortController();
  const board = new Board();
  const folding = board.run(ledger, halt.signal);
  const orders = { issue: async () => ({ wrong: 'nobody' }), list: async () => [] };
  const needs = { shown: board, orders, reports: () => [], ...troubled, onTrouble: (trouble: unknown) => wrongs.push(String(trouble)) };
  const outlet = httpOutlet({ host: '127.0.0.1', port: 0, operator: 'JDZ-DEMO', zoneMinutes: 480, ...overrides }, needs);
  const serving = outlet.run(ledger, ledger.cursor(outlet.name), halt.signal);
  const stop = async () => {
    halt.abort();
    await Promise.all([folding, serving]);
  };
  ends.unshift(stop);
  return { url: await outlet.address, stop };
}

const textOf = (selector: string) => page.locator(selector).first().textContent();
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

describe('the live page', () => {
  it('shows a fire on top of everything as it is committed, without a reload', async () => {
    await happen({ kind: 'fault', place: '配电间' }, { kind: 'gas-alarm', place: '厨房', source: 'gas-1' });
    await page.goto((await serve()).url);
    await until(async () => expect(await page.locator('#incidents .incident').allTextContents()).toHaveLength(2));
    await page.evaluate('window.notReloaded = true');
    await happen({ kind: 'fire', place: '1号楼3层东走道', source: 'panel-2', address: { controller: 1, loop: 1, point: 7 } });
    await until(async () => expect(await textOf('#incidents .incident')).toContain('1号楼3层东走道'));
    const top = page.locator('#incidents .incident').first();
    expect(await top.getAttribute('class')).toContain('fire open');
    expect(await top.textContent()).toMatch(/火警[\s\S]*\d\d:\d\d:\d\d UTC\+8[\s\S]*1号机1回路7点/);
    expect(await textOf('#devices .device')).toContain('1号楼3层东走道');
    expect(await textOf('#timeline .event')).toContain('火警');
    expect(await page.title()).toContain('火警 1');
    await happen({ kind: 'duty-answer', edge: 'momentary', source: 'gw-1', operator: '王工' });
    await until(async () => expect(await textOf('#timeline .event')).toMatch(/查岗应答.*王工/));
    await happen({ kind: 'reset', edge: 'momentary', source: 'panel-2' });
    await until(async () => expect(await textOf('#restored .incident')).toContain('1号楼3层东走道'));
    expect(await textOf('#incidents .incident')).toContain('厨房');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(wrongs).toEqual([]);
  });

  it('says what is wrong with the collector on top, and tells what is being caught up from what is not coming', async () => {
    counters.alarm += 2;
    counters.ordinary += 7000;
    await happen({ kind: 'fire' }, { kind: 'fault' });
    const trouble = {
      code: 'entries-damaged',
      en: 'entries are damaged',
      zh: '条目损坏',
      detail: `#2 ${EVIL}`,
      remedy: 'disk',
      sinceMs: 0,
    };
    await page.goto((await serve({}, [trouble])).url);
    await until(async () => expect(await textOf('#troubles')).toContain(`条目损坏: #2 ${EVIL}`));
    expect(await textOf('#status')).toMatch(/补传中,尚缺 7000 · 缺号 2,未在补传/);
    await page.click('#language');
    await until(async () => expect(await textOf('#troubles')).toContain('entries are damaged'));
    expect(await textOf('#status')).toMatch(/catching up, 7000 still to come · 2 missing, none of them coming/);
    expect(await page.evaluate('window.bitten')).toBe(undefined);
    expect(wrongs).toEqual([]);
  });

  it('says of a gateway whether it is connected, and since when', async () => {
    await happen({ kind: 'fault' });
    const { url } = await serve();
    const line = page.locator('#status > span', { hasText: 'gw-1' });
    for (const [connected, words, look] of [
      [true, /在线,自 .*14:00:05/, null],
      [false, /离线,自 .*14:00:05/, 'bad'],
    ] as const) {
      connection = { ...connection, connected };
      await page.goto(url);
      await until(async () => expect(await line.textContent()).toMatch(words));
      expect(await line.getAttribute('class')).toBe(look);
    }
    await page.click('#language');
    await until(async () => expect(await line.textContent()).toMatch(/gone since .*14:00:05/));
    expect(wrongs).toEqual([]);
  });

  it('speaks Chinese first, English at a click, and remembers', async () => {
    await happen({ kind: 'fire', place: '东' });
    const { url } = await serve();
    await page.goto(url);
    await until(async () => expect(await textOf('#incidents-title')).toBe('当前警情'));
    await page.click('#language');
    await until(async () => expect(await textOf('#incidents .kind')).toMatch(/^fire$/i));
    expect(await textOf('#incidents-title')).toBe('Open incidents');
    await page.reload();
    await until(async () => expect(await textOf('#incidents-title')).toBe('Open incidents'));
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  it('leaves text text, whatever a device writes, and shows what wants to hide', async () => {
    await happen(
      { kind: 'fire', place: EVIL, text: EVIL, source: EVIL, address: { device: EVIL } },
      { kind: 'fault', place: 'a\u202eb\u0000c', source: 'x' },
    );
    await page.goto((await serve()).url);
    await until(async () => expect(await textOf('#incidents .incident')).toContain(EVIL));
    await until(async () => expect(await page.locator('#timeline .event').count()).toBe(2));
    expect(await textOf('#devices .device')).toContain(EVIL);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate("'bitten' in window")).toBe(false);
    expect(await page.locator('#incidents').textContent()).toContain('a\ufffdb\ufffdc');
    expect(wrongs).toEqual([]);
  });

  it('marks test traffic and keeps it below live incidents and out of the count of fires', async () => {
    await happen({ kind: 'fire', place: '测试点', source: 'b', test: ['maintenance'] }, { kind: 'fault', place: '故障点' });
    await page.goto((await serve()).url);
    await until(async () => expect(await page.locator('#incidents .incident').count()).toBe(2));
    expect(await textOf('#incidents .incident')).toContain('故障点');
    expect(await page.locator('#incidents .incident').last().textContent()).toMatch(/火警[\s\S]*测试[\s\S]*测试点/);
    expect(await page.getAttribute('#tally .fires', 'data-number')).toBe('0');
  });

  it('shows readings with unit, limit and quality', async () => {
    const measured = { quantity: 'pressure-kpa', value: 132, quality: 'good', lowLimit: 140 } as const;
    await happen(
      { kind: 'low', measured, place: '7号消火栓' },
      { kind: 'reading', edge: 'momentary', source: 's', measured: { ...measured, value: null, quality: 'sensor-failed' } },
    );
    await page.goto((await serve()).url);
    await until(async () => expect(await page.locator('#devices .reading').allTextContents()).toHaveLength(2));
    const readings = (await page.locator('#devices .reading').allTextContents()).join('\n').replaceAll(/\s+/g, ' ');
    expect(readings).toMatch(/压力 132 kPa下限 140/);
    expect(readings).toMatch(/压力 — kPa传感器故障/);
  });

  it('asks for the click that browsers want before they sound, sounds, and can be silenced until something new burns', async () => {
    await happen({ kind: 'fire', address: { point: 1 } });
    await page.goto((await serve()).url);
    await until(async () => expect(await page.locator('#silence').isEnabled()).toBe(true));
    expect(await textOf('#sound-bar')).toContain('点击');
    await page.click('#sound-bar');
    await until(async () => expect(await page.locator('#sound-bar').isHidden()).toBe(true));
    await page.click('#silence');
    expect(await textOf('#silence')).toBe('已消音');
    await happen({ kind: 'fire', address: { point: 2 } });
    await until(async () => expect(await page.locator('#silence').isEnabled()).toBe(true));
  });

  it('says loudly that it has lost the connection, and takes up again by itself', async () => {
    const { url, stop } = await serve();
    await page.goto(url);
    await until(async () => expect(await textOf('#incidents')).toContain('一切正常'));
    await stop();
    await until(async () => expect(await textOf('#lost')).toContain('连接中断'));
    await until(async () => expect(await textOf('#incidents')).toBe('状态未知'));
    await happen({ kind: 'fire', place: '断线时' });
    await serve({ port: Number(new URL(url).port) });
    await until(async () => expect(await textOf('#incidents .incident')).toContain('断线时'));
    await until(async () => expect(await page.locator('#lost').isHidden()).toBe(true));
  });

  it('asks for the token where there is one, and shows nothing before', async () => {
    await happen({ kind: 'fire', place: '东' });
    await page.goto((await serve({ token: TOKEN })).url);
    await until(async () => expect(await page.locator('#login').isVisible()).toBe(true));
    expect(await textOf('#incidents')).toBe('状态未知');
    await page.fill('#token', 'wrong');
    await page.click('#login-button');
    await until(async () => expect(await textOf('#login-trouble')).toBe('令牌不正确'));
    await page.fill('#token', TOKEN);
    await page.click('#login-button');
    await until(async () => expect(await textOf('#incidents .incident')).toContain('东'));
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('fits a phone', async () => {
    await happen({ kind: 'fire', place: '1号楼3层东走道'.repeat(4), source: 'a-very-long-name-of-a-source-without-any-space-in-it' });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto((await serve()).url);
    await until(async () => expect(await page.locator('#devices .device').count()).toBe(1));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect((await page.locator('#incidents .incident').first().boundingBox())?.y).toBeLessThan(300);
  });

  it('passes the strictest checks of the compiler', async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', PAGE]);
  });
});
