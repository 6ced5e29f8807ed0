import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { checkConfiguration } from '../../config.ts';
import type { Heard } from '../../line.ts';
import { buildLines } from '../../lines.ts';
import { need, PEERS } from './peers.fixture.ts';

/** Devices that are not ours: libcoap's `coap-client-notls` posts what a detector posts. */
const IMEI = '860000000000017';
const FAMILY = FAMILIES.get('nb-huaqiang') as PublishingFamily;

let folder: string;
let stop: AbortController;
let port: number;
let heard: Heard[];
let running: Promise<void>;

beforeAll(() => need('coap'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-coap-'));
  stop = new AbortController();
  heard = [];
  const configuration = checkConfiguration(
    `gateway: { id: gw-1, address: 1, centre: 2 }
data: ${folder}
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
lines:
  - name: nb
    wire: { kind: udp, host: 127.0.0.1, port: 0 }
    devices: [ { name: hydrant, family: nb-huaqiang, device: "${IMEI}", points: [ { address: {}, place: x } ] } ]
`,
    '/',
  );
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const open = await buildLines(configuration, systemClock)[0]!.open(stop.signal);
  port = Number(open.at.split(':').at(-1));
  running = (async () => {
    await using _wire = open;
    for await (const all of open.heard) heard.push(...all);
  })();
});
afterEach(async () => {
  stop.abort();
  await running;
  await rm(folder, { recursive: true });
});

/** Posts as libcoap's client does; what it says of the exchange. */
async function post(payload: Uint8Array, path: string, ...options: readonly string[]): Promise<string> {
  const file = join(folder, 'payload');
  await writeFile(file, payload);
  const words = ['-m', 'post', '-v', '7', '-B', '5', '-f', file, ...options, `coap://127.0.0.1:${port}${path}`];
  const client = spawn(PEERS.coap.file, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [client.stdout, client.stderr]) stream.on('data', (bytes) => (said += bytes));
  await once(client, 'close');
  return said;
}

const report = (what: 'fire' | 'heartbeat', counter = 1) =>
  FAMILY.play.say({ what, address: {}, deviceTime: '2026-10-01T08:00:00Z', battery: { percent: 90 } }, IMEI, counter)!;
const words = () => heard.flatMap(({ device, observations }) => observations.map(({ what }) => `${device} ${what}`));

test('a confirmable alarm of libcoap is heard and answered in its acknowledgement', async () => {
  const said = await post(report('fire'), `/t/d?ep=${IMEI}`);
  expect(words()).toEqual(['hydrant link', 'hydrant fire', 'hydrant reading']);
  expect(said).toMatch(/ACK c:2\.04/);
});

test('a non-confirmable one is heard and answered too', async () => {
  const said = await post(report('fire'), `/t/d?ep=${IMEI}`, '-N');
  expect(words()).toEqual(['hydrant link', 'hydrant fire', 'hydrant reading']);
  expect(said).toMatch(/NON c:2\.04/);
});

test('a report in blocks of 16 bytes is one report', async () => {
  const said = await post(report('fire'), `/t/d?ep=${IMEI}`, '-b', '16');
  expect(said.match(/c:2\.31/g)?.length).toBeGreaterThan(1);
  expect(said).toMatch(/ACK c:2\.04/);
  expect(words()).toEqual(['hydrant link', 'hydrant fire', 'hydrant reading']);
  expect(heard[0]!.packet).toEqual(report('fire'));
});

test('what is not there, and what is too much, is refused in words libcoap knows', async () => {
  expect(await post(report('fire'), '/elsewhere')).toMatch(/4\.04/);
  expect(await post(new Uint8Array(20_000), `/t/d?ep=${IMEI}`, '-b', '1024')).toMatch(/4\.13/);
  expect(words()).toEqual([]);
});

test('a registration of an LwM2M client gets its place', async () => {
  const said = await post(Buffer.from('</3/0>,</3318/0>'), `/rd?ep=${IMEI}&lt=86400&b=U`);
  expect(said).toMatch(/ACK c:2\.01/);
  expect(said).toMatch(/Location-Path:rd/);
});
