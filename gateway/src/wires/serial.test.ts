import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeWhenGone, lineOf, openSerial } from './serial.ts';
import type { Wire } from './wire.ts';

const LINE = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

let folder: string;
let socat: ChildProcess;

beforeAll(() => {
  if (existsSync('/usr/bin/socat')) return;
  if (process.getuid?.() !== 0) throw new Error('this test needs the Debian package socat: apt-get install socat');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  execFileSync('apt-get', ['install', '-y', '-qq', 'socat'], { stdio: 'ignore' });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-serial-'));
  const end = (name: string) => `pty,raw,echo=0,link=${join(folder, name)}`;
  socat = spawn('/usr/bin/socat', [end('gateway'), end('device')], { stdio: 'ignore' });
  while (!existsSync(join(folder, 'gateway')) || !existsSync(join(folder, 'device'))) await sleep(10);
});
afterEach(async () => {
  if (socat.exitCode === null && socat.signalCode === null) {
    socat.kill('SIGKILL');
    await once(socat, 'exit');
  }
  await rm(folder, { recursive: true });
});

const open = (end: string, signal = new AbortController().signal): Promise<Wire> =>
  openSerial({ kind: 'serial', path: join(folder, end) }, LINE, signal);

test('what the site sets on a line goes before the setting of the family', () => {
  expect(lineOf({ kind: 'serial', path: 'x', baudRate: 2400, parity: 'even' }, LINE)).toEqual({
    baudRate: 2400,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
  });
});

test('every byte value crosses a serial line unchanged, both ways', async () => {
  await using gateway = await open('gateway');
  await using device = await open('device');
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (const [from, to] of [
    [gateway, device],
    [device, gateway],
  ] as const) {
    await from.write(all);
    const heard: number[] = [];
    const reading = to.bytes[Symbol.asyncIterator]();
    while (heard.length < all.length) heard.push(...((await reading.next()).value ?? []));
    expect(heard).toEqual([...all]);
  }
});

test('an adapter that is pulled out is a failure, at reading and at writing', async () => {
  await using gateway = await open('gateway');
  const next = gateway.bytes[Symbol.asyncIterator]().next();
  socat.kill('SIGKILL');
  await expect(next).rejects.toMatchObject({ code: 'wire-lost' });
  await expect(gateway.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'wire-lost' });
});

test('what a packet misses is waited for, and comes whole and in order whatever was said to be missing', async () => {
  await using gateway = await open('gateway');
  await using device = await open('device');
  const reading = gateway.bytes[Symbol.asyncIterator]();
  const all = Uint8Array.from({ length: 600 }, (_, index) => index & 0xff);
  const heard: number[] = [];
  for (let at = 0; at < all.length; at += 60) {
    await device.write(all.subarray(at, at + 20));
    heard.push(...((await reading.next()).value ?? []));
    gateway.expect!(at % 120 === 0 ? 40 : 1);
    await device.write(all.subarray(at + 20, at + 60));
    while (heard.length < at + 60) heard.push(...((await reading.next()).value ?? []));
    gateway.expect!(at % 180 === 0 ? 0 : 1_000);
  }
  expect(heard).toEqual([...all]);
});

test('a line is let go at any moment of its reading, and ends', async () => {
  await using device = await open('device');
  for (let round = 0; round < 30; round++) {
    const gateway = await open('gateway');
    const reading = gateway.bytes[Symbol.asyncIterator]();
    const first = reading.next();
    await device.write(Uint8Array.of(1, 2, 3));
    if (round % 3 > 0) {
      expect((await first).done).toBe(false);
      gateway.expect!(round % 2 === 0 ? 1_000 : 1);
    }
    const last = reading.next();
    if (round % 5 > 0) await sleep(round);
    await gateway[Symbol.asyncDispose]();
    await Promise.all([first, last]);
    while (!(await reading.next()).done);
  }
});

test('a line that was let go can be opened again at once', async () => {
  for (let round = 0; round < 3; round++) {
    const wire = await open('gateway');
    const next = wire.bytes[Symbol.asyncIterator]().next();
    await wire[Symbol.asyncDispose]();
    expect((await next).done).toBe(true);
  }
});

test('a line is not opened twice', async () => {
  await using _first = await open('gateway');
  await expect(open('gateway')).rejects.toMatchObject({ code: 'wire-open' });
});

test('a path that is not there is a failure that names it', async () => {
  await expect(open('missing')).rejects.toMatchObject({ code: 'wire-open', message: expect.stringContaining('missing') });
});

test('a line whose name was gone before it was looked at for the first time is closed', async () => {
  const port = Object.assign(new EventEmitter(), {
    isOpen: true,
    close() {
      port.isOpen = false;
      port.emit('close');
    },
  });
  const closed = once(port, 'close');
  closeWhenGone(port, join(folder, 'gone'));
  await closed;
  expect(port.isOpen).toBe(false);
});
