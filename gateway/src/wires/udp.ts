import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import process from 'node:process';
import type { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import { kernelDropsOf } from './kernel-drops.ts';
import { DATAGRAMS_WAITING_MAX, RECEIVE_BUFFER_BYTES } from './limits.ts';
import type { Datagram, DatagramWire, UdpConfiguration } from './wire.ts';

/** Opens a UDP socket, asks the kernel for a large receive buffer and reads back what it granted. */
export async function openUdp({ host, port }: UdpConfiguration, signal: AbortSignal): Promise<DatagramWire> {
  signal.throwIfAborted();
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (cause) => {
      socket.close();
      reject(fail('wire-open', `${host}:${port}`, cause));
    });
    socket.bind({ address: host, port, exclusive: true }, resolve);
  });
  socket.removeAllListeners('error');
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  return new UdpWire(socket, signal);
}

/** Linux doubles what is asked for, as room for its own bookkeeping, and tells the double (socket(7)). */
function grantedOf(socket: Socket): number {
  const told = socket.getRecvBufferSize();
  return process.platform === 'linux' ? told / 2 : told;
}

class UdpWire implements DatagramWire {
  readonly name: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly wantedBufferBytes = RECEIVE_BUFFER_BYTES;
  readonly counters = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, dropped: 0 };
  readonly datagrams: AsyncIterable<Datagram>;
  readonly #address: string;
  readonly #socket: Socket;
  readonly #waiting: Datagram[] = [];
  readonly #closed: Promise<void>;
  #open = true;
  #failure: Failure | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket, signal: AbortSignal) {
    const { address, port } = socket.address();
    this.name = `${address}:${port}`;
    this.#address = address;
    this.port = port;
    this.receiveBufferBytes = grantedOf(socket);
    this.#socket = socket;
    this.datagrams = this.#read();
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (bytes, { address, port }) => this.#take({ bytes, from: { address, port } }));
    socket.on('error', (cause) => {
      this.#failure = fail('wire-lost', this.name, cause);
      this.#close();
    });
    signal.addEventListener('abort', () => this.#close(), { once: true });
    if (signal.aborted) this.#close();
  }

  /** A datagram that the kernel does not take is lost like any other: its receiver asks again. Only a closed socket fails. */
  async send(bytes: Uint8Array, { address, port }: Datagram['from']): Promise<void> {
    if (!this.#open) throw fail('wire-lost', this.name);
    await new Promise<void>((resolve) =>
      this.#socket.send(bytes, port, address, (error) => {
        if (error) this.counters.dropped += 1;
        else this.counters.datagramsOut += 1;
        resolve();
      }),
    );
    this.counters.bytesOut += bytes.length;
  }

  async dropped(): Promise<number> {
    return this.counters.dropped + ((await kernelDropsOf(this.#address, this.port)) ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#closed;
  }

  #take(datagram: Datagram): void {
    this.counters.datagramsIn += 1;
    this.counters.bytesIn += datagram.bytes.length;
    if (this.#waiting.length >= DATAGRAMS_WAITING_MAX) this.counters.dropped += 1;
    else this.#waiting.push(datagram);
    this.#wake();
  }

  async *#read(): AsyncGenerator<Datagram> {
    while (true) {
      const datagram = this.#waiting.shift();
      if (datagram) yield datagram;
      else if (this.#failure) throw this.#failure;
      else if (!this.#open) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
    this.#wake();
  }
}
