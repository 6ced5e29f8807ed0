import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { type Clock, Failure } from '@fengsui/protocol';
import { type ISubscriptionGrant, MqttClient } from 'mqtt';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { type Come, failureOf, mute } from './connection-cause.ts';
import type { Dialled } from './dial.ts';
import { type GreetOptions, greet } from './dialling.ts';
import type { Ends } from './resends.ts';

/** The library's timer began a little earlier than ours. */
const MUTE_SLACK_MS = 100;

/** One MQTT connection; when it ends, it is thrown away with everything the library keeps of it. */
export interface Connection extends AsyncDisposable {
  /** Resolves with the reason when the connection is no more. */
  readonly ended: Promise<Failure>;
  /** Monotonic time of the last packet from the far side. */
  readonly heardMs: () => number;
  readonly ends: Ends;
  /** Hands bytes to the connection. Nothing is concluded from the broker's acknowledgement. */
  publish(topic: string, payload: Uint8Array): void;
}

export interface ConnectionOptions extends GreetOptions {
  readonly gateway: string;
  /** By which the far side tells this process from another with the same certificate. */
  readonly instance: string;
  /** What is listened to, by topic. Without the first there is no connection; another may be refused and is then not heard. */
  readonly hear: ReadonlyMap<string, (payload: Uint8Array) => void>;
  /** One that was greeted already: it is not dialled anew. */
  readonly dialled?: Dialled | undefined;
}

/**
 * Connects and subscribes. The library's own reconnecting, storing and replaying are off: its replay loses what a
 * second drop finds on the way and repeats what ours repeats. Throws a Failure (`uplink-unreachable`, `-refused`, `-untrusted`).
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { clock, hear, withinMs = limits.CONNECT_TIMEOUT_MS, signal } = options;
  const topics = [...hear.keys()];
  const { socket, tookMs } = options.dialled ?? (await greet(options));
  if (socket.destroyed) throw fail('uplink-unreachable', 'it ended the connection before a word was said');
  const ends = endsOf(socket);
  const connackWithinMs = Math.max(limits.CONNACK_LEAST_MS, withinMs - tookMs);
  const client = begin({ socket, tookMs }, options, connackWithinMs);
  const come = comeOf(socket, clock);
  const { opened, ended, discard } = watch(client, come, { connackWithinMs, signal });
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
    ends,
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

/** Says CONNECT. */
function begin({ socket }: Dialled, { path, gateway, instance }: ConnectionOptions, connectTimeout: number): MqttClient {
  return new MqttClient(() => socket, {
    clientId: gateway,
    username: instance,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    queueQoSZero: false,
    writeCache: false, // 65,536 ready-made numbers cost 8 MB and save nothing that can be measured
    resubscribe: false,
    connectTimeout,
    keepalive: path.keepaliveS,
  });
}

/** How far it has come. With plain TCP nobody greets. */
function comeOf(socket: Dialled['socket'], clock: Clock): () => Come {
  const isGreeted = socket instanceof TLSSocket;
  const certificateEndsMs = isGreeted ? endOf(socket.getX509Certificate()) : null;
  return () => ({ isGreeted, certificateEndsMs, nowMs: clock.wallMs() });
}

function endsOf({ localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 }: Dialled['socket']): Ends {
  return { local: { address: localAddress, port: localPort }, remote: { address: remoteAddress, port: remotePort } };
}

function endOf(certificate: X509Certificate | undefined): number | null {
  return certificate ? Date.parse(certificate.validTo) : null;
}

/** Follows one client from its CONNECT to its end. A client that says neither within the backstop is given up. */
function watch(client: MqttClient, come: () => Come, { connackWithinMs, signal }: { connackWithinMs: number; signal: AbortSignal }) {
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
    isOpen = true;
    clearTimeout(backstop);
    opened.resolve();
  });
  client.on('error', (error) => {
    cause = error;
  });
  const unopened = () => {
    // The library says so, or closes before it does.
    const isLate = performance.now() - startedMs >= connackWithinMs - MUTE_SLACK_MS;
    const isMute = cause ? cause.message === 'connack timeout' : isLate;
    return isMute ? mute(connackWithinMs, come()) : failureOf(cause, come());
  };
  client.on('close', () => finish(isOpen ? fail('uplink-lost', cause?.message ?? 'the far side closed it', cause) : unopened()));
  const discard = async () => {
    finish(fail('uplink-lost', 'it is no longer used'));
    await Promise.race([new Promise<void>((resolve) => client.end(true, {}, () => resolve())), sleep(limits.DISCARD_WITHIN_MS)]);
  };
  return { opened: opened.promise, ended: end.promise, discard };
}
