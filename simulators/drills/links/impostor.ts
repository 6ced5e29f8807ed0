import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What stands where the collector should, and what it does to whoever comes. */
export type Impostor =
  | { readonly does: 'refuse'; readonly returnCode: number; readonly tls: TlsOptions }
  | { readonly does: 'greet-and-fall-silent'; readonly tls: TlsOptions }
  | { readonly does: 'show-certificate'; readonly tls: TlsOptions }
  | { readonly does: 'fall-silent' };

/** CONNACK without a session (MQTT 3.1.1 §3.2). */
const connack = (returnCode: number) => Uint8Array.of(0x20, 2, 0, returnCode);

/** Listens on a port until it is disposed of; then whoever is there is cut off. */
export class ImpostorServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How often somebody came. */
  came = 0;

  constructor(impostor: Impostor) {
    const meet = (socket: Socket) => {
      socket.on('error', () => {});
      if (impostor.does === 'refuse') socket.once('data', () => socket.end(connack(impostor.returnCode)));
      else socket.resume();
    };
    this.#server =
      impostor.does === 'fall-silent'
        ? createServer(meet)
        : createTlsServer({ ...impostor.tls, requestCert: true, rejectUnauthorized: false }, meet);
    this.#server.on('connection', (socket: Socket) => {
      this.came += 1;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', () => {});
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const tlsOf = ({ certificate, key }: { readonly certificate: string; readonly key: string }): TlsOptions => ({
  cert: readFileSync(certificate),
  key: readFileSync(key),
});
