import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { type Clock, Failure } from '@fengsui/protocol';
import { connect, type IClientOptions, type ISubscriptionGrant, type MqttClient } from 'mqtt';
import type { Path } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import { earliestTime } from '../known-time.ts';
import * as limits from '../limits.ts';
import { type Come, failureOf, mute } from './connection-cause.ts';
import { againstServer } from './dead-clock.ts';

/** The library's timer began a little earlier than ours. */
const MUTE_SLACK_MS = 1_000;

/** One MQTT connection; when it ends, it is thrown away with everything the library keeps of it. */
export interface Connection extends AsyncDisposable {
  /** Resolves with the reason when the connection is no more. */
  readonly ended: Promise<Failure>;
  /** Monotonic time of the last packet from the far side. */
  readonly heardMs: () => number;
  /** Hands bytes to the connection. Nothing is concluded from the broker's acknowledgement. */
  publish(topic: string, payload: Uint8Array): void;
}

export interface ConnectionOptions {
  readonly path: Path;
  readonly gateway: string;
  /** By which the far side tells this process from another with the same certificate. */
  readonly instance: string;
  readonly clock: Clock;
  /** What is listened to, by topic. Without the first there is no connection; another may be refused and is then not heard. */
  readonly hear: ReadonlyMap<string, (payload: Uint8Array) => void>;
  readonly signal: AbortSignal;
}

/**
 * Connects and subscribes. The library's own reconnecting, storing and replaying are off: its replay loses what a
 * second drop finds on the way and repeats what ours repeats. Throws a Failure (`uplink-unreachable`, `-refused`, `-untrusted`).
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { path, clock, hear, signal } = options;
  const topics = [...hear.keys()];
  const clientSettings = await clientOptions(options);
  const client = begin(path.url, clientSettings);
  if (!clientSettings.rejectUnauthorized) judgeByHand(client, path);
  const come = comeOf(client, clientSettings, clock);
  const { opened, ended, discard } = watch(client, come, signal);
  let isUsed = true;
  let heardMs = clock.monotonicMs();
  client.on('packetreceive', () => {
    heardMs = clock.monotonicMs();
  });
  client.on('message', (heardOn, payload) => {
    if (isUsed) hear.get(heardOn)?.(payload);
  });
  try {
    await opened;
    const [grant] = await Promise.race([subscribe(client, topics), ended.then((failure) => Promise.reject(failure))]);
    if (!grant || grant.qos > 1) throw fail('uplink-refused', `no permission to hear ${topics[0]}`);
  } catch (error) {
    await discard();
    throw error instanceof Failure ? error : failureOf(error as Error, come());
  }
  return {
    ended,
    heardMs: () => heardMs,
    publish: (to, payload) => {
      client.publish(to, payload as Buffer, { qos: 1 }, () => {});
    },
    [Symbol.asyncDispose]: () => {
      isUsed = false;
      return discard();
    },
  };
}

/** The library rejects when any topic is refused, and tells which only in what it granted before: each is asked for by itself. */
async function subscribe(client: MqttClient, [first, ...more]: readonly string[]): Promise<ISubscriptionGrant[]> {
  const [granted] = await Promise.all([
    client.subscribeAsync(first!, { qos: 1 }),
    ...more.map((topic) => client.subscribeAsync(topic, { qos: 1 }).catch(() => [])),
  ]);
  return granted!;
}

/** Keys that do not fit each other are found at once, by a throw. Node itself refuses TLS below 1.2. */
function begin(url: string, options: IClientOptions): MqttClient {
  try {
    return connect(url, options);
  } catch (error) {
    throw fail('uplink-untrusted', (error as Error).message, error);
  }
}

/** Everything before the handshake is over is thrown away with the socket: nothing is heard of a server that is not believed. */
function judgeByHand({ stream }: MqttClient, { url, ca, certificate, serverName }: Path): void {
  if (!(stream instanceof TLSSocket)) return;
  const host = serverName ?? new URL(url).hostname.replace(/^\[|\]$/g, '');
  stream.prependOnceListener('secureConnect', () => {
    const against = againstServer(stream, host, readFileSync(ca!, 'utf8'), earliestTime([ca!, certificate!]));
    if (against !== null) stream.destroy(Object.assign(new Error(against), { code: 'ERR_TLS_CERT' }));
  });
}

async function clientOptions({ path, gateway, instance, clock }: ConnectionOptions): Promise<IClientOptions> {
  const { ca, certificate, key, serverName, localAddress, keepaliveS } = path;
  const read = async (file: string | undefined) => (file === undefined ? undefined : await readFile(file));
  try {
    const [caBytes, certificateBytes, keyBytes] = await Promise.all([read(ca), read(certificate), read(key)]);
    return {
      clientId: gateway,
      username: instance,
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 0,
      queueQoSZero: false,
      writeCache: false, // 65,536 ready-made numbers cost 8 MB and save nothing that can be measured
      resubscribe: false,
      connectTimeout: limits.CONNECT_TIMEOUT_MS,
      keepalive: keepaliveS,
      // A clock that is certainly wrong can judge no certificate: then `judgeByHand` does.
      rejectUnauthorized: clock.wallMs() >= earliestTime(certificate === undefined ? [] : [certificate]),
      ...(caBytes ? { ca: caBytes } : {}),
      ...(certificateBytes ? { cert: certificateBytes } : {}),
      ...(keyBytes ? { key: keyBytes } : {}),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(localAddress === undefined ? {} : { localAddress }),
    };
  } catch (error) {
    throw fail('uplink-untrusted', (error as Error).message, error);
  }
}

/** How far it has come. With plain TCP nobody greets. */
function comeOf({ stream }: MqttClient, { cert }: IClientOptions, clock: Clock): () => Come {
  let isGreeted = false;
  if (stream instanceof TLSSocket) stream.once('secureConnect', () => (isGreeted = true));
  return () => ({ isGreeted, certificateEndsMs: endOf(cert), nowMs: clock.wallMs() });
}

function endOf(certificate: IClientOptions['cert']): number | null {
  try {
    return Date.parse(new X509Certificate(certificate as Buffer).validTo);
  } catch {
    return null;
  }
}

/** Follows one client from its first attempt to its end. A client that says neither within the backstop is given up. */
function watch(client: MqttClient, come: () => Come, signal: AbortSignal) {
  const end = Promise.withResolvers<Failure>();
  const opened = Promise.withResolvers<void>();
  const startedMs = performance.now();
  let isOpen = false;
  let cause: Error | undefined;
  const finish = (failure: Failure) => {
    clearTimeout(backstop);
    signal.removeEventListener('abort', abort);
    opened.reject(failure);
    end.resolve(failure);
  };
  const abort = () => finish(fail('uplink-lost', 'the gateway is stopping'));
  const backstop = setTimeout(() => finish(fail('uplink-unreachable', 'neither accepted nor refused')), limits.CONNECT_BACKSTOP_MS);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  client.on('connect', () => {
    // Small packets both ways: with Nagle's delay every batch waits 40 ms for the far side's acknowledgement of the one before.
    (client.stream as Partial<Socket>).setNoDelay?.(true);
    isOpen = true;
    clearTimeout(backstop);
    opened.resolve();
  });
  client.on('error', (error) => {
    cause = error;
  });
  const unopened = () => {
    // The library says so, or closes before it does.
    const isLate = performance.now() - startedMs >= limits.CONNECT_TIMEOUT_MS - MUTE_SLACK_MS;
    const isMute = cause ? cause.message === 'connack timeout' : isLate;
    return isMute ? mute(limits.CONNECT_TIMEOUT_MS, come()) : failureOf(cause, come());
  };
  client.on('close', () => finish(isOpen ? fail('uplink-lost', cause?.message ?? 'the far side closed it', cause) : unopened()));
  const discard = async () => {
    finish(fail('uplink-lost', 'it is no longer used'));
    await Promise.race([new Promise<void>((resolve) => client.end(true, {}, () => resolve())), sleep(limits.DISCARD_WITHIN_MS)]);
  };
  return { opened: opened.promise, ended: end.promise, discard };
}
