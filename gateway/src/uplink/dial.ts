import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect as connectPlainly, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock, Failure } from '@fengsui/protocol';
import type { Path } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import { earliestTime } from '../known-time.ts';
import { failureOf } from './connection-cause.ts';
import { againstServer } from './dead-clock.ts';

/** By what a path proves us and the far side; all absent with plain TCP. */
export interface Identity {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** A clock that is certainly wrong can judge no certificate: then `againstServer` does. */
  readonly rejectUnauthorized: boolean;
}

/** A connection on which the far side is believed and nothing was said yet. */
export interface Dialled {
  readonly socket: Socket;
  /** Milliseconds until then: one round trip for TCP, and as a rule one for TLS. */
  readonly tookMs: number;
}

/** Reads the files of a path. Rejects with Failure `uplink-untrusted`. */
export async function identityFor({ ca, certificate, key }: Path, clock: Clock): Promise<Identity> {
  const read = async (name: 'ca' | 'cert' | 'key', file: string | undefined) =>
    file === undefined ? {} : { [name]: await readFile(file) };
  try {
    const files = await Promise.all([read('ca', ca), read('cert', certificate), read('key', key)]);
    const earliestMs = earliestTime(certificate === undefined ? [] : [certificate]);
    return Object.assign({ rejectUnauthorized: clock.wallMs() >= earliestMs }, ...files);
  } catch (error) {
    throw fail('uplink-untrusted', (error as Error).message, error);
  }
}

export interface DialOptions {
  readonly path: Path;
  readonly identity: Identity;
  /** Hears that the far side's TCP has answered: it is there, be its program slow. */
  readonly answered?: () => void;
  readonly signal: AbortSignal;
}

const givenUp = () => fail('uplink-lost', 'it is no longer wanted');

/** Connects and greets by TLS, once; says nothing. Rejects with the Failure that stood against it. */
export async function dial({ path, identity, answered = () => {}, signal }: DialOptions): Promise<Dialled> {
  if (signal.aborted) throw givenUp();
  const beganMs = performance.now();
  const isTls = new URL(path.url).protocol === 'mqtts:';
  const socket = isTls ? overTls(path, identity) : connectPlainly(endOf(path));
  const greeted = Promise.withResolvers<Dialled>();
  // Small packets both ways: with Nagle's delay every batch waits 40 ms for the far side's acknowledgement of the one before.
  socket.setNoDelay(true);
  let cause: Failure | Error | undefined;
  socket.on('error', (error) => {
    cause = error;
  });
  const closed = () => greeted.reject(failureOf(cause));
  const abort = () => greeted.reject(givenUp());
  socket.once('close', closed);
  socket.once('connect', answered);
  signal.addEventListener('abort', abort, { once: true });
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    const against = isTls && !identity.rejectUnauthorized ? againstBy(path, socket as TLSSocket) : null;
    if (against === null) greeted.resolve({ socket, tookMs: performance.now() - beganMs });
    else greeted.reject(fail('uplink-untrusted', against));
  });
  try {
    return await greeted.promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off('close', closed);
    signal.removeEventListener('abort', abort);
  }
}

function endOf({ url, localAddress }: Path) {
  const { protocol, port } = new URL(url);
  const standard = protocol === 'mqtts:' ? 8883 : 1883;
  return { host: hostOf(url), port: Number(port || standard), ...(localAddress === undefined ? {} : { localAddress }) };
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Keys that do not fit each other are found at once, by a throw. Node itself refuses TLS below 1.2. */
function overTls(path: Path, identity: Identity): TLSSocket {
  const end = endOf(path);
  const servername = path.serverName ?? end.host;
  try {
    // An address is no name to ask for (RFC 6066 §3): the certificate is then held against `host`.
    return connectTls({ ...end, ...identity, ...(isIP(servername) && path.serverName === undefined ? {} : { servername }) });
  } catch (error) {
    throw fail('uplink-untrusted', (error as Error).message, error);
  }
}

/** Nothing is heard of a server that is not believed; where our own files cannot be read, none is. */
function againstBy({ url, ca, certificate, serverName }: Path, socket: TLSSocket): string | null {
  try {
    return againstServer(socket, serverName ?? hostOf(url), readFileSync(ca!, 'utf8'), earliestTime([ca!, certificate!]));
  } catch (error) {
    return (error as Error).message;
  }
}
