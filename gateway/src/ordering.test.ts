import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationBytes, type OrderReceipt, PROFILES, type SiteEvent } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCoap, writeCoap } from './drivers/coap-message.ts';
import { JournalReader } from './journal/reader.ts';
import { Peer } from './uplink/peer.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const soon = { timeout: 60_000, interval: 20 };

let folder: string;
let file: string;
let peer: Peer;
let panel: Server;
let wires: Socket[];
let child: ChildProcess;
let status: string;
let vouching: KeyObject;
let orders = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-ordering-'));
  file = join(folder, 'gateway.yaml');
  const pair = generateKeyPairSync('ed25519');
  vouching = pair.privateKey;
  writeFileSync(join(folder, 'key.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
  wires = [];
  panel = createServer((socket) => {
    socket.on('error', () => {});
    wires.push(socket);
  });
  peer = new Peer('gw-1');
  await Promise.all([peer.start(), new Promise<void>((resolve) => panel.listen(0, '127.0.0.1', resolve))]);
  writeFileSync(file, yaml());
  await start();
});
afterEach(async () => {
  await kill();
  for (const wire of wires) wire.destroy();
  panel.close();
  await peer.stop();
  rmSync(folder, { recursive: true, force: true });
});

const yaml = (port = peer.port, command = '') => `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:${port}", reconnectMinMs: 50, reconnectMaxMs: 200 }]
orders: { configurationKey: key.pem, uplinkBackWithinMs: 2000${command} }
lines:
  - name: panel-line
    wire: { kind: tcp, host: 127.0.0.1, port: ${(panel.address() as { port: number }).port} }
    devices: [ { name: panel-1, family: jbf-193k } ]
  - name: nb-line
    wire: { kind: udp, host: 127.0.0.1, port: 0 }
    devices: [ { name: smoke-1, family: lwm2m, device: "${IMEI}" } ]
`;
const IMEI = '860000000000017';

async function start(): Promise<void> {
  child = spawn(process.execPath, [MAIN, 'run', '--config', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  status = (JSON.parse(said.toString()) as { status: string }).status;
}

async function kill(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const nextId = () => `${'0'.repeat(24)}${String(++orders).padStart(8, '0')}`;
const receipts = (id: string) => peer.orderReceipts.filter((receipt) => receipt.id === id);
/** The gateway must listen first: an order to nobody is lost, as it may be. */
const listening = () => vi.waitFor(() => expect(peer.batches.length).toBeGreaterThan(0), soon);

async function ended(kind: string, parameters: unknown, id = nextId()): Promise<OrderReceipt> {
  await listening();
  await vi.waitFor(
    () => {
      if (receipts(id).length === 0) peer.order(kind, parameters, id);
      expect(receipts(id).at(-1)?.state ?? 'delivered').not.toBe('delivered');
    },
    { ...soon, interval: 200 },
  );
  return receipts(id).at(-1)!;
}

function events(): SiteEvent[] {
  const read = PROFILES.get('db36-t1297-2020')!.read;
  return peer.batches.flatMap(({ rows }) =>
    rows.flatMap(({ frame }) => {
      const decoded = read(frame);
      return 'event' in decoded ? [decoded.event] : [];
    }),
  );
}
/** What the gateway last said of itself, as its journal has it. */
function lastNote() {
  using journal = new JournalReader(join(folder, 'data'));
  const [row] = journal.rows({ kinds: ['gateway'] }, 'newest-first');
  const decoded = PROFILES.get('db36-t1297-2020')!.read(row!.frame);
  return 'event' in decoded ? decoded.event.note : decoded;
}
const notes = () => events().flatMap(({ note }) => note ?? []);

describe('orders to a gateway', () => {
  it('read its state and its version', async () => {
    expect(await ended('read', { what: 'version' })).toMatchObject({
      state: 'done',
      result: { version: '0.1.0', boot: 1, configurationVersion: 0 },
    });
    const { result } = await ended('read', {});
    expect(result).toMatchObject({
      gateway: { id: 'gw-1' },
      lines: [{ name: 'panel-line' }, { name: 'nb-line' }],
      points: expect.any(Array),
    });
  });

  it('ask whether somebody is on duty, over a kill, and once', async () => {
    await listening();
    const id = nextId();
    await vi.waitFor(
      () => {
        if (receipts(id).length === 0) peer.order('duty-check', { timeoutMinutes: 5 }, id);
        expect(receipts(id)[0]).toMatchObject({ state: 'delivered' });
      },
      { ...soon, interval: 200 },
    );
    await kill();
    await start();
    await vi.waitFor(async () => {
      const { duty } = (await (await fetch(`${status}/status`)).json()) as { duty: { id: string } | null };
      expect(duty).toMatchObject({ id });
    }, soon);
    const say = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
      fetch(`${status}/duty-answer`, { method: 'POST', headers, body });
    expect((await say('{"operator":7}')).status).toBe(400);
    expect((await say('{}')).status).toBe(400);
    expect((await say('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await say('{}', { 'content-type': 'application/json', origin: 'https://evil.example' })).status).toBe(403);
    expect((await say('{"operator":"王工","operatorNumber":3}')).status).toBe(200);
    await vi.waitFor(() => expect(receipts(id).at(-1)).toMatchObject({ state: 'done', result: { operator: '王工' } }), soon);
    const before = receipts(id).length;
    peer.order('duty-check', { timeoutMinutes: 5 }, id);
    await vi.waitFor(() => expect(receipts(id).length).toBe(before + 1), soon);
    expect(receipts(id).at(-1)).toMatchObject({ state: 'done' });
    expect((await say('{"operatorNumber":3}')).status).toBe(409);
    await vi.waitFor(
      () => expect(events().filter(({ kind }) => kind === 'duty-answer')).toMatchObject([{ operator: '王工', operatorNumber: 3 }]),
      soon,
    );
  });

  it('read from a device that sleeps when it next speaks, over a kill, and once', async () => {
    await listening();
    const id = nextId();
    const give = () => peer.order('device-read', { device: 'smoke-1', path: '/3/0/9' }, id);
    await vi.waitFor(
      () => {
        if (receipts(id).length === 0) give();
        expect(receipts(id)[0]).toMatchObject({ state: 'delivered' });
      },
      { ...soon, interval: 200 },
    );
    await kill();
    await start();
    const line = async () => {
      const { lines } = (await (await fetch(`${status}/status`)).json()) as { lines: Array<{ name: string; at: string; reads: object }> };
      return lines.find(({ name }) => name === 'nb-line')!;
    };
    await vi.waitFor(
      async () => expect(await line()).toMatchObject({ at: expect.any(String), reads: { waiting: [{ path: '/3/0/9' }] } }),
      soon,
    );
    const port = Number((await line()).at.split(':').at(-1));
    const device = createSocket('udp4');
    const asked: string[] = [];
    device.on('message', (bytes) => {
      const message = readCoap(bytes)!;
      if (message.type !== 'CON') return;
      asked.push(`${message.code} ${message.path}`);
      device.send(
        writeCoap({ type: 'ACK', code: '2.05', id: message.id, token: message.token, payload: Buffer.from('87') }),
        port,
        '127.0.0.1',
      );
    });
    const options = [
      ...['t', 'd'].map((value) => ({ name: 'Uri-Path' as const, value })),
      { name: 'Uri-Query' as const, value: `ep=${IMEI}` },
    ];
    const speak = (id: number) => device.send(writeCoap({ type: 'CON', code: '0.02', id, options }), port, '127.0.0.1');
    speak(1);
    await vi.waitFor(() => expect(receipts(id).at(-1)).toMatchObject({ state: 'done', result: { code: '2.05', hex: '3837' } }), soon);
    give();
    speak(2);
    await vi.waitFor(() => expect(receipts(id).filter(({ state }) => state === 'done').length).toBeGreaterThan(1), soon);
    device.close();
    expect(asked).toEqual(['0.01 /3/0/9']);
  });

  it('record the bytes of a line while its driver goes on', async () => {
    await vi.waitFor(() => expect(wires.length).toBeGreaterThan(0), soon);
    const talking = setInterval(() => wires[0]!.write(Buffer.from('deadbeef', 'hex')), 50);
    const { state, result } = await ended('capture', { line: 'panel-line', seconds: 1 });
    clearInterval(talking);
    expect([state, result]).toMatchObject([
      'done',
      { bytesIn: expect.any(Number), bytesOut: expect.any(Number), head: expect.stringMatching(/^(deadbeef)+$/) },
    ]);
    const captured = readFileSync((result as { file: string }).file, 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(captured[0]!)).toMatchObject({ fengsui: 'capture', wire: { kind: 'tcp' } });
    expect(JSON.parse(captured.at(-1)!)).toMatchObject({ end: 'stopped' });
    expect(await ended('capture', { line: 'no such line' })).toMatchObject({ state: 'refused' });
  });

  it('restart it in order, once', async () => {
    expect(await ended('restart', {})).toMatchObject({ state: 'done' });
    await vi.waitFor(() => expect(notes()).toEqual(['started', 'stopped', 'started']), soon);
    expect((await fetch(`${status}/status`)).status).toBe(200);
  });

  it('have the site do what hangs, and it still stops in order: its last word is kept, and the next start tells of no crash', async () => {
    await kill();
    const hanging = join(folder, 'hanging');
    writeFileSync(hanging, `#!/bin/sh\necho > "${hanging}.begun"\nexec sleep 60\n`, { mode: 0o755 });
    writeFileSync(file, yaml(peer.port, `, announceCommand: [${hanging}]`));
    await start();
    peer.batches.length = 0;
    await listening();
    await vi.waitFor(
      () => {
        peer.order('duty-check', { timeoutMinutes: 1 }, '7'.repeat(32));
        expect(existsSync(`${hanging}.begun`)).toBe(true);
      },
      { ...soon, interval: 200 },
    );
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(lastNote()).toBe('stopped');
    await start();
    await vi.waitFor(() => expect(notes().slice(-2)).toEqual(['stopped', 'started']), soon);
  });

  it('compare its clock and set it only where it is told how', async () => {
    expect(await ended('clock', {})).toMatchObject({ state: 'done', result: { aheadMs: expect.any(Number) } });
    expect(await ended('clock', { set: true })).toMatchObject({
      state: 'refused',
      result: { why: expect.stringContaining('clockCommand') },
    });
  });

  it('give it another configuration, and take one back with which the uplink does not come back', async () => {
    const signed = (version: number, text: string) => {
      const signature = sign(null, configurationBytes('gw-1', version, text), vouching).toString('base64');
      return { version, text, signature };
    };
    const better = `${yaml()}log: { level: warn }\n`;
    expect(await ended('configuration', signed(1, better))).toMatchObject({ state: 'done', result: { version: 1 } });
    expect(readFileSync(file, 'utf8')).toBe(better);
    const lost = await ended('configuration', signed(2, yaml(1)));
    expect(lost).toMatchObject({ state: 'refused', result: { why: expect.stringContaining('did not come back within 2000 ms') } });
    expect(readFileSync(file, 'utf8')).toBe(better);
    await vi.waitFor(() => expect(notes()).toEqual(expect.arrayContaining(['configuration-changed', 'configuration-refused'])), soon);
  });
});
