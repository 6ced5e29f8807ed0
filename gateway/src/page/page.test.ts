import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROFILES } from '@fengsui/protocol';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PIN, Site, soon } from './gateway-with-page.fixture.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EVIL = '<img src=x onerror="window.bitten=1"><script>window.bitten=1</script>';

let browser: Browser;
let site: Site;
let page: Page;
let wrongs: string[];
let ends: Array<() => unknown>;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('this test needs the Debian package chromium: apt-get install chromium');
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS.split(' ') });
});
afterAll(() => browser?.close());
beforeEach(() => {
  site = new Site();
  wrongs = [];
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  await site.stop();
});

const until = (check: () => Promise<void>) => vi.waitFor(check, soon);
const textOf = (selector: string) => page.locator(selector).first().textContent();

async function open(viewport = { width: 390, height: 844 }): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport, acceptDownloads: true });
  ends.push(() => context.close());
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', ({ message }) => wrongs.push(message));
  page.on('console', (said) => said.text().includes('Content Security Policy') && wrongs.push(said.text()));
  await page.goto(site.url);
}

async function enter(viewport?: { width: number; height: number }): Promise<void> {
  await open(viewport);
  await page.fill('#pin', PIN);
  await page.click('#login-button');
  await until(async () => expect(await textOf('#verdict h2')).toBe('网关一切正常'));
}

const goTo = (tab: string) => page.click(`[data-tab="${tab}"]`);

function alarmsAtCollector() {
  const { read } = PROFILES.get('db36-t1297-2020')!;
  const events = site.peer.batches.flatMap(({ rows }) => rows.map(({ frame }) => read(frame)));
  return events.flatMap((decoded) => ('event' in decoded && decoded.event.kind === 'fire' ? [decoded.event] : []));
}

describe("the installer's page in a browser", () => {
  it('lets in by the PIN alone, shows that all is well, and speaks English at a click', async () => {
    await site.start();
    await open();
    expect(await page.locator('#tabs').isVisible()).toBe(false);
    await page.fill('#pin', '999999');
    await page.click('#login-button');
    await until(async () => expect(await textOf('#login-trouble')).toBe('PIN 不正确'));
    await page.fill('#pin', PIN);
    await page.click('#login-button');
    await until(async () => expect(await textOf('#verdict h2')).toBe('网关一切正常'));
    expect(await textOf('#gateway')).toBe('gw-1');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.click('#language');
    await until(async () => expect(await textOf('#verdict h2')).toBe('The gateway is well'));
    await page.reload();
    await until(async () => expect(await textOf('#verdict h2')).toBe('The gateway is well'));
    await page.click('#logout');
    await until(async () => expect(await page.locator('#pin').isVisible()).toBe(true));
    expect(wrongs).toEqual([]);
  });

  it('says for which of several uplinks rows wait', async () => {
    await site.start({ uplinks: ', { name: second, kind: mqtt, url: "mqtt://127.0.0.1:1" }' });
    await open();
    await page.fill('#pin', PIN);
    await page.click('#login-button');
    const below = page.locator('#tiles .tile:last-child span');
    await until(async () => expect(await below.textContent()).toMatch(/^最早 .+ · 待 second 确认$/));
    expect(wrongs).toEqual([]);
  });

  it('shows the bytes of a wire as they pass, which way they went, and noise with its reason', async () => {
    await site.start();
    await enter();
    await site.panelIsThere();
    await goTo('wires');
    await page.click('.watch');
    await until(async () => expect(await textOf('#live-title')).toContain('panel-line'));
    site.say(Uint8Array.of(0xde, 0xad, 0xbe, 0xef));
    site.fire(2);
    await until(async () => expect(await page.locator('#bytes .in .hex').allTextContents()).not.toEqual([]));
    await until(async () => expect(await page.locator('#bytes .noise').first().textContent()).toMatch(/⚡无起始符de ad be ef/));
    await until(async () => expect(await page.locator('#bytes .out').count()).toBeGreaterThan(0));
    await until(async () => expect(await page.locator('#lines .fact').allTextContents()).toContain('噪声1'));
    expect(wrongs).toEqual([]);
  });

  it('shows every point with its last word, age and place: what burns on top, and what was never heard', async () => {
    await site.start();
    await enter();
    await site.panelIsThere();
    site.fire(2);
    site.fire(77);
    await until(async () => expect(await textOf('#tiles .tile b')).toBe('2 点报警'));
    await goTo('points');
    await until(async () => expect(await page.locator('#point-list .point.red').count()).toBe(2));
    const rows = await page.locator('#point-list .point').allTextContents();
    expect(rows.find((row) => row.includes('1号楼3层东走道'))).toMatch(/\d+ 秒前panel-1 · 1号机1回路2点 · .*火警/);
    expect(rows.find((row) => row.includes('77点'))).toContain('点表外');
    expect(rows.at(-1)).toMatch(/地下车库燃气间本次启动\(\d\d:\d\d:\d\d\)以来未收到/);
    await page.click('[data-key="silent"]');
    await until(async () => expect(await page.locator('#point-list .point').count()).toBe(1));
    await page.fill('#search', '没有这个地方');
    await until(async () => expect(await textOf('#point-list')).toBe('没有符合条件的点位'));
    expect(wrongs).toEqual([]);
  });

  it('says what is wrong, where, and how to mend it, and that all is well again', async () => {
    await site.start();
    await enter();
    await site.panelIsThere();
    await site.peer.stop();
    await until(async () => expect(await textOf('#troubles .trouble')).toMatch(/collector.*处理办法检查网络/));
    expect(await textOf('#verdict h2')).toBe('1 项需要处理');
    await goTo('wires');
    site.fire(9);
    await until(async () => expect(await textOf('.devices .when')).toMatch(/^在线 · /));
    site.unplugPanel();
    await until(async () => expect(await textOf('.devices .when')).toMatch(/^自 .*\d\d:\d\d:\d\d 线路中断起未知 · /));
    await page.click('#language');
    await until(async () => expect(await textOf('.devices .when')).toMatch(/^unknown since the wire went down at .*\d\d:\d\d:\d\d · /));
    await page.click('#language');
    await goTo('overview');
    await until(async () => expect(await textOf('#verdict h2')).toBe('2 项需要处理'));
    expect((await page.locator('#troubles .trouble').allTextContents()).join()).toMatch(/panel-line.*检查线缆/);
    await site.peer.start(site.peer.port);
    await until(async () => expect(await textOf('#verdict h2')).toBe('1 项需要处理'));
  });

  it('sends a test alarm the way of a real one and follows it to the receipt; the panel hears no byte of it', async () => {
    await site.start();
    await enter();
    await site.panelIsThere();
    await goTo('test');
    await page.click('#test-begin'); // not before the control room knows of it
    expect(alarmsAtCollector()).toEqual([]);
    await page.fill('#about', '东走道');
    await page.click('#about-points .pick');
    expect(await page.inputValue('#about')).toBe('1号楼3层东走道');
    await page.check('#told');
    await page.click('#test-begin');
    await until(async () => expect(await page.locator('#alarm-steps li').count()).toBe(3));
    const steps = await page.locator('#alarm-steps li').allTextContents();
    expect(steps[0]).toMatch(/^已写入站端日志\(落盘\)\+\d+ ms$/);
    expect(steps[1]).toMatch(/^已发送\+\d+ mscollector$/);
    expect(steps[2]).toMatch(/^平台回执:已入总账\+\d+ mscollector$/);
    await page.click('#alarm-end');
    await until(async () => expect(await textOf('#alarm-rest')).toContain('已恢复'));
    await vi.waitFor(() => expect(alarmsAtCollector()).toHaveLength(2), soon);
    for (const event of alarmsAtCollector())
      expect(event).toMatchObject({
        source: 'gw-1',
        test: ['maintenance'],
        place: '1号楼3层东走道',
        part: { systemType: 0, systemAddress: 0 },
      });
    expect(alarmsAtCollector().map(({ edge }) => edge)).toEqual(['began', 'ended']);
    const polls = new Set(site.toPanel.toString('latin1').split(/(?<=\x83)/));
    expect(polls.size).toBeLessThanOrEqual(1);
    expect(wrongs).toEqual([]);
  });

  it('shows a duty check on every tab, sounds after a click, and takes the answer with a name', async () => {
    await site.start();
    await enter();
    await goTo('journal');
    site.peer.order('duty-check', { timeoutMinutes: 10 }, 'd'.repeat(32));
    await until(async () => expect(await page.locator('#duty').isVisible()).toBe(true));
    expect(await textOf('#duty-left')).toMatch(/^剩余 (9 分|10 分)/);
    await page.fill('#duty-operator', '王工');
    await until(async () => expect(await textOf('#duty-sound')).toBe('声音已启用'));
    await page.click('#duty-answer');
    await vi.waitFor(() => expect(site.peer.orderReceipts.at(-1)).toMatchObject({ state: 'done' }), soon);
    expect(JSON.stringify(site.peer.orderReceipts.at(-1))).toContain('王工');
    await until(async () => expect(await page.locator('#duty').isVisible()).toBe(false));
    expect(wrongs).toEqual([]);
  });

  it('leaves text text, whatever a site or a device writes, and shows what wants to hide', async () => {
    const points = `          - { address: { controller: 1, loop: 3, point: 1 }, place: ${JSON.stringify(`东\u202e${EVIL}`.slice(0, 80))} }\n`;
    await site.start({ points });
    await enter();
    await site.panelIsThere();
    await goTo('points');
    await until(async () => expect((await page.locator('#point-list .place').allTextContents()).join()).toContain('东\ufffd<img src=x'));
    await goTo('test');
    await page.fill('#about', EVIL.slice(0, 80));
    await page.check('#told');
    await page.click('#test-begin');
    await until(async () => expect(await textOf('#alarm-title')).toContain('<img src=x'));
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate("'bitten' in window")).toBe(false);
    expect(wrongs).toEqual([]);
  });

  it('fits a telephone, a small one and a desk, with everything large enough to touch', async () => {
    const long = `          - { address: { controller: 1, loop: 3, point: 1 }, place: ${'1号楼3层东走道'.repeat(9)} }\n`;
    await site.start({ points: long });
    await enter();
    for (const [width, height] of [
      [390, 844],
      [320, 568],
      [1280, 860],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const tab of ['overview', 'wires', 'points', 'journal', 'test', 'more']) {
        await goTo(tab);
        await until(async () => expect(await page.locator('[data-view]:visible').getAttribute('id')).toBe(tab));
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${tab} ${width}`).toBeLessThanOrEqual(width);
        const heights = `[...document.querySelectorAll('button, a.button')].map((each) => each.getBoundingClientRect().height)`;
        const shown = ((await page.evaluate(heights)) as number[]).filter((height) => height > 0);
        expect(shown.length, tab).toBeGreaterThan(7);
        expect(Math.min(...shown), `${tab} ${width}`).toBeGreaterThanOrEqual(44);
      }
    }
  });

  it('says that the connection is lost, and takes up again by itself when the gateway is back', async () => {
    await site.start({ page: '{ port: 0 }' });
    await enter();
    const { port } = new URL(site.url);
    site.child.kill('SIGKILL');
    await until(async () => expect(await textOf('#lost')).toContain('连接已中断'));
    writeFileSync(site.file, readFileSync(site.file, 'utf8').replace('{ port: 0 }', `{ port: ${port} }`));
    await site.run();
    await until(async () => expect(await page.locator('#pin').isVisible()).toBe(true)); // no session outlives the gateway
    await page.fill('#pin', PIN);
    await page.click('#login-button');
    await until(async () =>
      expect(await textOf('#unwatched-times li')).toMatch(/\d\d – .*\d\d 未监视 · \d+ .*秒 · 原因:程序异常退出或被终止$/),
    );
    await goTo('points');
    expect(await page.locator('#unwatched').isVisible()).toBe(true);
    await page.click('#unwatched-seen');
    await until(async () => expect(await page.locator('#unwatched').isVisible()).toBe(false));
    await page.reload();
    await goTo('overview');
    await until(async () => expect(await textOf('#verdict h2')).toBe('网关一切正常'));
    expect(await page.locator('#unwatched').isVisible()).toBe(false);
  });

  it('passes the strictest checks of the compiler', async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'gateway/page')]);
  });
});

describe("the installer's page on the network", () => {
  it('answers nobody without a session, and no write of another site', async () => {
    await site.start();
    for (const path of ['/api/hello', '/api/stream', '/api/bytes?line=panel-line', '/api/points', '/api/diagnostics', '/api/noise?line=x'])
      expect((await site.ask('GET', path)).code, path).toBe(401);
    for (const path of ['/api/test-alarm', '/api/duty-answer', '/api/unwatched-seen', '/api/logout'])
      expect((await site.ask('POST', path)).code, path).toBe(401);
    const cookie = await site.cookie();
    expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).code).toBe(200);
    const foreign = [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: '' }, { origin: site.url.replace('https', 'http') }];
    for (const headers of foreign) expect((await site.ask('POST', '/api/test-alarm', { headers: { cookie, ...headers } })).code).toBe(403);
    expect((await site.ask('POST', '/api/login', { headers: { origin: 'https://evil.example' }, said: { pin: PIN } })).code).toBe(403);
    expect((await site.ask('GET', '/', { headers: { host: 'evil.example' } })).code).toBe(403);
    expect((await site.ask('POST', '/api/test-alarm', { headers: { cookie, 'content-type': 'text/plain' } })).code).toBe(415);
    expect((await site.ask('POST', '/api/test-alarm', { headers: { cookie }, said: { about: 'x'.repeat(5_000) } })).code).toBe(413);
    expect((await site.ask('POST', '/api/test-alarm', { headers: { cookie }, said: { about: 'x'.repeat(81) } })).code).toBe(400);
    expect((await site.ask('GET', '/api/nothing', { headers: { cookie } })).code).toBe(404);
    expect((await site.ask('GET', '/../../package.json', { headers: { cookie } })).code).toBe(404);
    expect((await site.ask('POST', '/api/logout', { headers: { cookie } })).code).toBe(200);
    expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).code).toBe(401);
    expect(alarmsAtCollector()).toEqual([]);
  });

  it('ends every session when the PIN is changed, without anybody logging in anew', async () => {
    await site.start();
    const cookie = await site.cookie();
    expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).code).toBe(200);
    await site.setPin('271828');
    await vi.waitFor(async () => expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).code).toBe(401), soon);
  });

  it('names no file and no command to a stranger when the PIN cannot be looked at; the log does', async () => {
    await site.start();
    site.takePin();
    const { code, body } = await site.ask('POST', '/api/login', { said: { pin: PIN } });
    expect([code, body]).toEqual([503, { error: 'not now', message: 'the log of the gateway says why' }]);
    await vi.waitFor(() => expect(site.log).toMatch(/page-answer.*page-pin.*is not there.*pin --config/), soon);
  });

  it('locks out whoever guesses, says so upstream, and counts it in the log', async () => {
    await site.start();
    const codes: number[] = [];
    for (let guess = 0; guess < 6; guess++) codes.push((await site.ask('POST', '/api/login', { said: { pin: `99999${guess}` } })).code);
    expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
    const locked = await site.ask('POST', '/api/login', { said: { pin: PIN } });
    expect([locked.code, Number(locked.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    await vi.waitFor(() => {
      const { read } = PROFILES.get('db36-t1297-2020')!;
      const notes = site.peer.batches
        .flatMap(({ rows }) => rows.map(({ frame }) => read(frame)))
        .flatMap((decoded) => ('event' in decoded ? (decoded.event.note ?? []) : []));
      expect(notes).toContain('page-locked');
    }, soon);
    expect(site.log).toContain('"wrongGuesses":5');
    expect(site.log).not.toContain('999990');
  });

  it('does not open without a PIN, says how to set one, and opens when it is there; alarms go on meanwhile', async () => {
    await site.start({ pin: null });
    expect(site.url).toBe('');
    await vi.waitFor(() => expect(site.log).toMatch(/page-pin.*gateway -- pin --config/), soon);
    await site.panelIsThere();
    site.fire(2);
    await vi.waitFor(() => expect(alarmsAtCollector()).toHaveLength(1), soon);
    await site.setPin(PIN);
    await vi.waitFor(() => expect(site.log).toContain('page is open'), soon);
    site.url = /"page":"([^"]+)"/.exec(site.log)![1]!;
    const cookie = await site.cookie();
    await site.setPin('592641');
    expect((await site.ask('POST', '/api/login', { said: { pin: PIN } })).code).toBe(401);
    expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).code).toBe(401); // the old PIN opens nothing any more
    expect(await site.cookie('592641')).toMatch(/^__Host-/);
  });

  it('makes its key for its owner alone, keeps it, and says the fingerprint of its certificate', async () => {
    await site.start();
    const key = join(site.folder, 'data/page/page.key');
    const [before, fingerprint] = [readFileSync(key, 'utf8'), /"fingerprint":"([0-9A-F:]{95})"/.exec(site.log)?.[1]];
    expect([statSync(key).mode & 0o777, fingerprint]).toEqual([0o600, expect.any(String)]);
    const [line = ''] = site.log.split('\n');
    expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/);
    site.child.kill('SIGKILL');
    site.log = '';
    await site.run();
    expect(readFileSync(key, 'utf8')).toBe(before);
    expect(site.log).toContain(fingerprint);
  });

  it('hands out diagnostics without a key, a PIN, a secret or where they lie', async () => {
    writeFileSync(join(site.folder, 'cloud.secret'), 'the-secret-of-the-path-0815\n', { mode: 0o600 });
    const more = `  - name: cloud
    wire: { kind: http, cloud: ctwing, host: 127.0.0.1, port: 0, secretFile: cloud.secret }
    devices: [ { name: smoke, family: push-ctwing, device: "860000000000017" } ]
`;
    chmodSync(join(site.folder, 'cloud.secret'), 0o600);
    await site.start({ more });
    const cookie = await site.cookie();
    await site.panelIsThere();
    site.say(Uint8Array.of(0xde, 0xad));
    // Our own page may name a secret by mistake of a person: what is typed as an operator of a duty answer, or a test's place.
    await site.ask('POST', '/api/test-alarm', { headers: { cookie }, said: { about: 'the-secret-of-the-path-0815' } });
    const { code, headers, text } = await site.ask('GET', '/api/diagnostics', { headers: { cookie } });
    expect([code, headers['content-disposition']]).toEqual([
      200,
      expect.stringMatching(/^attachment; filename="fengsui-gw-1-\d{8}T\d{6}\.json"$/),
    ]);
    const told = JSON.parse(text) as {
      configuration: { lines: unknown[] };
      status: { version: string };
      log: unknown[];
      findings: unknown[];
    };
    expect(told).toMatchObject({ fengsui: 'diagnostics', status: { version: expect.any(String), alarm: { about: '(not shown 不导出)' } } });
    expect([told.configuration.lines.length, told.log.length > 0, told.findings.length > 0]).toEqual([2, true, true]);
    const secrets = ['the-secret-of-the-path-0815', 'cloud.secret', 'page.pin', 'page.key', PIN, cookie.split('=')[1]!];
    secrets.push(
      ...readFileSync(join(site.folder, 'data/page/page.key'), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.includes('-----')),
    );
    secrets.push(...readFileSync(join(site.folder, 'data/page.pin'), 'utf8').trim().split(' ').slice(2));
    expect(secrets.length).toBeGreaterThan(9);
    for (const secret of secrets) expect(text.includes(secret), secret).toBe(false);
  });

  it('is on the machine itself unless the site opens it, by no TLS older than 1.2, and not there where none is configured', async () => {
    await site.start();
    expect(new URL(site.url).hostname).toBe('127.0.0.1');
    const old = connect({ port: Number(new URL(site.url).port), rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' });
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/protocol|alert|no ciphers/i);
    site.child.kill('SIGTERM');
    await once(site.child, 'exit');
    writeFileSync(site.file, readFileSync(site.file, 'utf8').replace('page: { port: 0 }', ''));
    await site.run();
    expect(site.url).toBe('');
  });
});
