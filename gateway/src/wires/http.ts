import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIPv6 } from 'node:net';
import { type DoorRules, PUSH_CONNECTIONS_MAX, PUSH_SERVER, PushDoor, type PushSecrets } from '@fengsui/protocol/clouds';
import { fail } from '../failures.ts';
import { LAST_WORDS_MS } from './limits.ts';
import type { HttpConfiguration, PushWire } from './wire.ts';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw fail('secret-unreadable', file, error);
  }
}

/** The secrets of a wire that a cloud pushes to, read anew at every opening. Throws Failure `secret-unreadable`. */
export function readSecrets({ secretFile, tokenFile, keyFile }: HttpConfiguration): PushSecrets {
  return {
    path: read(secretFile),
    ...(tokenFile === undefined ? {} : { token: read(tokenFile) }),
    ...(keyFile === undefined ? {} : { key: read(keyFile) }),
  };
}

const versionOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** Whether an address is one of those a cloud comes from. An IPv4 address on an IPv6 socket is that IPv4 address. */
function sourcesOf(from: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const source of from) {
    const [address = '', prefix] = source.split('/');
    if (prefix === undefined) list.addAddress(address, versionOf(address));
    else list.addSubnet(address, Number(prefix), versionOf(address));
  }
  return (remote) => {
    const address = remote.replace(/^::ffff:(?=\d+\.)/i, '');
    return from.length === 0 || (address !== '' && list.check(address, versionOf(address)));
  };
}

function serverFor({ tls }: HttpConfiguration, door: PushDoor): Server {
  const listener = door.admit.bind(door);
  if (!tls) return createServer(PUSH_SERVER, listener);
  const [cert, key] = [read(tls.certificate), read(tls.key)];
  return createTlsServer({ ...PUSH_SERVER, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: PUSH_SERVER.headersTimeout }, listener);
}

/** Listens for what an operator's cloud pushes. Throws a Failure; aborting the signal shuts the door, and who waits is told to come again. */
export async function openHttp(setting: HttpConfiguration, rules: Omit<DoorRules, 'allows'>, signal: AbortSignal): Promise<PushWire> {
  signal.throwIfAborted();
  const { host, port, from } = setting;
  const door = new PushDoor({ ...rules, allows: sourcesOf(from) });
  const server = serverFor(setting, door);
  server.maxConnections = PUSH_CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(fail('wire-open', `${host}:${port}`, cause)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  return new HttpWire(server, door, signal);
}

class HttpWire implements PushWire {
  readonly name: string;
  readonly port: number;
  readonly requests: PushWire['requests'];
  readonly counters: PushWire['counters'];
  readonly #server: Server;
  readonly #door: PushDoor;

  constructor(server: Server, door: PushDoor, signal: AbortSignal) {
    const { address, port } = server.address() as { address: string; port: number };
    this.name = `${address}:${port}`;
    this.port = port;
    this.requests = door.requests();
    this.counters = door.counters;
    this.#server = server;
    this.#door = door;
    server.on('error', (cause) => door.shut(fail('wire-lost', this.name, cause)));
    signal.addEventListener('abort', () => door.shut(), { once: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#door.release();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const late = setTimeout(() => this.#server.closeAllConnections(), LAST_WORDS_MS);
    await closed;
    clearTimeout(late);
  }
}
