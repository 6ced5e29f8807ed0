import { type Clock, Failure, type GatewayNote, type SiteEvent } from '@fengsui/protocol';
import { untilTick } from '../clock.ts';
import { replaceDurably } from '../durable-file.ts';
import * as limits from '../limits.ts';
import { jsonIn, readOwn } from '../own-files.ts';
import type { Log } from '../supervision.ts';
import type { Trouble, Watcher, What } from './trouble.ts';

export type Says = Pick<SiteEvent, 'edge'> & Partial<SiteEvent>;

export interface TroublesOptions {
  readonly watchers: readonly Watcher[];
  /** Remembers what was said to stand, so that the next start can say that it is over. */
  readonly file: string;
  readonly clock: Clock;
  /** Makes an event about a part of the gateway durable. */
  readonly say: (source: string, event: Says) => Promise<unknown>;
  readonly log: Log;
}

interface Seen {
  readonly trouble: Trouble;
  /** Monotonic: since when it stands. */
  readonly sinceMs: number;
  lastMs: number;
}

/** What was said to have begun and not to have ended. */
export interface Said {
  readonly what: What;
  readonly source: string;
  readonly text: string;
  readonly level: number;
  /** Milliseconds since 1970-01-01 UTC; when it was said. */
  readonly saidMs: number;
}

const keyOf = ({ what, source }: Pick<Trouble, 'what' | 'source'>) => `${what} ${source}`;

/**
 * Tells each trouble when it begins, when it gets worse and when it is over, as durable events. What comes and goes is told
 * only after it has stood for a while, and over only after it has been gone for a while (`limits.TROUBLE_TIMES`).
 */
export class Troubles {
  readonly #options: TroublesOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #said: Map<string, Said>;
  readonly #startedMs: number;
  #isRemembered = true;

  private constructor(options: TroublesOptions, said: readonly Said[]) {
    this.#options = options;
    this.#said = new Map(said.map((one) => [keyOf(one), one]));
    this.#startedMs = options.clock.monotonicMs();
  }

  /** Knows what an earlier run said and did not take back; a file that cannot be read is an empty one. */
  static async open(options: TroublesOptions): Promise<Troubles> {
    return new Troubles(options, (await readOwn(options.file, said).catch(() => null)) ?? []);
  }

  /** What stands and was said, in the order in which it was. */
  standing(): readonly Said[] {
    return [...this.#said.values()];
  }

  isStanding(what: What): boolean {
    return this.standing().some((one) => one.what === what);
  }

  /** Looks now and then until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        // What the journal cannot take stands unsaid: the next look says it.
        if (!(error instanceof Failure)) throw error;
        log.warn({ code: error.code }, error.message);
      }
      await untilTick(clock, limits.TROUBLES_EVERY_MS, signal);
    }
  }

  /** Rejects with the Failure of the journal. */
  async look(): Promise<void> {
    for (const watcher of this.#options.watchers) {
      const found = await watcher.look();
      if (found === null) continue;
      const nowMs = this.#options.clock.monotonicMs();
      for (const trouble of found) await this.#stands(trouble, nowMs);
      const keys = new Set(found.map(keyOf));
      await this.#rest(watcher, keys, nowMs);
    }
    if (!this.#isRemembered) await this.#remember();
  }

  async #stands(trouble: Trouble, nowMs: number): Promise<void> {
    const key = keyOf(trouble);
    const sinceMs = this.#seen.get(key)?.sinceMs ?? nowMs;
    this.#seen.set(key, { trouble, sinceMs, lastMs: nowMs });
    const said = this.#said.get(key);
    if (!said && nowMs - sinceMs >= limits.TROUBLE_TIMES[trouble.what].afterMs) return this.#tell(trouble, 'began');
    if (said && (trouble.level ?? 0) > said.level) return this.#tell(trouble, 'still');
  }

  /** What this watcher did not find: seen a short while ago it counts as there, otherwise it is over. */
  async #rest({ judges }: Watcher, found: ReadonlySet<string>, nowMs: number): Promise<void> {
    const isGone = (what: What, key: string) =>
      judges.includes(what) &&
      !found.has(key) &&
      nowMs - (this.#seen.get(key)?.lastMs ?? this.#startedMs) >= limits.TROUBLE_TIMES[what].goneMs;
    for (const [key, { trouble }] of this.#seen) if (!this.#said.has(key) && isGone(trouble.what, key)) this.#seen.delete(key);
    for (const [key, { what, source }] of this.#said) if (isGone(what, key)) await this.#over(what, source);
  }

  async #tell(trouble: Trouble, edge: 'began' | 'still'): Promise<void> {
    const { clock, say, log } = this.#options;
    const { what, source, text, level = 0, battery } = trouble;
    log.warn({ trouble: what, source }, text);
    await say(source, { ...wordOf(what), edge, text, ...(battery ? { battery } : {}) });
    this.#said.set(keyOf(trouble), { what, source, text, level, saidMs: Math.round(clock.wallMs()) });
    await this.#remember();
  }

  async #over(what: What, source: string): Promise<void> {
    const { say, log } = this.#options;
    log.info({ trouble: what, source }, 'over');
    await say(source, { ...wordOf(what, true), edge: 'ended' });
    this.#seen.delete(keyOf({ what, source }));
    this.#said.delete(keyOf({ what, source }));
    await this.#remember();
  }

  /** Without the file a start after a crash says some things twice, or not that they ended: no reason to be silent about them now. */
  async #remember(): Promise<void> {
    const { file, log } = this.#options;
    const wasRemembered = this.#isRemembered;
    try {
      await replaceDurably(file, JSON.stringify(this.standing()));
      this.#isRemembered = true;
    } catch (error) {
      this.#isRemembered = false; // a full disk, no descriptor: the next look tries again
      if (wasRemembered) log.warn({ file }, (error as Error).message);
    }
  }
}

/** Notes that have a word of their own for the end. */
const ENDS: Partial<Record<What, GatewayNote>> = {
  'queue-high': 'queue-normal',
  'disk-full': 'disk-normal',
  'driver-failed': 'driver-recovered',
};

/** Power is a word of the field; the rest are notes of the gateway. */
function wordOf(what: What, isOver = false): Partial<SiteEvent> {
  if (what === 'main-power' || what === 'backup-power') return { kind: what };
  return { note: (isOver ? ENDS[what] : undefined) ?? what };
}

function said(text: string): Said[] | null {
  const all = jsonIn(text) as Array<Said | null> | null;
  if (!Array.isArray(all)) return null;
  return all.filter((one): one is Said => Object.hasOwn(limits.TROUBLE_TIMES, one?.what ?? '') && typeof one?.source === 'string');
}
