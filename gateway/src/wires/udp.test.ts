import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openUdp } from './udp.ts';

const LOOPBACK = { kind: 'udp', host: '127.0.0.1', port: 0 } as const;
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
  expect(wire.receiveBufferBytes).toBeGreaterThan(0);
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
