import { readFileSync } from 'node:fs';
import type { Clock, GatewayNote } from '@fengsui/protocol';
import { replaceDurably } from './durable-file.ts';
import type { RunBefore } from './itself.ts';
import { UNWATCHED_KEPT, UNWATCHED_SHOWN_MS } from './limits.ts';
import { jsonIn, readOwn } from './own-files.ts';
import type { Log } from './supervision.ts';

/** Why nobody watched: `crash`: the program ended or was killed; `power`: the box was started anew without a stop in order; `unknown`: one of them. */
const CAUSES = ['crash', 'power', 'stop', 'unknown'] as const;
type Cause = (typeof CAUSES)[number];

/** A time in which this gateway heard nothing, milliseconds since 1970-01-01 UTC by its own clock; `toMs` before `fromMs`: that was set meanwhile. */
export interface UnwatchedWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: Cause;
}

interface Remembered {
  /** Of the machine's run in which this was written; null: the system has none. */
  readonly machineRun: string | null;
  readonly windows: readonly UnwatchedWindow[];
}

export interface UnwatchedOptions {
  /** Remembers what was not acknowledged yet. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this run of the machine, as no other. */
  readonly machineRun?: string | null;
}

/**
 * The times in which nobody watched this site, for people at the box: an alarm of then may stand at the panel and nowhere else. Each is shown
 * until somebody says that he has seen it, or for a day of one run: a box without a battery for its clock does not know how old it is.
 */
export class Unwatched {
  readonly #options: UnwatchedOptions;
  readonly #machineRun: string | null;
  readonly #startedMs: number;
  /** The latest first. */
  #windows: readonly UnwatchedWindow[] = [];
  /** Until what is known is on the disk, as far as that takes it. */
  #written: Promise<void> = Promise.resolve();

  private constructor(options: UnwatchedOptions) {
    this.#options = options;
    this.#machineRun = options.machineRun === undefined ? machineRunNow() : options.machineRun;
    this.#startedMs = options.clock.monotonicMs();
  }

  /**
   * `before`: how the run before ended; null: there was none, or nobody knows. Never rejects, and waits for no write: what the disk does not take
   * is shown all the same, and the lines are not yet open.
   */
  static async open(before: RunBefore | null, options: UnwatchedOptions): Promise<Unwatched> {
    const unwatched = new Unwatched(options);
    const remembered = await readOwn(options.file, rememberedIn).catch(() => null);
    const earlier = remembered?.windows ?? [];
    const last = before && {
      ...{ fromMs: before.aliveMs, toMs: Math.round(options.clock.wallMs()) },
      cause: causeOf(before.note, remembered?.machineRun ?? null, unwatched.#machineRun),
    };
    unwatched.#windows = [...(last ? [last] : []), ...earlier].slice(0, UNWATCHED_KEPT);
    void unwatched.#remember();
    return unwatched;
  }

  /** What is to be shown, the latest first. */
  standing(): readonly UnwatchedWindow[] {
    if (this.#windows.length > 0 && this.#options.clock.monotonicMs() - this.#startedMs >= UNWATCHED_SHOWN_MS) void this.#forget();
    return this.#windows;
  }

  /** Somebody has seen all that was shown. */
  async seen(): Promise<void> {
    this.#options.log.info({ windows: this.standing() }, 'somebody at the box has seen when nobody watched');
    await this.#forget();
  }

  #forget(): Promise<void> {
    this.#windows = [];
    return this.#remember();
  }

  /** One write after the other. */
  #remember(): Promise<void> {
    const { file, log } = this.#options;
    const remembered: Remembered = { machineRun: this.#machineRun, windows: this.#windows };
    const write = () => replaceDurably(file, JSON.stringify(remembered)).catch((error: Error) => log.warn({ file }, error.message));
    this.#written = this.#written.then(write);
    return this.#written;
  }
}

function causeOf(note: GatewayNote | null, runBefore: string | null, runNow: string | null): Cause {
  if (note === 'stopped') return 'stop';
  if (note === 'program-failed') return 'crash';
  if (runBefore === null || runNow === null) return 'unknown';
  return runBefore === runNow ? 'crash' : 'power';
}

/** Linux gives each run of the machine a name (proc_sys_kernel(5), boot_id). */
function machineRunNow(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function rememberedIn(text: string): Remembered | null {
  const found = jsonIn(text) as Partial<Remembered> | null;
  if (typeof found !== 'object' || found === null || !Array.isArray(found.windows)) return null;
  const isWindow = (one: Partial<UnwatchedWindow> | null) =>
    Number.isFinite(one?.fromMs) && Number.isFinite(one?.toMs) && CAUSES.some((cause) => cause === one?.cause);
  return { machineRun: typeof found.machineRun === 'string' ? found.machineRun : null, windows: found.windows.filter(isWindow) };
}
