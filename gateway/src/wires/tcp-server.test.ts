import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Failure } from '@fengsui/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { openTcpServer } from './tcp-server.ts';
import type { Wire, WireServer } from './wire.ts';

const open: Array<{ destroy(): void }> = [];
let stop = new AbortController();

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  stop.abort();
  stop = new AbortController();
});

const serve = (connectionsMax = 4) => openTcpServer({ kind: 'tcp-server', host: '127.0.0.1', port: 0, connectionsMax }, stop.signal);

async function call(server: WireServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {}); // being turned away is part of the test
  open.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function next(server: WireServer): Promise<Wire> {
  const { value } = await server.connections[Symbol.asyncIterator]().next();
  return value;
}

const chunkOf = async (wire: Wire) => (await wire.bytes[Symbol.asyncIterator]().next()).value as Uint8Array;

test('every caller is a wire of its own, and the door counts them all', async () => {
  const server = await serve();
  const callers = [await call(server), await call(server)];
  const wires = [await next(server), await next(server)];
  callers[0]!.write('one');
  callers[1]!.write('three');
  expect(Buffer.from(await chunkOf(wires[0]!)).toString()).toBe('one');
  expect(Buffer.from(await chunkOf(wires[1]!)).toString()).toBe('three');
  const answered = once(callers[1]!, 'data');
  await wires[1]!.write(Uint8Array.of(7));
  expect([...((await answered)[0] as Buffer)]).toEqual([7]);
  expect(server.counters).toMatchObject({ bytesIn: 8, bytesOut: 1, connections: 2, dropped: 0 });
  callers[1]!.destroy();
  await vi.waitFor(() => expect(server.counters).toMatchObject({ bytesIn: 8, bytesOut: 1, connections: 1 }), 60_000);
});

test('a full house turns callers away while everybody in it is a device', async () => {
  const server = await serve(1);
  await call(server);
  (await next(server)).prove!();
  const second = await call(server);
  await once(second, 'close');
  expect(server.counters).toMatchObject({ connections: 1, dropped: 1 });
});

test('a caller who said a byte and no packet makes room for the next, who said none yet', async () => {
  const server = await serve(2);
  await call(server);
  (await next(server)).prove!();
  const idler = await call(server);
  idler.write('x');
  await chunkOf(await next(server));
  const gone = once(idler, 'close');
  await call(server);
  await gone;
  expect(server.counters).toMatchObject({ connections: 2, dropped: 1 });
});

test('devices behind one address are all let in while the door has room', async () => {
  const server = await serve(8);
  for (let caller = 0; caller < 8; caller++) {
    await call(server);
    (await next(server)).prove!();
  }
  expect(server.counters).toMatchObject({ connections: 8, dropped: 0 });
});

test('in a full door an address that holds its share makes room from its own idlers, and sends away nobody else', async () => {
  const server = await serve(8);
  const elsewhere = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  open.push(elsewhere);
  await next(server);
  const idlers: Socket[] = [];
  for (let caller = 0; caller < 7; caller++) {
    idlers.push(await call(server));
    await next(server);
  }
  const gone = once(idlers[0]!, 'close');
  await call(server);
  await gone;
  expect(server.counters).toMatchObject({ connections: 8, dropped: 1 });
  expect(elsewhere.destroyed).toBe(false);
});

test('the end of the line closes the door and every connection', async () => {
  const server = await serve();
  const caller = await call(server);
  await next(server);
  const gone = once(caller, 'close');
  stop.abort();
  await gone;
  expect((await server.connections[Symbol.asyncIterator]().next()).done).toBe(true);
});

test('a port that is taken is a failure with a code', async () => {
  const server = await serve();
  const again = openTcpServer({ kind: 'tcp-server', host: '127.0.0.1', port: server.port, connectionsMax: 1 }, stop.signal);
  await expect(again).rejects.toBeInstanceOf(Failure);
  await expect(again).rejects.toMatchObject({ code: 'wire-open' });
});
