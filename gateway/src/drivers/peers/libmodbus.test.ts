import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { checkConfiguration } from '../../config.ts';
import type { Heard } from '../../line.ts';
import { buildLines } from '../../lines.ts';
import { buildSlave, endPeer, need, serialLine, startPeer } from './peers.fixture.ts';

/** A slave that is not ours: `slave.c`, built against `/usr/include/modbus/modbus.h`. */

let folder: string;
let slave: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  need('gcc', 'libmodbus', 'socat');
  folder = await mkdtemp(join(tmpdir(), 'fengsui-libmodbus-'));
  slave = buildSlave(folder);
});
afterEach(async () => {
  for (const child of children.splice(0)) await endPeer(child);
});
afterAll(() => rm(folder, { recursive: true }));

/** What our driver reads of the slave's unit 5: every function, one register and several, and one the slave has not. */
async function readThrough(wire: string): Promise<Map<string, string>> {
  const configuration = checkConfiguration(
    `gateway: { id: gw-1, address: 1, centre: 2 }
data: ${folder}
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
lines:
  - name: bus
    wire: ${wire}
    devices:
      - name: slave
        family: modbus-basic
        unit: 5
        pollEveryMs: 200
        points:
          - { register: contact-1 }
          - { register: contact-2 }
          - { register: coil-16 }
          - { register: holding-3, reads: { function: 3, register: 3 }, quantity: gas-ppm }
          - { register: holding-40, reads: { function: 3, register: 40, type: u32, order: CDAB }, quantity: gas-ppm }
          - { register: input-9, reads: { function: 4, register: 9, scale: 0.1 }, quantity: gas-ppm }
          - { register: beyond, reads: { function: 3, register: 500 }, quantity: gas-ppm }
`,
    '/',
  );
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const stop = new AbortController();
  const [line] = buildLines(configuration, systemClock);
  await using running = await line!.open(stop.signal);
  const seen = new Map<string, string>();
  let rounds = 0;
  for await (const all of running.heard) {
    rounds += 1;
    for (const { observations } of all as readonly Heard[])
      for (const { register, value, quality } of observations)
        if (register) seen.set(register, quality ? `${value} ${quality}` : String(value));
    if (rounds === 3) break;
  }
  stop.abort();
  expect([...line!.counters.unheard.keys()]).toEqual(['refused']);
  return seen;
}

const EXPECTED = {
  'contact-1': '0',
  'contact-2': '1',
  'coil-16': '1',
  'holding-3': '1003',
  'holding-40': String(1041 * 65_536 + 1040),
  'input-9': '200.9',
  beyond: 'null sensor-failed',
};

test('a slave of libmodbus is read over a serial line', async () => {
  const pair = await serialLine(folder);
  children.push(pair.child);
  const { child } = await startPeer(slave, ['rtu', pair.ends[1], '5']);
  children.push(child);
  expect(Object.fromEntries(await readThrough(`{ kind: serial, path: ${pair.ends[0]} }`))).toEqual(EXPECTED);
});

test('a slave of libmodbus is read over TCP', async () => {
  const { child, line } = await startPeer(slave, ['tcp', '0', '5']);
  children.push(child);
  const port = line.split(' ')[1];
  expect(Object.fromEntries(await readThrough(`{ kind: tcp, host: 127.0.0.1, port: ${port} }`))).toEqual(EXPECTED);
});
