import { readFile } from 'node:fs/promises';
import { connect as connectPlainly, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type Clock, Failure } from '@fengsui/protocol';
import type { Path } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import { earliestTime } from '../known-time.ts';
import * as limits from '../limits.ts';
import { failureOf } from './connection-cause.ts';

/** With TLS 1.3 the far side judges our certificate after the handshake: its refusal comes a moment later. */
const VERDICT_WITHIN_MS = 500;

export interface StandbyOptions {
  readonly path: Path;
  readonly lookEveryS: number;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** Hears after every look how the path stands; null: it is there. */
  readonly found: (failure: Failure | null) => void;
  readonly signal: AbortSignal;
}

/**
 * Looks at a path that is not in use, now and then, so that its loss is known before it is needed. It knocks with our certificate and says
 * nothing: a session would end the one over the other path where both lead to one collector. What fails is looked at again soon.
 */
export async function watchStandby({ path, lookEveryS, clock, random, found, signal }: StandbyOptions): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const failure = await knock(path, clock).then(
      () => null,
      (error: unknown) => (error instanceof Failure ? error : failureOf(error as Error)),
    );
    if (signal.aborted) return;
    failures = failure ? failures + 1 : 0;
    if (failures !== 1) found(failure);
    const restMs = failures === 1 ? limits.STANDBY_AGAIN_MS : lookEveryS * 1000 * (1 - random() / 4);
    await clock.sleep(restMs, signal).catch(() => {});
  }
}

/** Connects, greets by TLS, and goes. Rejects with what stood against it. */
async function knock(path: Path, clock: Clock): Promise<void> {
  const { protocol, hostname, port } = new URL(path.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const at = { host, ...(path.localAddress === undefined ? {} : { localAddress: path.localAddress }) };
  if (protocol !== 'mqtts:') return greeted(connectPlainly({ ...at, port: Number(port || 1883) }), 'connect');
  const { ca, certificate, key, serverName } = path;
  const [caBytes, cert, keyBytes] = await Promise.all([ca, certificate, key].map((file) => readFile(file!)));
  const socket = connectTls({
    ...{ ...at, port: Number(port || 8883), ca: caBytes!, cert: cert!, key: keyBytes! },
    servername: serverName ?? host,
    // A clock that is certainly wrong can judge no certificate: whether the way is there can be told all the same.
    rejectUnauthorized: clock.wallMs() >= earliestTime([certificate!]),
  });
  return greeted(socket, 'secureConnect');
}

async function greeted(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const over = new AbortController();
  try {
    const broken = new Promise<never>((_, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(fail('uplink-refused', 'closed after the handshake')));
    });
    const late = sleep(limits.CONNECT_TIMEOUT_MS, null, { signal: over.signal }).then(() => {
      throw fail('uplink-unreachable', `no answer within ${limits.CONNECT_TIMEOUT_MS} ms`);
    });
    late.catch(() => {});
    await Promise.race([new Promise<void>((resolve) => socket.once(event, () => resolve())), broken, late]);
    socket.resume();
    await Promise.race([sleep(VERDICT_WITHIN_MS), broken]);
  } finally {
    over.abort();
    socket.destroy();
  }
}
