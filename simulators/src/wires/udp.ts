import { createSocket, type Socket } from 'node:dgram';
import { failure } from '../failures.ts';
import type { Peer, SimulatedWire } from './wire.ts';

/** A device that sends datagrams to its host and hears what comes back to its socket. */
export class UdpWire implements SimulatedWire {
  readonly #host: string;
  readonly #port: number;
  readonly #peer: Peer = { write: (bytes) => this.write(bytes) };
  #socket: Socket | null = null;
  #listener: (bytes: Uint8Array, from: Peer) => void = () => {};

  constructor(plan: { readonly host: string; readonly port: number }) {
    this.#host = plan.host;
    this.#port = plan.port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get attached(): boolean {
    return this.#socket !== null;
  }

  listen(listener: (bytes: Uint8Array, from: Peer) => void): void {
    this.#listener = listener;
  }

  async open(): Promise<void> {
    const socket = createSocket(this.#host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes) => this.#listener(bytes, this.#peer));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(failure('SIM_PEER_UNREACHABLE', this.address, error)));
      socket.connect(this.#port, this.#host, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', () => {}); // the host's port is closed for now (ICMP): a datagram is lost, the sender does not care
    this.#socket = socket;
  }

  write(bytes: Uint8Array): boolean {
    this.#socket?.send(bytes);
    return this.#socket !== null;
  }

  async unplug(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) await new Promise<void>((resolve) => socket.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
  }
}
