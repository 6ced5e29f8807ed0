import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import { CONNECT_TIMEOUT_MS } from '../limits.ts';
import { type Caller, callerOf } from './caller.ts';
import { GaugedStream } from './gauged-stream.ts';
import type { Refusal } from './refusals.ts';

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  /** PEM: what the collector proves itself with, and whose certificates it accepts. */
  readonly identity: { readonly authority: string; readonly certificate: string; readonly key: string };
  readonly socketsMax: number;
  readonly socketsPerAddressMax: number;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/**
 * What stands before the broker: counts sockets, shakes hands, learns from the certificate who it is. The broker sees only
 * connections of named gateways, and of those only packets of honest length.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ofAddress = new Map<string, number>();
  readonly #authority: X509Certificate;
  readonly #refused: (reason: Refusal, caller: Caller) => void;
  readonly #looked: (gateway: string) => void;

  /** `looked` hears of a gateway that came in and went again without a word. */
  constructor(
    options: FrontOptions,
    enter: (stream: GaugedStream) => void,
    refused: (reason: Refusal, caller: Caller) => void,
    looked: (gateway: string) => void,
  ) {
    const { authority, certificate, key } = options.identity;
    this.#options = options;
    this.#authority = new X509Certificate(authority);
    this.#refused = refused;
    this.#looked = looked;
    this.#server = createServer({
      ca: authority,
      cert: certificate,
      key,
      requestCert: true,
      // Who is not authorised is turned away in `#enter`: it must be told of whom, which TLS does not say of a socket that it has cut off.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      noDelay: true,
    });
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('tlsClientError', (error: Error & { code?: string }, socket: TLSSocket) => {
      const address = socket.remoteAddress ?? 'an unknown address';
      refused('no-handshake', { gateway: null, isProven: false, address, detail: error.code ?? error.name });
      socket.destroy();
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#enter(socket, enter));
  }

  /** Resolves with the port it listens on. */
  open(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(fail('intake-unopened', `${host}:${port} (${error.message})`, error)));
      this.#server.listen(port, host, () => resolve((this.#server.address() as { port: number }).port));
    });
  }

  /** Nobody new comes in; who is in stays. */
  shut(): void {
    this.#server.close();
  }

  /** Cuts off whoever is still there. */
  clear(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const ofAddress = (this.#ofAddress.get(address) ?? 0) + 1;
    const { socketsMax, socketsPerAddressMax } = this.#options;
    const reason =
      this.#sockets.size >= socketsMax ? 'too-many-sockets' : ofAddress > socketsPerAddressMax ? 'too-many-from-address' : null;
    if (reason) {
      this.#refused(reason, { gateway: null, isProven: false, address });
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#ofAddress.set(address, ofAddress);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#ofAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#ofAddress.set(address, left);
      else this.#ofAddress.delete(address);
    });
  }

  #enter(socket: TLSSocket, enter: (stream: GaugedStream) => void): void {
    const { caller, refusal } = callerOf(socket, this.#authority, this.#options.clock.wallMs());
    const { gateway } = caller;
    if (refusal !== null || gateway === null || !socket.authorized) {
      this.#refused(refusal ?? 'not-accepted', caller);
      socket.on('error', () => {}); // of one that is turned away nothing more is wanted
      socket.destroy();
      return;
    }
    let isSilent = true;
    socket.once('data', () => (isSilent = false));
    socket.once('close', () => isSilent && this.#looked(gateway));
    enter(new GaugedStream(socket, gateway, (reason) => this.#refused(reason, caller)));
  }
}
