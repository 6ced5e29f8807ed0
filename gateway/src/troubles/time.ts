import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher } from './trouble.ts';

export interface TimeOptions {
  readonly gateway: string;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  /** It is certainly later than this, milliseconds since 1970-01-01 UTC. */
  readonly earliestMs: number;
}

/** Whether the times of events can be believed. Right after a start nobody knows yet, unless the time is impossible. */
export function timeWatcher({ gateway, clock, clockSynchronised, earliestMs }: TimeOptions): Watcher {
  let goodMs = clock.monotonicMs();
  let wasGood = false;
  return {
    judges: ['clock-unsynchronised'],
    look: (): readonly Trouble[] | null => {
      const nowMs = clock.monotonicMs();
      const isImpossible = clock.wallMs() < earliestMs;
      if (clockSynchronised() && !isImpossible) [goodMs, wasGood] = [nowMs, true];
      if (!isImpossible && nowMs - goodMs < limits.CLOCK_UNSYNCHRONISED_MS) return wasGood ? [] : null;
      const shown = new Date(clock.wallMs()).toISOString().slice(0, 19);
      const why = isImpossible
        ? `the clock of the box says ${shown}, which is past: its battery may be empty`
        : `the clock of the box was not set from the network for ${Math.floor((nowMs - goodMs) / 60_000)} min`;
      const text = `${why}; times of events are marked as not trusted, their order holds: check the time server 时钟未同步`;
      return [{ what: 'clock-unsynchronised', source: gateway, text, level: isImpossible ? 1 : 0 }];
    },
  };
}
