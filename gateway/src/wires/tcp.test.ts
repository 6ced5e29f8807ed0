import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STREAM_BYTES_PER_SECOND_MAX } from './limits.ts';
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
  far.on('error', () => {}); // the wire is let go before all is sent
  far.write(Buffer.alloc(all));
  const reading = wire.bytes[Symbol.asyncIterator]();
  let heard = 0;
  while (heard < 100_000) heard += (await reading.next()).value!.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(wire.counters.bytesIn).toBe(heard);
  expect(far.writableLength, 'bytes still with the sender').toBeGreaterThan(0);
});

test('who sends without end is read no faster than a wire may be', async () => {
  await using wire = await open();
  const far = await accepted;
  const startedMs = performance.now();
  far.end(Buffer.alloc(3 * STREAM_BYTES_PER_SECOND_MAX));
  let heard = 0;
  for await (const chunk of wire.bytes) heard += chunk.length;
  expect(heard).toBe(3 * STREAM_BYTES_PER_SECOND_MAX);
  expect(performance.now() - startedMs).toBeGreaterThan(1_500);
});
