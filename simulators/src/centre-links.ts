import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { PacketCutter } from '@fengsui/protocol';
import { failure } from './failures.ts';

/** A transmission device as its centre sees it. */
export interface Peer {
  /** `host:port`. */
  readonly name: string;
  send(packet: Uint8Array): void;
}

export interface CentreLink {
  readonly port: number;
  /** Ends what is connected; the centre goes on listening. */
  drop(): void;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly cutter: () => PacketCutter;
  readonly hear: (peer: Peer, packet: Uint8Array) => void;
}

const packetsIn = (cuts: ReturnType<PacketCutter['feed']>) => cuts.flatMap(({ kind, bytes }) => (kind === 'packet' ? [bytes] : []));

/** Listens for connections; each is cut by itself. */
export async function listenTcp({ host, port, cutter, hear }: ListenOptions): Promise<CentreLink> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    const cutting = cutter();
    const peer = {
      name: `${socket.remoteAddress}:${socket.remotePort}`,
      send: (packet: Uint8Array) => void (socket.destroyed || socket.write(packet)),
    };
    sockets.add(socket);
    socket.on('data', (bytes: Uint8Array) => {
      for (const packet of packetsIn(cutting.feed(bytes))) hear(peer, packet);
    });
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening').catch((error) => {
    throw failure('SIM_ADDRESS_TAKEN', `tcp ${host}:${port}`, error);
  });
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    drop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: (server.address() as { port: number }).port, drop, close };
}

/** Listens for datagrams; a reply goes back to where one came from (gb26875 notes, 14.11). */
export async function listenUdp({ host, port, cutter, hear }: ListenOptions): Promise<CentreLink> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (bytes, from) => {
    const peer = {
      name: `${from.address}:${from.port}`,
      send: (packet: Uint8Array) => socket.send(packet, from.port, from.address, () => {}),
    };
    for (const packet of packetsIn(cutter().end(bytes))) hear(peer, packet);
  });
  socket.bind(port, host);
  await once(socket, 'listening').catch((error) => {
    throw failure('SIM_ADDRESS_TAKEN', `udp ${host}:${port}`, error);
  });
  socket.on('error', () => {});
  const close = async () => {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  };
  return { port: socket.address().port, drop: () => {}, close };
}
