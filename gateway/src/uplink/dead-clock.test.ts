import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Authority, needOpenssl } from '../commission/doctor/authority.fixture.ts';
import { systemTime } from '../journal/journal.fixture.ts';
import { openConnection } from './connection.ts';
import { againstServer } from './dead-clock.ts';

const DAY_MS = 86_400_000;
let folder: string;
let ours: Authority;
let theirs: Authority;
beforeAll(() => {
  needOpenssl();
  folder = mkdtempSync(join(tmpdir(), 'fengsui-clock-'));
  ours = new Authority(folder, 'ours');
  theirs = new Authority(folder, 'theirs');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server with a certificate for 127.0.0.1 of ten days, and a look at it. */
async function verdict(authority: Authority, host: string, earliestMs: number): Promise<string | null> {
  const { certificate, key } = authority.issue('server', 10);
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => socket.on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect({ ...(server.address() as { port: number }), host: '127.0.0.1', rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return againstServer(socket, host, readFileSync(ours.ca, 'utf8'), earliestMs);
  } finally {
    socket.destroy();
    server.close();
  }
}

it('a box with a dead clock believes the server it was told of, and asks of it all but when its certificate began', async () => {
  expect(await verdict(ours, '127.0.0.1', Date.now())).toBeNull();
});

it.each([
  ['another authority', () => verdict(theirs, '127.0.0.1', Date.now()), /no authority we trust/],
  ['another name', () => verdict(ours, 'collector.example.org', Date.now()), /collector\.example\.org/],
  ['a certificate that ended before what is certainly past', () => verdict(ours, '127.0.0.1', Date.now() + 11 * DAY_MS), /ended on/],
  ['an authority that did', () => verdict(ours, '127.0.0.1', Date.now() + 4_000 * DAY_MS), /ended on/],
])('it does not believe %s', async (_what, judged, why) => {
  expect(await judged()).toMatch(why);
});

it('hears nothing of a server that it does not believe', async () => {
  const { certificate, key } = theirs.issue('server', 10);
  const own = ours.issue('gw-1', 10);
  let heard = 0;
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      heard += 1;
      socket.write(Uint8Array.of(0x20, 2, 0, 0)); // CONNACK: come in
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const opened = openConnection({
    path: { url: `mqtts://127.0.0.1:${port}`, ca: ours.ca, ...own, keepaliveS: 20 },
    gateway: 'gw-1',
    instance: 'a',
    ...{ clock: { ...systemTime, wallMs: () => 0 }, random: Math.random },
    hear: new Map([['down/gw-1/receipt', () => {}]]),
    signal: new AbortController().signal,
  });
  await expect(opened).rejects.toMatchObject({ code: 'uplink-untrusted' });
  expect(heard).toBe(0);
  server.close();
});
