import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIPv6 } from 'node:net';
import { PUSH_CONNECTIONS_MAX, PUSH_SERVER, type PushDoor, type PushSecrets } from '@fengsui/protocol/clouds';
import type { PushSettings } from '@fengsui/protocol/settings-pushes';
import { fail } from '../failures.ts';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw fail('secret-unreadable', file, error);
  }
}

/** The secrets of a door, read anew at every opening: a changed one holds from the next start of the door. */
export function secretsOf({ secretFile, tokenFile, keyFile }: PushSettings): PushSecrets {
  return {
    path: read(secretFile),
    ...(tokenFile === undefined ? {} : { token: read(tokenFile) }),
    ...(keyFile === undefined ? {} : { key: read(keyFile) }),
  };
}

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** Whether an address is one of those a cloud comes from. An IPv4 address on an IPv6 socket is that IPv4 address. */
export function sourcesOf(from: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const source of from) {
    const [address = '', prefix] = source.split('/');
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return (remote) => {
    const address = remote.replace(/^::ffff:(?=\d+\.)/i, '');
    return from.length === 0 || (address !== '' && list.check(address, familyOf(address)));
  };
}

/** An open server and how to end it. */
export interface OpenServer extends AsyncDisposable {
  /** Where the cloud pushes to, without the secret. */
  readonly address: string;
}

/** Listens and hands every request to the door. Rejects with a Failure. */
export async function openServer({ host, port, tls }: PushSettings, door: PushDoor): Promise<OpenServer> {
  const listener = door.admit.bind(door);
  const server: Server = tls
    ? createTlsServer(
        {
          ...PUSH_SERVER,
          cert: read(tls.certificate),
          key: read(tls.key),
          minVersion: 'TLSv1.2',
          handshakeTimeout: PUSH_SERVER.headersTimeout,
        },
        listener,
      )
    : createServer(PUSH_SERVER, listener);
  server.maxConnections = PUSH_CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(fail('push-unopened', `${host}:${port} (${cause.message})`, cause)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (cause) => door.shut(fail('push-unopened', `${host}:${port} (${cause.message})`, cause)));
  const shown = isIPv6(host) ? `[${host}]` : host;
  return {
    address: `${tls ? 'https' : 'http'}://${shown}:${(server.address() as { port: number }).port}/push/`,
    async [Symbol.asyncDispose]() {
      door.release();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS);
      await closed;
      clearTimeout(late);
    },
  };
}

/** When stopping, answers that were given have this long to leave. */
const LAST_WORDS_MS = 500;
