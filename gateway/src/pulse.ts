import type { Clock } from '@fengsui/protocol';
import { untilTick } from './clock.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import type { LineNumbers } from './line-numbers.ts';

export interface PulseOptions {
  readonly line: { readonly name: string; readonly links: { dueAtMs(): number }; readonly slowestLossMs?: number };
  readonly numbers: LineNumbers;
  readonly clock: Clock;
}

/**
 * The sign of life of an open line: its beat goes on while its driver wakes for its devices and the journal takes what it says.
 * A driver that lets a device fall silent and does not say so is hung: it never wakes, or waits for what never comes.
 */
export class Pulse {
  readonly #options: PulseOptions;
  #hung: Error | null = null;
  #onHung: (hung: Error) => void = () => {};
  #isCommitting = false;
  /** When the device that is silent longest was due, and since when the driver had time to say so. */
  #dueAtMs = Number.POSITIVE_INFINITY;
  #sinceMs = 0;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Waits for the driver, and no longer once it hangs. (A race with one promise for ever would keep every loser of it.) */
  wait<T>(step: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onHung = reject;
      if (this.#hung) reject(this.#hung);
      step.then(resolve, reject);
    });
  }

  /** While the journal works the driver has nothing to wake for, and the beat is the journal's matter: a slow disk makes no driver hang. */
  async during(commit: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    this.#isCommitting = true;
    const startedMs = clock.monotonicMs();
    try {
      await commit;
    } finally {
      this.#isCommitting = false;
      this.#sinceMs += clock.monotonicMs() - startedMs;
    }
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { numbers, clock } = this.#options;
    while (!signal.aborted) {
      if (!this.#isCommitting) {
        numbers.beatMs = clock.monotonicMs();
        this.#look();
      }
      await untilTick(clock, limits.BEAT_EVERY_MS, signal);
    }
    // Stopping: a driver that does not go on its own is left behind. Where the run is over already nobody waits.
    await clock.sleep(limits.LET_GO_WITHIN_MS);
    this.#stop('it does not stop');
  }

  #stop(why: string): void {
    this.#hung = new Error(`the driver hangs: ${why}`);
    this.#onHung(this.#hung);
  }

  #look(): void {
    const { line, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const dueAtMs = line.links.dueAtMs();
    if (dueAtMs !== this.#dueAtMs || dueAtMs > nowMs) this.#sinceMs = nowMs;
    this.#dueAtMs = dueAtMs;
    const patienceMs = limits.DRIVER_HUNG_MS + (line.slowestLossMs ?? 0);
    if (nowMs - this.#sinceMs < patienceMs) return;
    this.#stop(`a device is silent and for ${Math.round((nowMs - this.#sinceMs) / 1000)} s it did not say so`);
  }
}

/** Shows the sign of life, tick by tick, while something goes on that ends by a time-out of its own. */
export async function beating<T>({ numbers, clock }: Pick<PulseOptions, 'numbers' | 'clock'>, going: Promise<T>): Promise<T> {
  const over = new AbortController();
  const beat = async () => {
    while (!over.signal.aborted) {
      numbers.beatMs = clock.monotonicMs();
      await untilTick(clock, limits.BEAT_EVERY_MS, over.signal);
    }
  };
  void beat();
  try {
    return await going;
  } finally {
    over.abort();
  }
}

/** Waits for the journal, whose own time-outs end that: the sign of life may be away for as long as one answer may take. */
export async function appending<T>({ numbers, clock }: Pick<PulseOptions, 'numbers' | 'clock'>, append: () => Promise<T>): Promise<T> {
  numbers.beatMs = clock.monotonicMs();
  numbers.isAppending = true;
  try {
    return await append();
  } finally {
    numbers.isAppending = false;
    numbers.beatMs = clock.monotonicMs();
  }
}

/**
 * Opens a line. Throws Failure `wire-open` when that takes too long, or hangs while the signal has aborted; what opens late is closed
 * again.
 */
export async function openInTime<R extends AsyncDisposable>(
  { name, open }: { readonly name: string; readonly open: (signal: AbortSignal) => Promise<R> },
  clock: Clock,
  signal: AbortSignal,
): Promise<R> {
  const opening = open(signal);
  const running = await within(clock, opening, limits.OPEN_WITHIN_MS, signal);
  if (running !== 'late') return running;
  opening.then((late) => late[Symbol.asyncDispose]()).catch(() => {}); // nobody waits for it any more
  throw fail('wire-open', `${name}: not open within ${limits.OPEN_WITHIN_MS} ms, or within ${limits.LET_GO_WITHIN_MS} ms of the stop`);
}

/** What a promise resolves with, or `late`: after so long, and where a signal aborts before that, LET_GO_WITHIN_MS later. */
export async function within<T>(clock: Clock, promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T | 'late'> {
  const over = new AbortController();
  const pass = (passMs: number, end: AbortSignal) => clock.sleep(passMs, end).catch(() => {});
  const wait = async () => {
    await pass(ms, signal ? AbortSignal.any([signal, over.signal]) : over.signal);
    if (signal?.aborted && !over.signal.aborted) await pass(limits.LET_GO_WITHIN_MS, over.signal);
    return 'late' as const;
  };
  try {
    return await Promise.race([promise, wait()]);
  } finally {
    over.abort();
  }
}

/** Names of lines whose supervisor shows no sign of life. */
export function withoutPulse(lines: ReadonlyArray<Pick<PulseOptions, 'line' | 'numbers'>>, clock: Clock): string[] {
  const patienceMs = ({ isAppending }: LineNumbers) =>
    limits.BEAT_OVERDUE_MS + (isAppending ? limits.JOURNAL_ANSWER_TIMEOUT_MS * limits.JOURNAL_SLOW_FACTOR : 0);
  const isOverdue = ({ numbers }: (typeof lines)[number]) =>
    numbers.beatMs !== null && clock.monotonicMs() - numbers.beatMs > patienceMs(numbers);
  return lines.filter(isOverdue).map(({ line }) => line.name);
}
