import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';

interface Alarm {
  readonly dueMs: number;
  readonly ring: () => void;
}

/** Time of a capture: it stands still while anybody works, and moves to the next thing that happens. */
export class ReplayClock implements Clock {
  readonly #startedMs: number;
  readonly #alarms = new Set<Alarm>();
  #nowMs = 0;
  /** Grows whenever somebody begins or ends a wait: while it grows, somebody works. */
  activity = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  wallMs(): number {
    return Math.round(this.#startedMs + this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.activity += 1;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#alarms.delete(alarm);
        signal?.removeEventListener('abort', onAbort);
        this.activity += 1;
      };
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      const alarm: Alarm = {
        dueMs: this.#nowMs + ms,
        ring: () => {
          leave();
          resolve();
        },
      };
      this.#alarms.add(alarm);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
  }

  /** When the next wait is over; Infinity when nobody waits for a time. */
  dueMs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const alarm of this.#alarms) due = Math.min(due, alarm.dueMs);
    return due;
  }

  /** Time moves on, never back; whoever waited for this moment wakes. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
    for (const alarm of [...this.#alarms]) if (alarm.dueMs <= this.#nowMs) alarm.ring();
  }
}

/** Turns of the event loop without activity after which everybody waits: between two waits a driver takes one, and drivers side by side three. */
const QUIET_TURNS = 8;

/** Resolves when everybody waits for time or for bytes: `waiting` says that the bytes are waited for. */
export async function quiet(clock: ReplayClock, waiting: () => boolean): Promise<void> {
  for (let turns = 0, seen = clock.activity; turns < QUIET_TURNS; turns++) {
    await setImmediate();
    if (clock.activity !== seen || !waiting()) [turns, seen] = [-1, clock.activity];
  }
}
