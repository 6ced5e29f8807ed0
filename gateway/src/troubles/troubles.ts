import { type Clock, Failure, type GatewayNote, type SiteEvent } from '@fengsui/protocol';
import { untilTick } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Log } from '../supervision.ts';
import { keyOf, Remembered, type Said } from './remembered.ts';
import type { Trouble, Watcher, What } from './trouble.ts';

export type Says = Pick<SiteEvent, 'edge'> & Partial<SiteEvent>;

export interface TroublesOptions {
  readonly watchers: readonly Watcher[];
  /** Remembers what was said to stand, so that the next start does not say it again, and can say that it is over. */
  readonly file: string;
  readonly clock: Clock;
  /** Makes an event about a part of the gateway durable. */
  readonly say: (source: string, event: Says) => Promise<unknown>;
  readonly log: Log;
}

interface Seen {
  readonly what: What;
  readonly source: string;
  /** Monotonic: since when it stands. */
  readonly sinceMs: number;
  /** Monotonic: when it was last seen, or could not be judged. */
  lastMs: number;
  /** This run has found it itself. */
  isOwn: boolean;
  /** Since when it is less bad than was said, and the worst since then; null: it is as bad. */
  eased: { readonly sinceMs: number; readonly level: number } | null;
}

/**
 * Tells each trouble when it begins, when it gets worse and when it is over, as durable events. What comes and goes is told
 * only after it has stood for a while, and over only after it has been gone for a while (`limits.TROUBLE_TIMES`). One that an
 * earlier run said stands on without a word until this run has had the chance to see it, and has not. Of what was proved not to stand, and
 * of which nobody remembers a word, the end is told once.
 */
export class Troubles {
  readonly #options: TroublesOptions;
  readonly #remembered: Remembered;
  readonly #seen: Map<string, Seen>;

  private constructor(options: TroublesOptions, remembered: Remembered) {
    const nowMs = options.clock.monotonicMs();
    const before = remembered.all().map((said) => [keyOf(said), seenNow(said, nowMs)] as const);
    this.#options = options;
    this.#remembered = remembered;
    this.#seen = new Map(before);
  }

  /** Knows what an earlier run said and did not take back. */
  static async open(options: TroublesOptions): Promise<Troubles> {
    return new Troubles(options, await Remembered.open(options.file, options.log));
  }

  /** What stands and was said, in the order in which it was. */
  standing(): readonly Said[] {
    return this.#remembered.all();
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
    const levelSaid = (what: What, source: string) => this.#remembered.get(keyOf({ what, source }))?.level ?? null;
    for (const watcher of this.#options.watchers) {
      const found = await watcher.look(levelSaid);
      const nowMs = this.#options.clock.monotonicMs();
      for (const trouble of found ?? []) await this.#stands(trouble, nowMs);
      await this.#rest(watcher, found && new Set(found.map(keyOf)), nowMs);
      for (const one of watcher.proved?.() ?? []) if (!this.#remembered.knows(keyOf(one))) await this.#over(one.what, one.source);
    }
    await this.#remembered.again();
  }

  async #stands(trouble: Trouble, nowMs: number): Promise<void> {
    const key = keyOf(trouble);
    const seen = this.#seen.get(key) ?? seenNow(trouble, nowMs);
    Object.assign(seen, { lastMs: nowMs, isOwn: true });
    this.#seen.set(key, seen);
    const said = this.#remembered.get(key);
    const { level = 0, what } = trouble;
    if (!said && nowMs - seen.sinceMs >= limits.TROUBLE_TIMES[what].afterMs) return this.#tell(trouble, 'began');
    if (said && level < said.level) return this.#ease(seen, said, trouble, nowMs);
    seen.eased = null;
    if (said && level > said.level) await this.#tell(trouble, 'still');
  }

  /** What was less bad for as long as it would take to be over is told again when it gets worse. */
  async #ease(seen: Seen, said: Said, { level = 0, text, what }: Trouble, nowMs: number): Promise<void> {
    seen.eased = { sinceMs: seen.eased?.sinceMs ?? nowMs, level: Math.max(level, seen.eased?.level ?? 0) };
    if (nowMs - seen.eased.sinceMs < limits.TROUBLE_TIMES[what].goneMs) return;
    await this.#remembered.put({ ...said, level: seen.eased.level, text });
    seen.eased = null;
  }

  /** What this watcher did not find (null: it could not judge): seen a short while ago it counts as there, otherwise it is over. */
  async #rest(watcher: Watcher, found: ReadonlySet<string> | null, nowMs: number): Promise<void> {
    for (const [key, seen] of this.#seen) {
      const { what, source } = seen;
      if (!watcher.judges.includes(what) || found?.has(key)) continue;
      const isJudged = found !== null && (seen.isOwn || (watcher.hasSeen?.(what, source) ?? true));
      const isSaid = this.#remembered.get(key) !== undefined;
      if (!isJudged && isSaid) seen.lastMs = nowMs;
      if (!isJudged || nowMs - seen.lastMs < limits.TROUBLE_TIMES[what].goneMs) continue;
      if (isSaid) await this.#over(what, source);
      this.#seen.delete(key);
    }
  }

  async #tell(trouble: Trouble, edge: 'began' | 'still'): Promise<void> {
    const { clock, say, log } = this.#options;
    const { what, source, text, level = 0, battery } = trouble;
    log.warn({ trouble: what, source }, text);
    await say(source, { ...wordOf(what), edge, text, ...(battery ? { battery } : {}) });
    await this.#remembered.put({ what, source, text, level, saidMs: Math.round(clock.wallMs()) });
  }

  async #over(what: What, source: string): Promise<void> {
    const { say, log } = this.#options;
    log.info({ trouble: what, source }, 'over');
    await say(source, { ...wordOf(what, true), edge: 'ended' });
    await this.#remembered.over({ what, source });
  }
}

function seenNow({ what, source }: Pick<Trouble, 'what' | 'source'>, nowMs: number): Seen {
  return { what, source, sinceMs: nowMs, lastMs: nowMs, isOwn: false, eased: null };
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
