import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LOOP_LOOK_EVERY_MS } from './limits.ts';

/**
 * How late the one thread comes to what is due, in milliseconds. A timer looks at fixed times, so what it finds is what somebody meets who
 * comes at any moment, however seldom it looks; its own interval, which the runtime counts as delay, is taken off. Both counts begin
 * in one turn of the loop, so that their timers ring together and wake the box once.
 */
export class LoopDelay {
  readonly #all = monitorEventLoopDelay({ resolution: LOOP_LOOK_EVERY_MS });
  readonly #recent = monitorEventLoopDelay({ resolution: LOOP_LOOK_EVERY_MS });

  constructor() {
    this.#all.enable();
    this.#recent.enable();
  }

  /** Since the beginning. */
  numbers(): { readonly loopDelayP99Ms: number; readonly loopDelayMaxMs: number } {
    return { loopDelayP99Ms: lateMs(this.#all.percentile(99)), loopDelayMaxMs: lateMs(this.#all.max) };
  }

  /** Since this was asked before. */
  p99MsSinceLast(): number {
    const p99Ms = lateMs(this.#recent.percentile(99));
    this.#recent.reset();
    return p99Ms;
  }

  close(): void {
    this.#all.disable();
    this.#recent.disable();
  }
}

/** Without a sample the runtime says 0, or an infinite number. */
function lateMs(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - LOOP_LOOK_EVERY_MS) : 0;
}
