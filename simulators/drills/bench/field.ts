import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Family, PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { generate, parse } from 'coap-packet';
import { LOOP_LOOK_EVERY_MS } from '../../../gateway/src/limits.ts';
import { machineClock } from '../../src/clock.ts';
import type { Device } from '../../src/device.ts';
import { makeDevice } from '../../src/make-device.ts';
import { CLEAN } from '../../src/noisy-wire.ts';
import { seeded } from '../../src/random.ts';
import { TruthLog } from '../../src/truth.ts';
import { type Child, Children } from '../demo/children.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What one gateway is built for: serial lines of a large site, points polled each second, alarms of a power cut's end. */
const PANELS = 14;
const BUSES = 50;
const POINTS_OF_BUS = 20;
const ALARMS = 200;
const SETTLE_MS = 4_000;
const MEASURE_MS = 15_000;
const RESEND_MS = 2_000;
const RESENDS = 4;
const FIRST_REGISTER = 100;

interface LineStatus {
  readonly name: string;
  readonly state: string;
  readonly polls: number;
  readonly packets: number;
  readonly events: number;
  readonly unheard: Readonly<Record<string, number>>;
  readonly wire: { readonly kind: string };
  readonly at: string;
}

interface Status {
  readonly lines: readonly LineStatus[];
  readonly journal: { readonly lanes: { readonly alarm: { readonly newest: number } } };
  readonly process: {
    readonly residentBytes: number;
    readonly cpuSeconds: number;
    readonly loopDelayP99Ms: number;
    readonly loopDelayMaxMs: number;
  };
}

const imeiOf = (index: number) => `8600000000${String(10_000 + index)}`;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => index);

function deviceOn(folder: string, name: string, family: Family, unit: number): Device {
  const truth = new TruthLog(join(folder, `${name}.jsonl`), name, family.name);
  return makeDevice({
    ...{ family, wire: 'pty', baudRate: null, unit, endpoint: null, mode: 'observe', ackTimeoutMs: 2_000, zoneMinutes: 480 },
    ...{ quality: CLEAN, clock: machineClock, random: seeded(unit), truth, narrate: () => {} },
  });
}

/** A serial line each: panels that are polled, and buses of one Modbus unit. */
async function startDevices(folder: string): Promise<{ readonly panels: Device[]; readonly buses: Device[] }> {
  const panels = numbered(PANELS).map((index) => deviceOn(folder, `panel-${index}`, FAMILIES.get('jbf-193k')!, 1));
  const buses = numbered(BUSES).map((index) => deviceOn(folder, `bus-${index}`, FAMILIES.get('modbus-basic')!, 1));
  for (const device of [...panels, ...buses]) await device.start();
  for (const bus of buses)
    await bus.perform({ kind: 'registers', registers: numbered(POINTS_OF_BUS).map((at) => [FIRST_REGISTER + at, 1_000 + at]) });
  return { panels, buses };
}

function configuration(panels: readonly Device[], buses: readonly Device[]): string {
  const points = numbered(POINTS_OF_BUS).map(
    (at) => `{ register: point-${at}, reads: { function: 3, register: ${FIRST_REGISTER + at} }, quantity: gas-ppm }`,
  );
  const panelLines = panels.map(
    ({ address }, index) => `  - name: panel-line-${index}
    wire: { kind: serial, path: ${address} }
    devices: [ { name: panel-${index}, family: jbf-193k } ]`,
  );
  const busLines = buses.map(
    ({ address }, index) => `  - name: bus-line-${index}
    wire: { kind: serial, path: ${address} }
    devices: [ { name: bus-${index}, family: modbus-basic, unit: 1, pollEveryMs: 1000, points: [ ${points.join(', ')} ] } ]`,
  );
  const detectors = numbered(ALARMS).map((index) => `{ name: smoke-${index}, family: nb-huaqiang, device: "${imeiOf(index)}" }`);
  return `gateway: { id: gw-bench, address: 1, centre: 2 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" }]
log: { level: error }
lines:
${[...panelLines, ...busLines].join('\n')}
  - name: nb
    wire: { kind: udp, host: 127.0.0.1, port: 0 }
    devices: [ ${detectors.join(', ')} ]
`;
}

/** Detectors that post an alarm each within one second and repeat it until it is acknowledged. */
async function alarms(port: number): Promise<{ readonly answered: number; readonly slowestMs: number }> {
  const family = FAMILIES.get('nb-huaqiang') as PublishingFamily;
  const sockets = await Promise.all(numbered(20).map(boundSocket));
  const waiting = new Map<number, number>();
  let slowestMs = 0;
  for (const socket of sockets)
    socket.on('message', (bytes) => {
      const { messageId } = parse(bytes);
      slowestMs = Math.max(slowestMs, performance.now() - (waiting.get(messageId) ?? performance.now()));
      waiting.delete(messageId);
    });
  // A detector repeats the very bytes it sent: with another time they would be another alarm.
  const datagrams = new Map<number, Buffer>();
  const datagramOf = (index: number): Buffer => {
    const deviceTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const payload = family.play.say({ what: 'fire', address: {}, deviceTime }, imeiOf(index), 1)!;
    const options = [...['t', 'd'].map((name) => ({ name: 'Uri-Path' as const, value: Buffer.from(name) }))];
    const query = { name: 'Uri-Query' as const, value: Buffer.from(`ep=${imeiOf(index)}`) };
    const head = { code: '0.02', confirmable: true, messageId: index + 1, token: Buffer.from([index]) };
    return generate({ ...head, options: [...options, query], payload: Buffer.from(payload) });
  };
  const post = (index: number) => {
    const datagram = datagrams.get(index) ?? datagramOf(index);
    datagrams.set(index, datagram);
    sockets[index % sockets.length]!.send(datagram, port, '127.0.0.1');
  };
  for (const index of numbered(ALARMS)) {
    waiting.set(index + 1, performance.now());
    post(index);
    await sleep(1_000 / ALARMS);
  }
  for (let resend = 0; resend < RESENDS && waiting.size > 0; resend++) {
    await sleep(RESEND_MS);
    for (const id of waiting.keys()) post(id - 1);
  }
  for (const socket of sockets) socket.close();
  return { answered: ALARMS - waiting.size, slowestMs };
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A Node that does nothing, for the same time: what this machine does to any process just now, looked at as the gateway looks at itself. */
const IDLE = `const { monitorEventLoopDelay } = require('node:perf_hooks');
const delay = monitorEventLoopDelay({ resolution: ${LOOP_LOOK_EVERY_MS} });
delay.enable();
const late = (ns) => Math.max(0, ns / 1e6 - ${LOOP_LOOK_EVERY_MS});
console.log(JSON.stringify({ ready: 'idle' }));
process.on('SIGUSR2', () => console.log(JSON.stringify({ p99: late(delay.percentile(99)), max: late(delay.max), bytes: process.memoryUsage().rss })));
setInterval(() => {}, 1000);`;

async function statusOf(gateway: Child): Promise<Status> {
  return (await (await fetch(`${gateway.ready['status']}/status`)).json()) as Status;
}

async function untilOpen(gateway: Child): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await statusOf(gateway)).lines.every(({ state }) => state === 'open')) {
    if (performance.now() > deadline) throw new Error('not every line opened within 30 s');
    await sleep(200);
  }
}

function row(name: string, p99Ms: number, maxMs: number, bytes: number): void {
  const mebibytes = (bytes / 2 ** 20).toFixed(0);
  stdout.write(
    `  ${name.padEnd(52)} ${p99Ms.toFixed(1).padStart(8)} ms  max ${maxMs.toFixed(1).padStart(7)} ms  ${mebibytes.padStart(5)} MiB\n`,
  );
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-bench-field-'));
  const children = new Children(folder, (name) => stdout.write(`  ${name} ended by itself\n`));
  writeFileSync(join(folder, 'idle.cjs'), IDLE);
  const { panels, buses } = await startDevices(folder);
  try {
    writeFileSync(join(folder, 'gateway.yaml'), configuration(panels, buses));
    const gateway = await children.start('gateway', 'gateway/src/main.ts', 'run', '--config', join(folder, 'gateway.yaml'));
    const idle = await children.start('idle', relative(ROOT, join(folder, 'idle.cjs')));
    await untilOpen(gateway);
    await sleep(SETTLE_MS);
    await measure(gateway, idle);
  } finally {
    await children.stopAll();
    for (const device of [...panels, ...buses]) await device[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
}

async function measure(gateway: Child, idle: Child): Promise<void> {
  const before = await statusOf(gateway);
  const startedMs = performance.now();
  const nb = before.lines.find(({ name }) => name === 'nb')!;
  const { answered, slowestMs } = await alarms(Number(nb.at.split(':').at(-1)));
  await sleep(Math.max(0, MEASURE_MS - (performance.now() - startedMs)));
  const after = await statusOf(gateway);
  const seconds = (performance.now() - startedMs) / 1_000;
  const bare = once(idle.process.stdout!, 'data') as Promise<[Buffer]>;
  idle.process.kill('SIGUSR2');
  const { p99, max, bytes } = JSON.parse((await bare)[0].toString()) as { p99: number; max: number; bytes: number };

  const grown = (of: (line: LineStatus) => number, kind: string) =>
    after.lines.reduce((sum, line, index) => sum + (line.name.startsWith(kind) ? of(line) - of(before.lines[index]!) : 0), 0);
  const polls = grown(({ polls }) => polls, 'bus');
  const missed = grown(({ unheard }) => (unheard['timeout'] ?? 0) + (unheard['garbled'] ?? 0), 'bus');
  const kept = after.journal.lanes.alarm.newest - before.journal.lanes.alarm.newest;
  stdout.write(
    `\none gateway: ${PANELS + BUSES} serial lines, ${BUSES * POINTS_OF_BUS} Modbus points a second, ${ALARMS} CoAP alarms in one second, collector away\n`,
  );
  row('loop delay p99 and memory of the gateway', after.process.loopDelayP99Ms, after.process.loopDelayMaxMs, after.process.residentBytes);
  row('yardstick: a Node that does nothing, the same time', p99, max, bytes);
  stdout.write(
    `  ${'processor of the gateway'.padEnd(52)} ${(((after.process.cpuSeconds - before.process.cpuSeconds) / seconds) * 100).toFixed(0).padStart(8)} %\n`,
  );
  stdout.write(
    `  ${'Modbus points read a second'.padEnd(52)} ${((polls * POINTS_OF_BUS) / seconds).toFixed(0).padStart(8)}     reads in vain ${missed}\n`,
  );
  stdout.write(`  ${'alarms acknowledged, slowest'.padEnd(52)} ${String(answered).padStart(8)}     ${slowestMs.toFixed(0)} ms\n`);
  stdout.write(`  ${'alarms lost (sent, less those in the journal)'.padEnd(52)} ${String(ALARMS - kept).padStart(8)}\n`);
  if (answered !== ALARMS || kept !== ALARMS)
    throw new Error(`lost alarms: ${ALARMS} sent, ${answered} acknowledged, ${kept} in the journal`);
}
