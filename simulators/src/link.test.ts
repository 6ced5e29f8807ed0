import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GOOD_LINK, type LinkQuality } from './link.ts';
import { seeded } from './random.ts';
import { TcpLink } from './tcp-link.ts';
import { UdpLink } from './udp-link.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});
const later = (close: () => void): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => close() });
/** Unlike `once`, not rejected by the reset that comes first. */
const closeOf = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve));
const soon = <T>(check: () => T) => vi.waitFor(check, 60_000);

describe('a TCP link', () => {
  /** An echo server behind a link. */
  async function linked(): Promise<{ link: TcpLink; call: () => Socket; join: () => Promise<{ socket: Socket; heard: string[] }> }> {
    const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(later(() => server.close()));
    const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const link = new TcpLink({ listen: { host: '127.0.0.1', port: 0 }, to, random: seeded(1) });
    const { port } = await link.start();
    open.push(link);
    const call = () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}); // a cut is what the tests are about
      open.push(later(() => socket.destroy()));
      return socket;
    };
    const join = async () => {
      const socket = call();
      const heard: string[] = [];
      socket.on('data', (bytes) => heard.push(bytes.toString()));
      await once(socket, 'connect');
      return { socket, heard };
    };
    return { link, call, join };
  }

  test('falls silent by itself when as much has come as was said, and then passes what it held', async () => {
    const { link, join } = await linked();
    const { socket, heard } = await join();
    const isHeld = link.holdAfter(4);
    socket.write('abcd');
    await isHeld;
    socket.write('efgh');
    await join(); // the link would have carried it by now
    expect(heard.join('')).toBe('');
    link.setMode('pass');
    await soon(() => expect(heard.join('')).toBe('abcdefgh'));
  });

  test('passes bytes both ways, in order, also with delay and jitter', async () => {
    const { link, join } = await linked();
    link.setQuality({ delayMs: 5, jitterMs: 20 });
    const { socket, heard } = await join();
    for (let turn = 0; turn < 50; turn++) socket.write(`${turn},`);
    await soon(() => expect(heard.join('')).toBe(Array.from({ length: 50 }, (_, turn) => `${turn},`).join('')));
  });

  test('that loses packets holds up what comes behind them, as TCP does, and loses nothing', async () => {
    const { link, join } = await linked();
    link.setQuality({ loss: 0.5 });
    const { socket, heard } = await join();
    const startMs = performance.now();
    for (let turn = 0; turn < 5; turn++) {
      socket.write(`${turn},`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await vi.waitFor(() => expect(heard.join('')).toBe('0,1,2,3,4,'), 60_000);
    expect(performance.now() - startMs).toBeGreaterThan(200);
  });

  test('cut breaks what is open and refuses what is new, until it passes again', async () => {
    const { link, call, join } = await linked();
    const first = await join();
    first.socket.write('a');
    await soon(() => expect(first.heard).toEqual(['a']));
    const closed = closeOf(first.socket);
    link.setMode('cut');
    await closed;
    await closeOf(call());
    link.setMode('pass');
    const second = await join();
    second.socket.write('b');
    await soon(() => expect(second.heard).toEqual(['b']));
  });

  test('half-open keeps the connection and lets nothing through; what waited arrives afterwards', async () => {
    const { link, join } = await linked();
    const { socket, heard } = await join();
    socket.write('a');
    await soon(() => expect(heard.join('')).toBe('a'));
    link.setMode('half-open');
    socket.write('b');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(heard.join('')).toBe('a');
    expect(socket.destroyed).toBe(false);
    link.setMode('pass');
    await soon(() => expect(heard.join('')).toBe('ab'));
  });

  test('lost answers: the request passes, and a cut makes the answer vanish', async () => {
    const { link, join } = await linked();
    const { socket, heard } = await join();
    socket.write('a');
    await soon(() => expect(heard).toEqual(['a']));
    link.setMode('answers-lost');
    socket.write('b');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = closeOf(socket);
    link.setMode('cut');
    await closed;
    expect(heard).toEqual(['a']);
  });
});

describe('a UDP link', () => {
  async function counted(quality: Partial<LinkQuality>, sent: number): Promise<{ link: UdpLink; there: number[]; back: number[] }> {
    const server = createSocket('udp4');
    const there: number[] = [];
    const back: number[] = [];
    server.on('message', (bytes, from) => {
      there.push(bytes[0]!);
      server.send(bytes, from.port, from.address);
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    open.push(later(() => server.close()));
    const to = { host: '127.0.0.1', port: server.address().port };
    const link = new UdpLink({ listen: { host: '127.0.0.1', port: 0 }, to, random: seeded(5), quality: { ...GOOD_LINK, ...quality } });
    const { port } = await link.start();
    open.push(link);
    const client = createSocket('udp4');
    client.on('message', (bytes) => back.push(bytes[0]!));
    open.push(later(() => client.close()));
    for (let turn = 0; turn < sent; turn++) {
      client.send(Uint8Array.of(turn), port, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 1)); // the loopback itself must drop none
    }
    return { link, there, back };
  }

  test('gives every datagram on, and the answers back to the sender', async () => {
    const { there, back } = await counted({}, 20);
    await soon(() => expect(back).toHaveLength(20));
    expect(there).toHaveLength(20);
  });

  test('loses and repeats by its seed', async () => {
    const { there } = await counted({ loss: 0.5, duplicate: 0.5 }, 100);
    await soon(() => expect(there.length).toBeGreaterThan(30));
    const distinct = new Set(there).size;
    expect(distinct).toBeGreaterThan(25);
    expect(distinct).toBeLessThan(75);
    expect(there.length).toBeGreaterThan(distinct);
  });

  test('loses everything while it is cut', async () => {
    const { link, there } = await counted({}, 1);
    await soon(() => expect(there).toHaveLength(1));
    link.setMode('cut');
    expect(there).toHaveLength(1);
  });
});
