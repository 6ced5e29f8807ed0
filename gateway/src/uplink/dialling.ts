import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';
import type { Path } from '../config-uplinks.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { mute } from './connection-cause.ts';
import { type Dialled, dial, identityFor } from './dial.ts';

export interface DiallingOptions {
  /** Dials once; `answered` hears that TCP was answered. */
  readonly dial: (answered: () => void, signal: AbortSignal) => Promise<Dialled>;
  /** Resolves as soon as somebody waits who cannot wait: an alarm. */
  readonly urgent: (signal: AbortSignal) => Promise<unknown>;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** To be greeted; CONNACK_LEAST_MS of the whole are left for CONNECT. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export interface GreetOptions {
  readonly path: Path;
  readonly clock: Clock;
  /** Absent: nothing is urgent. */
  readonly urgent?: DiallingOptions['urgent'];
  readonly random: () => number;
  /** From the first SYN to the CONNACK. */
  readonly withinMs?: number;
  readonly signal: AbortSignal;
}

const never = () => new Promise<never>(() => {});

/** Dials a path until the far side is believed; nothing is said to it yet. Rejects with a Failure (`uplink-unreachable`, `-untrusted`). */
export async function greet(options: GreetOptions): Promise<Dialled> {
  const { path, clock, urgent = never, random, withinMs = limits.CONNECT_TIMEOUT_MS, signal } = options;
  const identity = await identityFor(path, clock);
  const once = (answered: () => void, over: AbortSignal) => dial({ path, identity, answered, signal: over });
  return dialling({ dial: once, urgent, random, withinMs: withinMs - limits.CONNACK_LEAST_MS, signal });
}

interface Try {
  isAnswered: boolean;
  readonly over: AbortController;
}

/**
 * Dials until somebody greets, and while an alarm waits dials anew beside what has no answer: the kernel sends a SYN again after ever
 * longer gaps, a new one goes at once. The one that is greeted first is answered and the others are given up before anything was said on
 * them: a session has one CONNECT. Rejects with the last Failure when all have failed, `uplink-unreachable` when nobody greeted in time.
 */
export async function dialling({ dial, urgent, random, withinMs, signal }: DiallingOptions): Promise<Dialled> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const first = Promise.withResolvers<Dialled>();
  const tries: Try[] = [];
  let answeredMs = Number.NEGATIVE_INFINITY;
  const begin = () => {
    const one: Try = { isAnswered: false, over: new AbortController() };
    const answered = () => {
      one.isAnswered = true;
      answeredMs = performance.now();
      // All that are under way reach who is there again at once, and one handshake is enough for it.
      for (const other of tries) if (!other.isAnswered) other.over.abort();
    };
    tries.push(one);
    dial(answered, AbortSignal.any([either, one.over.signal])).then(
      (dialled) => (either.aborted ? dialled.socket.destroy() : first.resolve(dialled)),
      (error: unknown) => {
        tries.splice(tries.indexOf(one), 1);
        if (tries.length === 0) first.reject(error);
      },
    );
    // The oldest without an answer has the longest gap before its next SYN.
    const silent = tries.filter(({ isAnswered }) => !isAnswered);
    if (silent.length > limits.DIALS_UNANSWERED_MAX) silent[0]!.over.abort();
  };
  const beside = async () => {
    for (;;) {
      await sleep(limits.DIAL_BESIDE_MIN_MS + random() * (limits.DIAL_BESIDE_MAX_MS - limits.DIAL_BESIDE_MIN_MS), null, { signal: either });
      await urgent(either);
      // Who was answered only waits for a program: another handshake would make a busy one slower.
      const restMs = answeredMs + limits.DIAL_ANSWERED_REST_MS - performance.now();
      if (restMs > 0) await sleep(restMs, null, { signal: either });
      begin();
    }
  };
  begin();
  beside().catch(() => {});
  const late = sleep(withinMs, null, { signal: either }).then(
    () => Promise.reject(mute(withinMs + limits.CONNACK_LEAST_MS, { isGreeted: false })),
    () => Promise.reject(fail('uplink-lost', 'the gateway is stopping')),
  );
  try {
    return await Promise.race([first.promise, late]);
  } finally {
    over.abort();
  }
}
