import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { failure } from '../failures.ts';
import type { Peer, SimulatedWire } from './wire.ts';

type Listener = (bytes: Uint8Array, from: Peer) => void;

/** The hosts that are connected now, and what they send. */
class Sockets {
  readonly #sockets = new Map<Socket, Peer>();
  listener: Listener = () => {};

  get some(): boolean {
    return this.#sockets.size > 0;
  }

  add(socket: Socket): void {
    const peer: Peer = {
      write(bytes) {
        if (!socket.destroyed) socket.write(bytes);
        return !socket.destroyed;
      },
    };
    this.#sockets.set(socket, peer);
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.listener(bytes, peer));
    socket.on('error', () => socket.destroy()); // the peer is gone: 'close' follows
    socket.on('close', () => this.#sockets.delete(socket));
  }

  write(bytes: Uint8Array): boolean {
    for (const peer of this.#sockets.values()) peer.write(bytes);
    return this.some;
  }

  drop(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
  }
}

/** A device behind a serial server, or with a network port of its own: the host connects to it. */
export class TcpServerWire implements SimulatedWire {
  readonly #sockets = new Sockets();
  readonly #host: string;
  #port: number;
  #server: Server | null = null;

  constructor(plan: { readonly host: string; readonly port: number }) {
    this.#host = plan.host;
    this.#port = plan.port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get attached(): boolean {
    return this.#sockets.some;
  }

  listen(listener: Listener): void {
    this.#sockets.listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    return this.#sockets.write(bytes);
  }

  async open(): Promise<void> {
    const server = createServer((socket) => this.#sockets.add(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(failure('SIM_ADDRESS_TAKEN', this.address, error)));
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port; // kept, so that it is the same after an unplug
    this.#server = server;
  }

  async unplug(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#sockets.drop();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
  }
}

const RECONNECT_AFTER_MS = 1000;

/** A device that calls its host (a transmitter towards its centre). Calls again for ever. */
export class TcpClientWire implements SimulatedWire {
  readonly #sockets = new Sockets();
  readonly #host: string;
  readonly #port: number;
  #wanted = false;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(plan: { readonly host: string; readonly port: number }) {
    this.#host = plan.host;
    this.#port = plan.port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get attached(): boolean {
    return this.#sockets.some;
  }

  listen(listener: Listener): void {
    this.#sockets.listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    return this.#sockets.write(bytes);
  }

  async open(): Promise<void> {
    this.#wanted = true;
    this.#call();
  }

  async unplug(): Promise<void> {
    this.#wanted = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#sockets.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
  }

  #call(): void {
    const socket = connect(this.#port, this.#host);
    this.#socket = socket;
    socket.on('connect', () => this.#sockets.add(socket));
    socket.on('error', () => socket.destroy()); // nobody answers: 'close' follows and calls again
    socket.on('close', () => {
      if (this.#wanted) this.#timer = setTimeout(() => this.#call(), RECONNECT_AFTER_MS);
    });
  }
}
