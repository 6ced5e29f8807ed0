import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
let folder: string;
let token: string;
let server: Server;
let asked: Array<string | undefined>;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-order-'));
  token = join(folder, 'token');
  writeFileSync(token, 'secret-of-the-interface\n', { mode: 0o600 });
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end('<!doctype html>Gateway of another program');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function given(...flags: string[]): Promise<{ code: number; err: string; out: string }> {
  const child = spawn(process.execPath, [MAIN, 'order', 'gw-1', 'read', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { err: '', out: '' };
  child.stderr.on('data', (chunk) => (said.err += chunk));
  child.stdout.on('data', (chunk) => (said.out += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

async function order(...flags: string[]): Promise<{ code: number; err: string }> {
  const { code, err } = await given(...flags);
  return { code, err };
}

it('names the option and the remedy for an address that is none, a page that is no collector and a token that is not there', async () => {
  for (const nonsense of ['nonsense', 'ftp://127.0.0.1/'])
    expect(await order('--url', nonsense)).toEqual({ code: 2, err: expect.stringMatching(`^--url ${nonsense}: must be the address`) });
  expect(await order('--url', url)).toEqual({
    code: 1,
    err: expect.stringMatching(/^--url .*200, and no JSON: no collector answers there/),
  });
  const gone = join(folder, 'gone');
  expect(await order('--url', url, '--token-file', gone)).toEqual({
    code: 2,
    err: expect.stringMatching(/^--token-file .*gone: cannot be read/),
  });
  expect(asked).toEqual([undefined]);
});

it('sends a token in clear to nobody but this machine', async () => {
  await order('--url', url, '--token-file', token);
  expect(asked).toEqual(['Bearer secret-of-the-interface']);
  for (const far of ['http://collector.example.org:8080', 'http://127.0.0.1.example.org/', 'http://192.0.2.1:8080'])
    expect(await order('--url', far, '--token-file', token)).toEqual({
      code: 2,
      err: expect.stringMatching(/in clear to another machine; give the page's https:/),
    });
});

it.each([
  ['refused', { why: 'version 1 is not newer than 1\u001b[2J' }, 'refused 已拒绝: version 1 is not newer than 1\ufffd[2J'],
  ['unanswered', { why: 'late' }, 'unanswered 无人应答: late'],
  ['done', { read: true }, 'done 已执行'],
  ['expired', null, 'expired 已过期'],
])(
  'says on standard error that an order is %s, and why where the gateway says so',
  async (state, result, words) => {
    server.removeAllListeners('request').on('request', (_, response) => response.end(JSON.stringify({ id: 'order-7', state, result })));
    const { code, err, out } = await given('--url', url);
    expect([code, err.split('\n')]).toEqual([state === 'done' ? 0 : 1, ['order-7 read → gw-1', words, '']]);
    expect(JSON.parse(out)).toEqual({ id: 'order-7', state, result });
  },
  60_000,
);
