import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';

/** The machine's own time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** Whether the wall clock was set from the network: systemd-timesyncd, or a hook of another time service, makes this file. */
export function clockSynchronisedBy(file: string): () => boolean {
  return () => existsSync(file);
}
