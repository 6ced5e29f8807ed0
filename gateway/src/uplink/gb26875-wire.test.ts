import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { toHex } from '@fengsui/protocol';
import { encodeFrame, STANDARD } from '@fengsui/protocol/gb26875';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Authority, needOpenssl } from '../commission/doctor/authority.fixture.ts';
import { type CentreWire, openWire, type WireOptions } from './gb26875-wire.ts';

const soon = { timeout: 60_000, interval: 20 };
const control = { mainVersion: 1, userVersion: 1, time: 0, source: 20, destination: 1 };
const frame = (serial: number) => encodeFrame({ ...control, serial, command: 3 }, new Uint8Array(0));

let folder: string;
let ours: Authority;
let theirs: Authority;
const open: CentreWire[] = [];
const heard: string[] = [];

beforeAll(() => {
  needOpenssl();
  folder = mkdtempSync(join(tmpdir(), 'fengsui-centre-wire-'));
  ours = new Authority(folder, 'ours');
  theirs = new Authority(folder, 'theirs');
});
afterEach(async () => {
  for (const wire of open.splice(0)) await wire[Symbol.asyncDispose]();
  heard.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function wireTo(port: number, over: object): Promise<CentreWire> {
  const wire = await openWire({
    configuration: { host: '127.0.0.1', port, ...over } as WireOptions['configuration'],
    cut: STANDARD.cut,
    hear: (packet) => heard.push(toHex(packet)),
    noise: () => {},
    signal: new AbortController().signal,
  });
  open.push(wire);
  return wire;
}

describe('a way to a centre by TLS', () => {
  let server: Server;
  let connected: TLSSocket[];
  afterEach(() => {
    for (const socket of connected) socket.destroy();
    server.close();
  });

  /** A centre that takes only who has a certificate of our authority. */
  async function centreBy(authority: Authority): Promise<number> {
    const { certificate, key } = authority.issue('centre', 10);
    const own = { cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(ours.ca) };
    connected = [];
    server = createServer({ ...own, requestCert: true, rejectUnauthorized: true }, (socket) => {
      socket.on('error', () => {});
      connected.push(socket);
    });
    server.on('tlsClientError', () => {});
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }
  const identity = () => {
    const { certificate, key } = ours.issue('gw-1', 10);
    return { transport: 'tcp', tls: { ca: ours.ca, certificate, key } };
  };

  it('carries whole packets both ways, and each knows the other by its certificate', async () => {
    const wire = await wireTo(await centreBy(ours), identity());
    await vi.waitFor(() => expect(connected).toHaveLength(1), soon);
    expect(connected[0]!.authorized).toBe(true);
    expect(connected[0]!.getPeerX509Certificate()!.subject).toContain('gw-1');
    const told = once(connected[0]!, 'data');
    wire.send(frame(7));
    expect(toHex((await told)[0] as Uint8Array)).toBe(toHex(frame(7)));
    const bytes = frame(8);
    connected[0]!.write(bytes.subarray(0, 11));
    connected[0]!.write(bytes.subarray(11));
    await vi.waitFor(() => expect(heard).toEqual([toHex(bytes)]), soon);
  });

  it('is not opened to a centre of another authority, of another name, or with a file that is not there', async () => {
    await expect(wireTo(await centreBy(theirs), identity())).rejects.toMatchObject({ code: 'uplink-untrusted' });
    server.close();
    const port = await centreBy(ours);
    const named = { ...identity(), tls: { ...identity().tls, serverName: 'centre.example.org' } };
    await expect(wireTo(port, named)).rejects.toMatchObject({ code: 'uplink-untrusted' });
    const gone = { transport: 'tcp', tls: { ca: join(folder, 'gone.pem') } };
    await expect(wireTo(port, gone)).rejects.toMatchObject({ code: 'uplink-untrusted', message: expect.stringContaining('gone.pem') });
    expect(connected).toHaveLength(0);
  });
});

describe('a way to a centre by UDP', () => {
  const sockets: Datagrams[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });
  async function bound(): Promise<Datagrams> {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  }

  it("hears nothing but what comes from the centre's own address and port", async () => {
    const [centre, stranger] = [await bound(), await bound()];
    const wire = await wireTo(centre.address().port, { transport: 'udp' });
    const told = once(centre, 'message');
    wire.send(frame(1));
    const [bytes, from] = (await told) as [Uint8Array, AddressInfo];
    expect(toHex(bytes)).toBe(toHex(frame(1)));
    // On the loopback what was sent before is there before.
    for (let time = 0; time < 5; time++) await new Promise((sent) => stranger.send(frame(66), from.port, '127.0.0.1', sent));
    await new Promise((sent) => centre.send(frame(2), from.port, '127.0.0.1', sent));
    await vi.waitFor(() => expect(heard).toContain(toHex(frame(2))), soon);
    expect(heard).toEqual([toHex(frame(2))]);
  });
});
