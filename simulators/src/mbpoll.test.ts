import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { PolledFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Rig, rigOf } from './rig.fixture.ts';

/** A master that is not ours, from Debian. */
const MBPOLL = '/usr/bin/mbpoll';
const TRANSMITTER = FAMILIES.get('pressure-transmitter') as PolledFamily;
const open: AsyncDisposable[] = [];

beforeAll(() => {
  if (!existsSync(MBPOLL)) throw new Error('this test needs a Debian package: apt-get install mbpoll');
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function started(wire: string): Promise<Rig> {
  const rig = rigOf({ family: TRANSMITTER, wire, unit: 3 });
  await rig.device.start();
  open.push(rig.device);
  await rig.device.perform({ kind: 'registers', registers: [[3, 1]] });
  await rig.device.perform({ kind: 'set', values: { pressure: 350.5 } });
  return rig;
}

/** What mbpoll says of one poll of a place counted from 0. */
async function polled(rig: Rig, ...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { address } = rig.device;
  const [host, port] = address.split(':');
  const wire = address.startsWith('/') ? ['-m', 'rtu', '-b', '9600', '-P', 'none', address] : ['-m', 'tcp', '-p', port!, host!];
  const place = wire.pop()!;
  const master = spawn(MBPOLL, [...wire, '-0', '-1', '-o', '2', ...words, place], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [master.stdout, master.stderr]) stream.on('data', (bytes) => (said += bytes));
  const [code] = (await once(master, 'close')) as [number];
  return { code, said };
}

for (const wire of ['tcp:127.0.0.1:0', 'pty']) {
  test(`mbpoll reads a simulated transmitter over ${wire.split(':')[0]}`, async () => {
    const rig = await started(wire);
    const { code, said } = await polled(rig, '-a', '3', '-t', '4', '-r', '3', '-c', '2');
    expect([code, said.match(/^\[\d+\]:.*$/gm)?.map((line) => line.replace(/\s+/g, ' '))]).toEqual([0, ['[3]: 1', '[4]: 3505']]);
  });

  test(`mbpoll is told what a simulated transmitter has not, over ${wire.split(':')[0]}`, async () => {
    const rig = await started(wire);
    expect((await polled(rig, '-a', '3', '-t', '4', '-r', '65530', '-c', '20')).said).toMatch(/Illegal data address/);
    expect((await polled(rig, '-a', '4', '-t', '4', '-r', '3', '-c', '1')).said).toMatch(/timed out/i);
  });
}
