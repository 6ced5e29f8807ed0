import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '@fengsui/protocol';
import { failure } from './failures.ts';

/** The radio of a device that sends datagrams: it can fall silent, say things twice, and come from a new address. */
export class DatagramLine {
  readonly #server: { readonly host: string; readonly port: number };
  readonly #clock: Clock;
  readonly #heard: (bytes: Buffer) => void;
  #socket: Socket | null = null;
  #silentUntilMs = 0;
  #duplicates = { packets: 0, copies: 1 };

  constructor(server: { readonly host: string; readonly port: number }, clock: Clock, heard: (bytes: Buffer) => void) {
    this.#server = server;
    this.#clock = clock;
    this.#heard = heard;
  }

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  get #silent(): boolean {
    return this.#clock.monotonicMs() < this.#silentUntilMs;
  }

  /** Opens a socket; where one is open already, the new one takes its place: another source address. */
  async open(): Promise<void> {
    const { host, port } = this.#server;
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes) => this.#silent || this.#heard(bytes));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(failure('SIM_PEER_UNREACHABLE', `${host}:${port}`, error)));
      socket.bind(0, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', () => {}); // ICMP says that nobody listens: the datagram is lost, the repeat will come
    this.#socket?.close();
    this.#socket = socket;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) await new Promise<void>((resolve) => socket.close(resolve));
  }

  silence(forMs: number): void {
    this.#silentUntilMs = this.#clock.monotonicMs() + forMs;
  }

  duplicateNext(packets: number, copies: number): void {
    this.#duplicates = { packets, copies };
  }

  send(datagram: Buffer): void {
    if (this.#silent) return;
    const copies = this.#duplicates.packets > 0 ? this.#duplicates.copies : 1;
    this.#duplicates.packets--;
    for (let copy = 0; copy < copies; copy++) this.#socket?.send(datagram, this.#server.port, this.#server.host);
  }
}
