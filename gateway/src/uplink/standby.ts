import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, Failure } from '@fengsui/protocol';
import type { Path } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { failureOf } from './connection-cause.ts';
import { greet } from './dialling.ts';

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
    const failure = await knock({ path, clock, random, signal }).then(
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
async function knock(options: Pick<StandbyOptions, 'path' | 'clock' | 'random' | 'signal'>): Promise<void> {
  const { socket } = await greet(options);
  try {
    const closed = new Promise<never>((_, reject) => {
      const refused = (why: Error | undefined) => reject(why ? failureOf(why) : fail('uplink-refused', 'closed after the handshake'));
      socket.once('error', refused).once('close', () => refused(undefined));
    });
    socket.resume();
    await Promise.race([sleep(VERDICT_WITHIN_MS), closed]);
  } finally {
    socket.destroy();
  }
}
