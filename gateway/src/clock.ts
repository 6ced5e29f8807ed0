import { existsSync } from 'node:fs';
import type { Clock } from '@fengsui/protocol';

/** The longest a timer of Node can wait; a longer one rings at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    for (let restMs = ms; restMs > 0 || restMs === ms; restMs -= TIMER_MS_MAX) await nap(Math.min(restMs, TIMER_MS_MAX), signal);
  },
};

/** Not the sleep of Node: lines sleep and are woken with every piece of a packet, and that one makes two errors with stack traces each time. */
function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Sleeps until the next whole multiple of `everyMs` that is at least half of it away, so that everything that looks now and then wakes the
 * box once for all. Ends early when the signal aborts.
 */
export function untilTick(clock: Pick<Clock, 'monotonicMs' | 'sleep'>, everyMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = everyMs - (clock.monotonicMs() % everyMs);
  return clock.sleep(leftMs < everyMs / 2 ? leftMs + everyMs : leftMs, signal).catch(() => {});
}

/** Whether the wall clock was set from the network: systemd-timesyncd, or a hook of another time service, makes this file. */
export function clockSynchronisedBy(file: string): () => boolean {
  return () => existsSync(file);
}
