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

async function order(...flags: string[]): Promise<{ code: number; err: string }> {
  const child = spawn(process.execPath, [MAIN, 'order', 'gw-1', 'read', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk) => (err += chunk));
  const [code] = (await once(child, 'close')) as [number];
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
}, 60_000);

it('sends a token in clear to nobody but this machine', async () => {
  await order('--url', url, '--token-file', token);
  expect(asked).toEqual(['Bearer secret-of-the-interface']);
  for (const far of ['http://collector.example.org:8080', 'http://127.0.0.1.example.org/', 'http://192.0.2.1:8080'])
    expect(await order('--url', far, '--token-file', token)).toEqual({
      code: 2,
      err: expect.stringMatching(/in clear to another machine; give the page's https:/),
    });
}, 60_000);
