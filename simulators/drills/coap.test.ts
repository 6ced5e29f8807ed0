import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import SqliteDatabase from 'better-sqlite3';
import { generate, parse } from 'coap-packet';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, Children } from './demo/children.ts';

const COUNTED = FAMILIES.get('nb-huaqiang') as PublishingFamily;
const UNCOUNTED = FAMILIES.get('nb-wanlin') as PublishingFamily;
const KILLS = 4;
const DETECTORS = 40;
let folder: string;
let children: Children;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-coap-'));
  mkdirSync(join(folder, 'logs'));
  children = new Children(join(folder, 'logs'), () => {}); // being killed is part of the drill
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const imeiOf = (index: number) => `86000000000${String(1_000 + index)}`;
const familyOf = (index: number) => (index % 2 === 0 ? COUNTED : UNCOUNTED);
const detectors = Array.from({ length: DETECTORS }, (_, index) => index);

async function startGateway(): Promise<{ readonly child: Child; readonly port: number }> {
  const devices = detectors.map((index) => `{ name: smoke-${index}, family: ${familyOf(index).name}, device: "${imeiOf(index)}" }`);
  writeFileSync(
    join(folder, 'gateway.yaml'),
    `gateway: { id: gw-drill, address: 1, centre: 2 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" }]
log: { level: warn }
lines:
  - { name: nb, wire: { kind: udp, host: 127.0.0.1, port: 0 }, devices: [ ${devices.join(', ')} ] }
`,
  );
  const child = await children.start('gateway', 'gateway/src/main.ts', 'run', '--config', join(folder, 'gateway.yaml'));
  for (;;) {
    const { lines } = (await (await fetch(`${child.ready['status']}/status`)).json()) as { lines: Array<{ state: string; at: string }> };
    if (lines[0]?.state === 'open') return { child, port: Number(lines[0].at.split(':').at(-1)) };
    await sleep(50);
  }
}

async function kill({ process }: Child): Promise<void> {
  const gone = once(process, 'exit');
  process.kill('SIGKILL');
  await gone;
}

function alarmOf(index: number): Buffer {
  const stimulus = { what: 'fire', address: {}, deviceTime: '2026-09-01T02:00:00Z' } as const;
  const query = { name: 'Uri-Query' as const, value: Buffer.from(`ep=${imeiOf(index)}`) };
  const path = ['t', 'd'].map((name) => ({ name: 'Uri-Path' as const, value: Buffer.from(name) }));
  const payload = Buffer.from(familyOf(index).play.say(stimulus, imeiOf(index), 1)!);
  return generate({
    code: '0.02',
    confirmable: true,
    messageId: index + 1,
    token: Buffer.from([index]),
    options: [...path, query],
    payload,
  });
}

/** Another address of the detectors, as behind an operator's NAT, at which acknowledgements are taken. */
async function address(waiting: Set<number>): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (bytes) => waiting.delete(parse(bytes).messageId - 1));
  return socket;
}

/** Sends the alarms that are not yet acknowledged. */
function say(socket: Socket, port: number, waiting: ReadonlySet<number>): void {
  for (const index of waiting) socket.send(alarmOf(index), port, '127.0.0.1');
}

function firesInJournal(): string[] {
  const database = new SqliteDatabase(join(folder, 'data', 'alarm.sqlite'), { readonly: true });
  try {
    return (
      database.prepare("SELECT source FROM rows WHERE kind = 'fire' AND edge = 'began' ORDER BY source").all() as Array<{ source: string }>
    ).map(({ source }) => source);
  } finally {
    database.close();
  }
}

test('detectors repeat their alarms from ever new addresses to a gateway that is killed again and again: each is in the journal once', async () => {
  const waiting = new Set(detectors);
  for (let round = 0; round < KILLS; round++) {
    const { child, port } = await startGateway();
    const socket = await address(waiting);
    say(socket, port, waiting);
    // Killed at ever other moments of the burst: before the commit, between the commit and the answers, between two answers.
    await sleep(5 + round * 15);
    await kill(child);
    socket.close();
  }
  const { child, port } = await startGateway();
  // What was acknowledged is said again too: an acknowledgement can be lost on its way.
  const everything = new Set(detectors);
  const socket = await address(everything);
  while (everything.size > 0) {
    say(socket, port, everything); // again and again, as detectors do: a datagram may be dropped
    await sleep(500);
  }
  socket.close();
  await kill(child);
  expect(firesInJournal()).toEqual(detectors.map((index) => `smoke-${index}`).sort());
});
