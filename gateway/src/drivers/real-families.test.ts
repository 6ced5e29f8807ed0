import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Links } from '@fengsui/protocol';
import { answerModbus, type Clock, PacketCutter, type SiteEvent, sealModbus } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';
import { buildLines } from '../lines.ts';
import { readCoap, writeCoap } from './coap-message.ts';

/** The stages as the gateway puts them together, real wires and real families: only the journal is an array. */

const CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};

let folder: string;
let stop: AbortController;
let events: SiteEvent[];
let running: Promise<void>;
let far: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-drivers-'));
  stop = new AbortController();
  events = [];
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await running;
  far?.close();
  await rm(folder, { recursive: true });
  far = undefined;
});

function configurationOf(yaml: string): GatewayConfiguration {
  const source = `gateway: { id: gw-1, address: 1, centre: 2 }\ndata: ${folder}\nprofile: db36-t1297-2020\nuplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]\nlines:\n${yaml}`;
  const configuration = checkConfiguration(source, '/');
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  return configuration;
}

async function run(yaml: string): Promise<{ readonly links: Links; readonly at: string }> {
  const configuration = configurationOf(yaml);
  const line = buildLines(configuration, CLOCK)[0]!;
  let ids = 0;
  const newEventId = () => String(ids++).padStart(32, '0');
  const normalizer = createNormalizer({ devices: line.configuration.devices, zoneMinutes: 480, newEventId, clock: CLOCK });
  const open = await line.open(stop.signal);
  running = (async () => {
    await using _wire = open;
    for await (const heard of open.heard) {
      events.push(...heard.flatMap((one) => normalizer.normalize(one)));
      normalizer.settle(heard);
    }
  })();
  return { links: line.links, at: open.at };
}

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  far = createServer((socket) => onConnection(socket.on('error', () => {})));
  far.listen(0, '127.0.0.1');
  await once(far, 'listening');
  return (far.address() as { port: number }).port;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
const has = (kind: string, edge: string) => events.some((event) => event.kind === kind && event.edge === edge);
const siteTime = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19);

test('a Jade Bird card behind a serial server: polled, heard, normalised', async () => {
  const family = FAMILIES.get('jbf-193k')!;
  if (family.shape !== 'talks') throw new Error('a panel talks');
  let polls = 0;
  const port = await serve((socket) => {
    const host = new PacketCutter(family.play.hostCut!);
    let pending: Uint8Array | null = family.play.say({
      what: 'fire',
      address: { controller: 1, loop: 1, point: 2 },
      deviceTime: siteTime(),
    });
    socket.on('data', (bytes) => {
      for (const cut of host.feed(bytes)) {
        if (cut.kind !== 'packet') continue;
        polls += 1;
        const answer = family.play.answer!(cut.bytes, pending, siteTime());
        pending = null;
        if (answer) socket.write(answer);
      }
    });
  });
  await run(`- name: panel-line
  wire: { kind: tcp, host: 127.0.0.1, port: ${port}, serialServer: true }
  devices:
    - name: panel-1
      family: jbf-193k
      points: [ { address: { controller: 1, loop: 1, point: 2 }, place: 1号楼3层东走道, componentType: 42 } ]`);
  await until(() => has('fire', 'began') && polls > 1);
  expect(events.find(({ kind }) => kind === 'fire')).toMatchObject({
    source: 'panel-1',
    family: 'jbf-193k/1',
    place: '1号楼3层东走道',
    time: { source: 'panel' },
    part: { component: { type: 42, address: 0x20001 } },
  });
});

for (const serialServer of [false, true]) {
  test(`a hydrant's transmitter over ${serialServer ? 'RTU through a serial server' : 'Modbus TCP'}: pressure falls below the limit and comes back`, async () => {
    let pressure = 3_000;
    const image = (_: number, register: number) => [3, 1, 5, 1, pressure, 0, 10_000][register];
    const port = await serve((socket) =>
      socket.on('data', (bytes) => {
        const request = serialServer ? bytes : sealModbus([...bytes.subarray(6)]);
        const reply = answerModbus(request, 3, image)!;
        const body = reply.subarray(0, -2);
        socket.write(serialServer ? reply : Uint8Array.of(...bytes.subarray(0, 4), 0, body.length, ...body));
      }),
    );
    await run(`- name: hydrant-bus
  wire: { kind: tcp, host: 127.0.0.1, port: ${port}, serialServer: ${serialServer} }
  devices:
    - name: hydrant-7
      family: pressure-transmitter
      unit: 3
      pollEveryMs: 50
      points: [ { register: pressure, place: 7号消火栓, componentType: 24, low: { limit: 140, hysteresis: 10 } } ]`);
    await until(() => has('reading', 'momentary'));
    pressure = 1_350;
    await until(() => has('low', 'began'));
    pressure = 1_510;
    await until(() => has('low', 'ended'));
    const shown = events.filter(({ kind }) => kind !== 'link').map(({ kind, edge, measured }) => `${kind} ${edge} ${measured?.value}`);
    expect(shown).toEqual(['reading momentary 300', 'low began 135', 'low ended 151']);
  });
}

test('an NB-IoT detector over CoAP: its alarm is acknowledged and is an event', async () => {
  const family = FAMILIES.get('nb-huaqiang')!;
  if (family.shape !== 'publishes') throw new Error('a detector publishes');
  const imei = '860000000000017';
  const { at, links } = await run(`- name: nb
  wire: { kind: udp, host: 127.0.0.1, port: 0 }
  devices:
    - { name: smoke-302, family: nb-huaqiang, device: "${imei}", points: [ { address: {}, place: 2栋302室, componentType: 42 } ] }`);
  const port = Number(at.split(':').at(-1));
  const deviceTime = new Date().toISOString().slice(0, 19);
  const payload = family.play.say(
    { what: 'fire', address: {}, deviceTime: `${deviceTime}Z`, battery: { percent: 90, millivolts: 3_030 } },
    imei,
    1,
  )!;
  const device = createSocket('udp4').bind(0, '127.0.0.1');
  await once(device, 'listening');
  const options = ['t', 'd'].map((value) => ({ name: 'Uri-Path' as const, value }));
  device.send(
    writeCoap({ type: 'CON', code: '0.02', id: 1, options: [...options, { name: 'Uri-Query', value: `ep=${imei}` }], payload }),
    port,
    '127.0.0.1',
  );
  const [answer] = await once(device, 'message');
  expect(readCoap(answer)).toMatchObject({ type: 'ACK', code: '2.04', id: 1 });
  expect(events.find(({ kind }) => kind === 'fire')).toMatchObject({
    edge: 'began',
    source: 'smoke-302',
    place: '2栋302室',
    address: { device: imei },
  });
  expect(links.standings().get('smoke-302')).toBe('up');
  device.close();
});

test('a transmission device of another maker connects: its fire is confirmed and is an event in the words of its dialect', async () => {
  const family = FAMILIES.get('gb26875')!;
  if (family.shape !== 'talks') throw new Error('a transmission device talks');
  const { at } = await run(`- name: transmitters
  wire: { kind: tcp-server, host: 127.0.0.1, port: 0 }
  devices:
    - name: utd-1
      family: gb26875
      device: "c1c62d000000"
      dialect: four-faith
      points: [ { address: { point: 7 }, place: 3号楼2层, componentType: 40 } ]`);
  const socket = connect(Number(at.split(':').at(-1)), '127.0.0.1');
  await once(socket, 'connect');
  const fire = family.play.say({ what: 'fire', address: { controller: 1, point: 7 }, componentType: 40, deviceTime: siteTime() })!;
  socket.write(fire);
  socket.write(fire);
  const heard: Uint8Array[] = [];
  const cutter = new PacketCutter(family.cut);
  socket.on('data', (bytes: Uint8Array) => heard.push(...cutter.feed(bytes).map((cut) => cut.bytes)));
  await until(() => heard.length === 2);
  expect(heard.every((packet) => family.play.confirms!(packet))).toBe(true);
  expect(events.filter(({ kind }) => kind === 'fire')).toMatchObject([
    { edge: 'began', source: 'utd-1', place: '3号楼2层', address: { device: 'c1c62d000000', controller: 1, point: 7 } },
  ]);
  socket.destroy();
});

test('a gas controller that only the site knows is read by the site’s map: its value and its states', async () => {
  let state = 0;
  const port = await serve((socket) =>
    socket.on('data', (bytes) => {
      const reply = answerModbus(bytes, 9, (_, register) => ({ 16: 125, 40: state })[register]);
      if (reply) socket.write(reply);
    }),
  );
  await run(`- name: gas-line
  wire: { kind: tcp, host: 127.0.0.1, port: ${port}, serialServer: true }
  devices:
    - name: gas
      family: modbus-basic
      unit: 9
      pollEveryMs: 50
      points:
        - { register: concentration, reads: { function: 3, register: 16, scale: 0.1 }, quantity: gas, place: 锅炉房, componentType: 11 }
        - { register: state, reads: { function: 3, register: 40, says: { bits: { "1": fire, "2": fault } } }, means: { fire: gas-alarm }, place: 锅炉房 }`);
  await until(() => has('reading', 'momentary'));
  state = 0b110;
  await until(() => has('fault', 'began'));
  state = 0;
  await until(() => has('fault', 'ended') && has('gas-alarm', 'ended'));
  expect(events.find(({ kind }) => kind === 'reading')).toMatchObject({ measured: { quantity: 'gas', value: 12.5 }, place: '锅炉房' });
  expect(has('gas-alarm', 'began')).toBe(true);
  expect(has('fire', 'began')).toBe(false);
});
