import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTcp } from './tcp.ts';

let server: Server;
let accepted: Promise<Socket>;
let port: number;
const running = new AbortController();

beforeEach(async () => {
  server = createServer();
  accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
});
afterEach(async () => {
  (await Promise.race([accepted, null]))?.destroy();
  server.close();
});

const open = (signal = running.signal) => openTcp({ kind: 'tcp', host: '127.0.0.1', port, serialServer: false }, signal);

test('bytes go both ways and are counted', async () => {
  await using wire = await open();
  const far = await accepted;
  far.write('abc');
  const first = await wire.bytes[Symbol.asyncIterator]().next();
  expect(Buffer.from(first.value as Uint8Array).toString()).toBe('abc');
  await wire.write(Buffer.from('defg'));
  const [heard] = await once(far, 'data');
  expect(String(heard)).toBe('defg');
  expect(wire.counters).toEqual({ bytesIn: 3, bytesOut: 4 });
});

test('a far side that says goodbye ends the bytes', async () => {
  await using wire = await open();
  (await accepted).end('x');
  const chunks: string[] = [];
  for await (const chunk of wire.bytes) chunks.push(String(chunk));
  expect(chunks).toEqual(['x']);
});

test('a far side that breaks off is a failure, and so is writing to it', async () => {
  await using wire = await open();
  (await accepted).resetAndDestroy();
  await expect(wire.bytes[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'wire-lost', retry: 'later' });
  await expect(wire.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'wire-lost' });
});

test('aborting lets the wire go and its bytes finish without a failure', async () => {
  const stop = new AbortController();
  const wire = await open(stop.signal);
  const next = wire.bytes[Symbol.asyncIterator]().next();
  stop.abort();
  expect((await next).done).toBe(true);
});

test('nobody listening is a failure that names the wire', async () => {
  (await Promise.race([accepted, null]))?.destroy();
  server.close();
  await once(server, 'close');
  await expect(open()).rejects.toMatchObject({ code: 'wire-open', message: expect.stringContaining(`127.0.0.1:${port}`) });
});

test('what nobody has read yet is not taken from the far side without bound', async () => {
  await using wire = await open();
  const far = await accepted;
  const all = 16 << 20;
  far.end(Buffer.alloc(all));
  const reading = wire.bytes[Symbol.asyncIterator]();
  let heard = 0;
  for (let next = await reading.next(); !next.done; next = await reading.next()) {
    heard += next.value.length;
    // The reader is slow: the sender's bytes stay with the sender and the kernel.
    await new Promise((resolve) => setImmediate(resolve));
    if (heard < all / 2) expect(far.writableLength, 'bytes still with the sender').toBeGreaterThan(0);
  }
  expect(heard).toBe(all);
});
