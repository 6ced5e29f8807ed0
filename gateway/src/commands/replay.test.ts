import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAMILIES } from '@fengsui/protocol/families';
import { decodeFrame, encodeFrame } from '@fengsui/protocol/gb26875';
import { encodeModbusReply, encodeReadRequest } from '@fengsui/protocol/modbus';
import { generate, parse } from 'coap-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { CaptureFile, type Gate, recordedDoor, recordedServer, recordedSocket, recordedWire } from '../commission/capture.ts';
import { type Capture, readCapture } from '../commission/capture-text.ts';
import { isTalking, type PlayedPanel, playPanel, playUnit, sayingsOf } from '../commission/panel.fixture.ts';
import { Replay } from '../commission/replay.ts';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';
import type { Heard } from '../line.ts';
import { buildLines } from '../lines.ts';
import { SITE_WIRES } from '../site-wires.ts';
import { openHttp } from '../wires/http.ts';
import { openTcpServer, openUdp, openWire } from '../wires/open.ts';
import { replayThrough } from './replay.ts';
import { siteOf } from './replay-site.ts';

let folder: string;
let captures = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-capture-'));
});
afterAll(() => rm(folder, { recursive: true }));

const ANY: Gate = () => true;
const NEVER = new AbortController().signal;
/** What must be the same live and replayed: everything but the instant it was heard. */
const words = (heard: readonly Heard[]) =>
  heard.map(({ device, family, observations, packet }) => ({
    device,
    family,
    observations,
    packet: packet && Buffer.from(packet).toString('hex'),
  }));

function header(port: number, family: string) {
  return { wire: { kind: 'tcp', host: '127.0.0.1', port, serialServer: true } as const, family };
}

/** Runs the real driver against a played panel until `enough`, and captures both directions. */
async function live(
  panel: PlayedPanel,
  family: string,
  site: GatewayConfiguration,
  gate: Gate,
  enough: (heard: readonly Heard[]) => boolean,
) {
  const path = join(folder, `${family}-${(captures += 1)}.cap`);
  const heard: Heard[] = [];
  const stop = new AbortController();
  using file = new CaptureFile(path, header(panel.port, family), systemClock);
  const [line] = buildLines(site, systemClock, {
    ...SITE_WIRES,
    openStream: async (...order) => recordedWire(await openWire(...order), file, gate),
  });
  await using running = await line!.open(stop.signal);
  const watch = (async () => {
    while (!enough(heard)) await sleep(10);
    await sleep(100);
    stop.abort();
  })();
  for await (const all of running.heard) heard.push(...all);
  await watch;
  file.finish('stopped', []);
  return { heard, capture: readCapture(await readFile(path, 'utf8')) as Capture };
}

async function replayed(capture: Capture, site: GatewayConfiguration) {
  const heard: Heard[] = [];
  const replay = new Replay(capture);
  await replayThrough(replay, site, { signal: NEVER, heard: (all) => heard.push(...all) });
  return { heard, count: replay.count };
}

function siteFor(name: string, port: number): GatewayConfiguration {
  const capture = { header: { fengsui: 'capture', version: 1, startedMs: 0, ...header(port, name) }, chunks: [] } as const;
  return siteOf(FAMILIES.get(name)!, capture, 3);
}

test.concurrent.each([...FAMILIES.values()].filter(isTalking).map((family) => [family.name, family] as const))(
  'a captured conversation with %s says the same when it is replayed',
  async (name, family) => {
    await using panel = await playPanel(family);
    const site = siteFor(name, panel.port);
    const few = Math.min(3, new Set(sayingsOf(family).map((packet) => Buffer.from(packet).toString('hex'))).size);
    const enough = (heard: readonly Heard[]) => heard.filter(({ packet }) => packet !== null).length >= few;
    const { heard, capture } = await live(panel, name, site, ANY, enough);
    const again = await replayed(capture, site);
    expect(words(again.heard)).toEqual(words(heard));
    expect(again.count).toMatchObject({ unasked: 0 });
  },
  20_000,
);

test('a captured Modbus unit is replayed with its readings, question by question', async () => {
  await using panel = await playUnit(3, 64, 12);
  const site = siteFor('pressure-transmitter', panel.port);
  const quick = {
    ...site,
    lines: site.lines.map((line) => ({ ...line, devices: line.devices.map((one) => ({ ...one, pollEveryMs: 50 })) })),
  };
  const { heard, capture } = await live(panel, 'pressure-transmitter', quick, ANY, () => panel.answers() === 12);
  const again = await replayed(capture, quick);
  expect(heard.flatMap(({ observations }) => observations).filter(({ value }) => typeof value === 'number').length).toBeGreaterThan(3);
  expect(words(again.heard)).toEqual(words(heard));
  expect(again.count.unasked).toBe(0);
  // Without the configuration of the site the capture itself tells which unit was asked for what.
  const elsewhere = await replayed(capture, siteOf(FAMILIES.get('pressure-transmitter')!, capture, 1));
  const values = (all: readonly Heard[]) =>
    new Set(
      all.flatMap(({ observations }) => observations.flatMap(({ register, value }) => (value === null ? [] : `${register} ${value}`))),
    );
  expect(values(elsewhere.heard)).toEqual(values(heard));
});

test('a unit that fell silent is lost again when the capture is replayed, however long that took on site', async () => {
  const wire = { kind: 'tcp', host: '127.0.0.1', port: 502, serialServer: true } as const;
  const row = (ms: number, direction: 'in' | 'out', bytes: Uint8Array) => ({ ms, direction, bytes });
  const ask = encodeReadRequest({ unit: 3, function: 3, register: 0, count: 1 });
  const capture: Capture = {
    header: { fengsui: 'capture', version: 1, startedMs: Date.UTC(2026, 9, 1), wire },
    chunks: [row(0, 'out', ask), row(40, 'in', encodeModbusReply(3, 3, [300]))],
    end: { ms: 600_000, end: 'stopped' },
  };
  const { heard } = await replayed(capture, siteFor('pressure-transmitter', 502));
  const said = heard.flatMap(({ observations }) => observations);
  expect(said.filter(({ what }) => what === 'link').map(({ detail }) => detail)).toContain('lost');
});

test('what is kept off the wire is in the capture, and the panel hears no acknowledgement', async () => {
  const family = FAMILIES.get('jb3208');
  if (!family || !isTalking(family)) throw new Error('jb3208 is the panel of this test');
  await using panel = await playPanel(family);
  const { heard, capture } = await live(
    panel,
    'jb3208',
    siteFor('jb3208', panel.port),
    () => false,
    (all) => all.length >= 4,
  );
  expect(heard.length).toBeGreaterThanOrEqual(4);
  expect(capture.chunks.filter(({ withheld }) => withheld).length).toBeGreaterThan(0);
  expect(panel.heardBytes()).toBe(0);
});

test('a replay takes the time of the site divided by the speed', async () => {
  const capture = readCapture(
    `${JSON.stringify({ fengsui: 'capture', version: 1, startedMs: 0, ...header(1, 'gst-aa-bus') })}\n${JSON.stringify({ ms: 60_000, end: 'stopped' })}\n`,
  ) as Capture;
  const startedMs = performance.now();
  await replayThrough(new Replay(capture), siteFor('gst-aa-bus', 1), { speed: 200, signal: NEVER, heard: () => {} });
  expect(performance.now() - startedMs).toBeGreaterThan(250);
});

test('a capture that is there is not written over', async () => {
  await writeFile(join(folder, 'site.cap'), 'evidence');
  expect(() => new CaptureFile(join(folder, 'site.cap'), header(1, 'x'), systemClock)).toThrow(/EEXIST/);
});

test('a captured door is replayed caller by caller: transmission devices over TCP and over UDP', async () => {
  const family = FAMILIES.get('gb26875');
  if (!family || !isTalking(family)) throw new Error('gb26875 talks');
  const said = [3_000_001, 3_000_002].map((source) => sayingsOf(family).map((packet) => sentBy(source, packet)));
  for (const kind of ['tcp-server', 'udp'] as const) {
    const wire = kind === 'udp' ? { kind, host: '127.0.0.1', port: 0 } : { kind, host: '127.0.0.1', port: 0, connectionsMax: 8 };
    const path = join(folder, `${kind}.cap`);
    using file = new CaptureFile(path, { wire, family: 'gb26875' }, systemClock);
    const site = siteOf(family, { header: { fengsui: 'capture', version: 1, startedMs: 0, wire }, chunks: [] }, 1);
    const stop = new AbortController();
    let port = 0;
    const [line] = buildLines(site, systemClock, {
      ...SITE_WIRES,
      openServer: async (...order) => {
        const door = await openTcpServer(...order);
        port = door.port;
        return recordedServer(door, file, ANY);
      },
      openDatagrams: async (...order) => {
        const socket = await openUdp(...order);
        port = socket.port;
        return recordedSocket(socket, file, ANY);
      },
    });
    const heard: Heard[] = [];
    await using running = await line!.open(stop.signal);
    const calling = callFrom(kind, port, said, () => heard.length);
    const watch = (async () => {
      while (heard.filter(({ packet }) => packet !== null).length < said.flat().length) await sleep(10);
      await sleep(100);
      stop.abort();
    })();
    for await (const all of running.heard) heard.push(...all);
    await Promise.all([watch, calling]);
    file.finish('stopped', []);
    const again = await replayed(readCapture(await readFile(path, 'utf8')) as Capture, site);
    expect(words(again.heard)).toEqual(words(heard));
    expect(again.count).toMatchObject({ unasked: 0, writtenNow: again.count.writtenOnSite });
  }
});

/** The same frame from another device. */
function sentBy(source: number, packet: Uint8Array): Uint8Array {
  const { control, unit } = decodeFrame(packet);
  return encodeFrame({ ...control, source }, unit);
}

/** Devices say everything in turn, each packet once the one before was heard. */
async function callFrom(
  kind: 'tcp-server' | 'udp',
  port: number,
  said: ReadonlyArray<readonly Uint8Array[]>,
  heardCount: () => number,
): Promise<void> {
  const callers = said.map((packets) => {
    const caller = kind === 'udp' ? createSocket('udp4') : connect({ host: '127.0.0.1', port }).on('error', () => {});
    return { caller, packets: [...packets] };
  });
  while (callers.some(({ packets }) => packets.length > 0))
    for (const { caller, packets } of callers) {
      const [packet, before] = [packets.shift()!, heardCount()];
      if (caller instanceof Socket) caller.write(packet);
      else caller.send(packet, port, '127.0.0.1');
      while (heardCount() === before) await sleep(5);
    }
  for (const { caller } of callers) {
    if (caller instanceof Socket) caller.destroy();
    else caller.close();
  }
}

const IMEI = '860000000000017';
const SECRET = 'a-secret-of-the-door';

/** Runs the real driver of a line, captured, until it heard so much; `talk` plays the far side, given the port. */
async function liveDoor(
  site: GatewayConfiguration,
  family: string,
  talk: (port: number) => Promise<void>,
  enough: (heard: readonly Heard[]) => boolean,
) {
  const path = join(folder, `${family}-${(captures += 1)}.cap`);
  using file = new CaptureFile(path, { wire: site.lines[0]!.wire, family }, systemClock);
  const heard: Heard[] = [];
  const stop = new AbortController();
  const [line] = buildLines(site, systemClock, {
    ...SITE_WIRES,
    openDatagrams: async (...order) => recordedSocket(await openUdp(...order), file, ANY),
    openDoor: async (...order) => recordedDoor(await openHttp(...order), file),
  });
  await using running = await line!.open(stop.signal);
  const talking = talk(Number(running.at.split(':').at(-1))).then(async () => {
    while (!enough(heard)) await sleep(10);
    await sleep(100);
    stop.abort();
  });
  for await (const all of running.heard) heard.push(...all);
  await talking;
  file.finish('stopped', []);
  const text = await readFile(path, 'utf8');
  return { heard, text, capture: readCapture(text) as Capture };
}

function doorSite(wire: object, device: object): GatewayConfiguration {
  const site = {
    gateway: { id: 'gw-1', address: 1, centre: 2 },
    data: folder,
    profile: 'db36-t1297-2020',
    uplinks: [{ name: 'collector', kind: 'mqtt', url: 'mqtt://127.0.0.1:1883' }],
    lines: [{ name: `door-${(captures += 1)}`, wire, devices: [device] }],
  };
  const configuration = checkConfiguration(JSON.stringify(site), folder);
  if ('problems' in configuration) throw new Error(configuration.problems.join());
  return configuration;
}

test('a captured CoAP device that registers and is observed is replayed under the token it got on site', async () => {
  const huaqiang = FAMILIES.get('nb-huaqiang')!;
  const site = doorSite(
    { kind: 'udp', host: '127.0.0.1', port: 0 },
    { name: 'smoke', family: 'nb-huaqiang', device: IMEI, points: [{ address: {} }] },
  );
  const deviceTime = new Date().toISOString().slice(0, 19);
  const payload = (what: 'fire' | 'heartbeat', counter: number) =>
    huaqiang.shape === 'publishes' ? Buffer.from(huaqiang.play.say({ what, address: {}, deviceTime }, IMEI, counter)!) : Buffer.alloc(0);
  const device = createSocket('udp4').bind(0, '127.0.0.1');
  const talk = async (port: number) => {
    const say = (message: Parameters<typeof generate>[0]) => device.send(generate(message), port, '127.0.0.1');
    const path = (name: string) => ['t', name].map((part) => ({ name: 'Uri-Path' as const, value: Buffer.from(part) }));
    device.on('message', (bytes) => {
      const asked = parse(bytes);
      if (asked.code !== '0.01') return;
      const observe = [{ name: 'Observe' as const, value: Buffer.of(1) }];
      say({ ack: true, code: '2.05', messageId: asked.messageId, token: asked.token, options: observe, payload: payload('heartbeat', 1) });
      say({
        code: '2.05',
        messageId: 9_000,
        token: asked.token,
        options: [{ name: 'Observe', value: Buffer.of(2) }],
        payload: payload('fire', 2),
      });
    });
    const query = { name: 'Uri-Query' as const, value: Buffer.from(`ep=${IMEI}`) };
    say({ code: '0.02', confirmable: true, messageId: 1, token: Buffer.of(1), options: [...path('r'), query] });
  };
  const { heard, capture } = await liveDoor(site, 'nb-huaqiang', talk, (all) =>
    all.some(({ observations }) => observations.some(({ what }) => what === 'fire')),
  );
  device.close();
  expect(heard.map(({ device }) => device)).not.toContain(expect.stringContaining('unknown'));
  const again = await replayed(capture, site);
  expect(words(again.heard)).toEqual(words(heard));
  expect(again.count.unasked).toBe(0);
});

test('a captured door of a cloud is replayed push by push, and its secret is not in the file', async () => {
  const secretFile = join(folder, 'door.secret');
  await writeFile(secretFile, SECRET, { mode: 0o600 });
  const ctwing = FAMILIES.get('push-ctwing')!;
  const site = doorSite(
    { kind: 'http', cloud: 'ctwing', host: '127.0.0.1', port: 0, secretFile },
    { name: 'smoke', family: 'push-ctwing', device: IMEI, points: [{ address: {} }] },
  );
  const talk = async (port: number) => {
    for (const [counter, what] of (['heartbeat', 'fire', 'restored'] as const).entries()) {
      const deviceTime = new Date().toISOString().slice(0, 19);
      const body = ctwing.shape === 'publishes' ? ctwing.play.say({ what, address: {}, deviceTime }, IMEI, counter)! : new Uint8Array();
      const { status } = await fetch(`http://127.0.0.1:${port}/push/${SECRET}`, { method: 'POST', body: Buffer.from(body) });
      expect(status).toBe(200);
    }
  };
  const { heard, text, capture } = await liveDoor(site, 'push-ctwing', talk, (all) => all.length >= 2);
  expect(text).not.toContain(Buffer.from(SECRET).toString('hex'));
  expect(text).not.toContain(Buffer.from(SECRET).toString('hex').toUpperCase());
  const again = await replayed(capture, site);
  expect(words(again.heard)).toEqual(words(heard));
  // Whoever gets the file has neither the configuration nor the secret.
  const elsewhere = await replayed(capture, siteOf(ctwing, capture, 1));
  expect(elsewhere.heard.map(({ device, observations }) => [device, ...observations.map(({ what }) => what)])).toContainEqual(
    expect.arrayContaining([`unknown-${IMEI}`, 'fire']),
  );
});
