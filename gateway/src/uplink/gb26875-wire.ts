import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type CutRule, type Failure, PacketCutter } from '@fengsui/protocol';
import type { CentreConfiguration } from '../config.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';

/** A way to a city centre: whole packets both ways. When it ends, it is thrown away. */
export interface CentreWire extends AsyncDisposable {
  /** Resolves with the reason when it is no more. */
  readonly ended: Promise<Failure>;
  send(packet: Uint8Array): void;
}

export interface WireOptions {
  readonly configuration: CentreConfiguration;
  readonly cut: CutRule;
  readonly hear: (packet: Uint8Array) => void;
  /** Bytes that are no packet. */
  readonly noise: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** Opens the way. Rejects with a Failure (`uplink-unreachable`, `uplink-untrusted`). */
export function openWire(options: WireOptions): Promise<CentreWire> {
  return options.configuration.transport === 'udp' ? openUdp(options) : openStream(options);
}

/** Bytes in, packets out. A candidate that waits for its rest longer than a packet takes lied about its length. */
class Hearing {
  readonly #cutter: PacketCutter;
  readonly #options: WireOptions;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#cutter = new PacketCutter(options.cut);
  }

  stream(bytes: Uint8Array): void {
    clearTimeout(this.#idle);
    this.#deliver(this.#cutter.feed(bytes));
    if (this.#cutter.pendingBytes > 0) this.#idle = setTimeout(() => this.#deliver(this.#cutter.idle()), limits.CENTRE_GAP_MS);
  }

  /** A datagram is whole: nothing of it waits for the next. */
  datagram(bytes: Uint8Array): void {
    this.#deliver(this.#cutter.end(bytes));
  }

  stop(): void {
    clearTimeout(this.#idle);
  }

  #deliver(cuts: ReturnType<PacketCutter['feed']>): void {
    for (const { kind, bytes } of cuts) (kind === 'packet' ? this.#options.hear : this.#options.noise)(bytes);
  }
}

/** Certificates from their files: read anew for every connection, so that a renewed one is used. */
async function secured({ host, tls }: CentreConfiguration): Promise<ConnectionOptions> {
  const read = async (file: string | undefined) => (file === undefined ? undefined : await readFile(file));
  try {
    const [ca, cert, key] = await Promise.all([read(tls?.ca), read(tls?.certificate), read(tls?.key)]);
    const named = tls?.serverName ?? host;
    // An address is no name to ask for (RFC 6066 3); the certificate is held against the host then.
    return { ...(isIP(named) ? {} : { servername: named }), ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
  } catch (error) {
    throw fail('uplink-untrusted', (error as Error).message, error);
  }
}

async function openStream(options: WireOptions): Promise<CentreWire> {
  const { configuration, signal } = options;
  const { host, port, tls } = configuration;
  const socket = tls ? connectTls({ host, port, ...(await secured(configuration)) }) : connectTcp({ host, port });
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Failure>();
  const hearing = new Hearing(options);
  let cause: Error | undefined;
  const abort = () => socket.destroy(new Error('the gateway is stopping'));
  const late = setTimeout(() => socket.destroy(new Error('neither accepted nor refused')), limits.CONNECT_TIMEOUT_MS);
  signal.addEventListener('abort', abort, { once: true });
  socket.setNoDelay(true);
  socket.once(tls ? 'secureConnect' : 'connect', () => opened.resolve());
  socket.on('data', (bytes: Uint8Array) => hearing.stream(bytes));
  socket.on('error', (error) => {
    cause = error;
  });
  socket.once('close', () => {
    hearing.stop();
    clearTimeout(late);
    signal.removeEventListener('abort', abort);
    opened.reject(failureOf(cause));
    ended.resolve(fail('uplink-lost', cause?.message ?? 'the centre closed it', cause));
  });
  if (signal.aborted) abort();
  await opened.promise;
  clearTimeout(late);
  return { ended: ended.promise, send: (packet) => write(socket, packet), [Symbol.asyncDispose]: () => destroyed(socket) };
}

/** A centre that takes nothing any more is noticed by its silence; what waits in the socket stays bounded by the window. */
function write(socket: Socket, packet: Uint8Array): void {
  if (!socket.destroyed) socket.write(packet);
}

async function destroyed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.destroy();
  await closed;
}

function failureOf(cause: Error | undefined): Failure {
  const { code = '', message = 'no answer' } = (cause ?? {}) as { code?: string; message?: string };
  const kind = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|ERR_OSSL|ALTNAME/.test(code) ? 'uplink-untrusted' : 'uplink-unreachable';
  return fail(kind, message === '' ? code : message, cause);
}

/** The socket is connected: the kernel hands over nothing but what comes from the centre's own address and port. */
async function openUdp(options: WireOptions): Promise<CentreWire> {
  const { configuration, signal } = options;
  const { host, port } = configuration;
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  const ended = Promise.withResolvers<Failure>();
  const opened = Promise.withResolvers<void>();
  const hearing = new Hearing(options);
  let isClosed = false;
  const close = (why: Error | undefined) => {
    if (isClosed) return;
    isClosed = true;
    signal.removeEventListener('abort', abort);
    opened.reject(failureOf(why));
    ended.resolve(fail('uplink-lost', why?.message ?? 'it is no longer used', why));
    socket.close();
  };
  const abort = () => close(new Error('the gateway is stopping'));
  signal.addEventListener('abort', abort, { once: true });
  socket.on('message', (bytes) => hearing.datagram(bytes));
  socket.once('connect', () => opened.resolve());
  // Nobody listens at the far end (ICMP): that is what a TCP connection would call refused.
  socket.on('error', close);
  if (signal.aborted) abort();
  else socket.connect(port, host);
  await opened.promise;
  const send = (packet: Uint8Array) => {
    if (!isClosed) socket.send(packet, (error) => error && close(error));
  };
  return { ended: ended.promise, send, [Symbol.asyncDispose]: async () => close(undefined) };
}
