import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Overrun, packetGauge } from './gauge.ts';

const CHUNK_BYTES = 64 * 1024;

/** A TLS connection whose bytes reach the broker only after the gauge has let them through. */
export class GaugedStream extends Duplex {
  /** Id of the gateway, from its certificate. */
  readonly gateway: string;
  /** Where it comes from. */
  readonly address: string;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, gateway: string, overran: (why: Overrun) => void) {
    super({ allowHalfOpen: false, readableHighWaterMark: CHUNK_BYTES });
    this.gateway = gateway;
    this.address = socket.remoteAddress ?? 'an unknown address';
    this.#socket = socket;
    const gauge = packetGauge();
    socket.on('data', (chunk: Buffer) => {
      const why = gauge(chunk);
      if (why) {
        overran(why);
        this.destroy();
      } else if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: Array<{ chunk: Buffer }>, done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
