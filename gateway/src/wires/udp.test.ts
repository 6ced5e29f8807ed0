import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { openUdp } from './udp.ts';

const LOOPBACK = { kind: 'udp', host: '127.0.0.1', port: 0 } as const;
/** More than the largest buffer the kernel grants here can hold. */
const FLOOD = 12_000;
const running = new AbortController().signal;

test('datagrams come with their sender and answers go back to it', async () => {
  await using wire = await openUdp(LOOPBACK, running);
  const device = createSocket('udp4').bind(0, '127.0.0.1');
  await once(device, 'listening');
  device.send('hello', wire.port, '127.0.0.1');
  const { value } = await wire.datagrams[Symbol.asyncIterator]().next();
  expect(String(value.bytes)).toBe('hello');
  expect(value.from).toEqual({ address: '127.0.0.1', port: device.address().port });
  const heard = once(device, 'message');
  await wire.send(Buffer.from('answer'), value.from);
  expect(String((await heard)[0])).toBe('answer');
  expect(wire.counters).toEqual({ bytesIn: 5, bytesOut: 6, datagramsIn: 1, datagramsOut: 1, dropped: 0 });
  device.close();
});

test('the receive buffer that the kernel granted is read back', async () => {
  await using wire = await openUdp(LOOPBACK, running);
  const allowed = Number(await readFile('/proc/sys/net/core/rmem_max', 'utf8'));
  expect(wire.receiveBufferBytes).toBe(Math.min(allowed, wire.wantedBufferBytes));
});

test('what nobody reads in time is dropped by the kernel, and counted', async () => {
  await using wire = await openUdp(LOOPBACK, running);
  const flood = `const socket = require('node:dgram').createSocket('udp4');
    const bytes = Buffer.alloc(1400);
    const send = (left) => (left === 0 ? socket.close() : socket.send(bytes, ${wire.port}, '127.0.0.1', () => send(left - 1)));
    send(${FLOOD});`;
  // This thread, and so the socket's reader, stands still meanwhile.
  execFileSync(process.execPath, ['-e', flood]);
  const { dropped } = wire;
  await vi.waitFor(async () => {
    const lost = await dropped!.call(wire);
    expect(lost).toBeGreaterThan(0);
    expect(lost + wire.counters.datagramsIn - wire.counters.dropped).toBe(FLOOD);
  }, 60_000);
});

test('a port that is taken is a failure', async () => {
  await using wire = await openUdp(LOOPBACK, running);
  await expect(openUdp({ ...LOOPBACK, port: wire.port }, running)).rejects.toMatchObject({ code: 'wire-open' });
});

test('aborting ends the datagrams', async () => {
  const stop = new AbortController();
  const wire = await openUdp(LOOPBACK, stop.signal);
  const next = wire.datagrams[Symbol.asyncIterator]().next();
  stop.abort();
  expect((await next).done).toBe(true);
  await expect(wire.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 })).rejects.toMatchObject({ code: 'wire-lost' });
});
