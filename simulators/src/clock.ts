import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';

/** The machine's time. */
export const machineClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    await wait(ms, undefined, signal ? { signal } : {});
  },
};

/** The clock of a device in its zone, `YYYY-MM-DDTHH:mm:ss`. */
export function deviceTime(wallMs: number, zoneMinutes: number): string {
  return new Date(wallMs + zoneMinutes * 60_000).toISOString().slice(0, 19);
}
