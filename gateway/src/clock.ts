import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';

/** The longest a timer of Node can wait; a longer one rings at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      for (let restMs = ms; restMs > 0 || restMs === ms; restMs -= TIMER_MS_MAX) {
        await sleep(Math.min(restMs, TIMER_MS_MAX), undefined, signal ? { signal } : {});
      }
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** Whether the wall clock was set from the network: systemd-timesyncd, or a hook of another time service, makes this file. */
export function clockSynchronisedBy(file: string): () => boolean {
  return () => existsSync(file);
}
