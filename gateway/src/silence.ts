import type { Clock } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import { untilTick } from './clock.ts';
import * as limits from './limits.ts';
import type { LineNumbers } from './line-numbers.ts';
import type { Line, Log, Running } from './supervision.ts';

export interface SilenceOptions {
  readonly line: Pick<Line, 'name' | 'links' | 'opensAnew'>;
  readonly numbers: LineNumbers;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly log: Log;
}

/**
 * A line whose devices are all lost, and that brings not one byte, may be only a descriptor that nobody answers any more: an adapter
 * plugged in again under its old name, a converter that hangs. Its wire is opened anew: at once, then ever more seldom. A line with a
 * device that may be silent for ever is let be: its silence says nothing. One for a line; it outlives the runs.
 */
export class Silence {
  readonly #options: SilenceOptions;
  readonly #backoff: Backoff;
  /** What it waits for before the next try; 0: it was heard since the last one. */
  #patienceMs = 0;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#backoff = new Backoff(limits.SILENT_AGAIN_MIN_MS, limits.SILENT_AGAIN_MAX_MS, options.random);
  }

  /** Looks after one run. True: its wire is to be opened anew; false: the signal aborted. */
  async over({ counters }: Pick<Running, 'counters'>, signal: AbortSignal): Promise<boolean> {
    const { line, clock } = this.#options;
    if (!line.opensAnew) return false;
    let bytesIn = counters.bytesIn;
    let sinceMs = clock.monotonicMs();
    while (!signal.aborted) {
      await untilTick(clock, limits.BEAT_EVERY_MS, signal);
      const isLost = line.links.areLost();
      if (!isLost) this.#heard();
      if (!isLost || counters.bytesIn !== bytesIn) {
        bytesIn = counters.bytesIn;
        sinceMs = clock.monotonicMs();
      } else if (!signal.aborted && clock.monotonicMs() - sinceMs >= this.#patienceMs) return this.#openAnew();
    }
    return false;
  }

  #heard(): void {
    this.#patienceMs = 0;
    this.#backoff.reset();
  }

  #openAnew(): true {
    const { line, numbers, log } = this.#options;
    const isFirst = this.#patienceMs === 0;
    this.#patienceMs = this.#backoff.nextMs();
    numbers.reopened += 1;
    const text = `every device is lost and not one byte comes: the wire is opened anew, and again after ${Math.round(this.#patienceMs / 1000)} s of silence`;
    log[isFirst ? 'warn' : 'info']({ line: line.name }, text);
    return true;
  }
}
