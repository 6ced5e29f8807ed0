import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Dialled } from './dial.ts';

interface Carried {
  readonly ended: Promise<Failure>;
  readonly carry: (ended: Promise<Failure>) => Promise<Failure>;
}

export interface StalledOptions {
  /** Whether an alarm is on its way that the kernel has sent in vain. */
  readonly isInVain: () => Promise<boolean>;
  /** Dials the same way anew. */
  readonly greet: (signal: AbortSignal) => Promise<Dialled>;
  readonly signal: AbortSignal;
}

/**
 * Carries over a connection until that is over, or is dead though the way is there; answers why, or one that was greeted in its place. After a
 * break the kernel sends again what is on its way only at the end of a gap that grows with the break; an alarm does not wait for that. Where
 * the kernel has sent in vain twice, the way is dialled beside, for as long as that is so: a connection that comes to life again is kept. A
 * far side that is slow, and takes what we send, is left alone.
 */
export async function untilStalled(options: StalledOptions, { ended, carry }: Carried): Promise<Failure | Dialled> {
  const over = new AbortController();
  let fresh: Dialled | null = null;
  const stalled = watch({ ...options, signal: AbortSignal.any([options.signal, over.signal]) }).then(
    (dialled) => {
      fresh = dialled;
      // It is we who end it: nothing that is concluded from a far side that does so is to be concluded here.
      return fail('uplink-silent', 'the way is there, and nothing comes through this connection: another takes its place');
    },
    () => ended,
  );
  const failure = await carry(Promise.race([ended, stalled])).finally(() => over.abort());
  return fresh ?? failure;
}

async function watch(options: StalledOptions): Promise<Dialled> {
  const { isInVain, signal } = options;
  for (;;) {
    await sleep(limits.STALLED_LOOK_MS, null, { signal });
    if (!(await isInVain())) continue;
    const dialled = await whileInVain(options);
    if (dialled && (await isInVain()) && !signal.aborted) return dialled;
    dialled?.socket.destroy();
  }
}

/** Dials until somebody greets, or the connection comes to life; null: nobody did. */
async function whileInVain({ isInVain, greet, signal }: StalledOptions): Promise<Dialled | null> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const look = async () => {
    do await sleep(limits.STALLED_LOOK_MS, null, { signal: either });
    while (await isInVain());
    over.abort();
  };
  look().catch(() => {});
  return greet(either)
    .catch(() => null)
    .finally(() => over.abort());
}
