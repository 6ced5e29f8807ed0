import { type Clock, Failure, LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import type { SiteState } from './downlink/site-state.ts';
import type { EarlierRow, Journal } from './journal/journal.ts';
import * as limits from './limits.ts';
import type { Log } from './supervision.ts';

export interface RecallOptions {
  readonly journal: Pick<Journal, 'earlier' | 'newest'>;
  readonly site: Pick<SiteState, 'recall'>;
  /** Names under which the gateway speaks of itself and its links: how those stand is known anew. */
  readonly own: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells the site what earlier runs heard, as the journal holds it: a fire that stood when the gateway went down stands when it is back.
 * Beside everything else, in pieces, the newest first and so far as the limits allow. What cannot be read is logged. Never rejects.
 */
export function recall(options: RecallOptions): Promise<void> {
  const { journal, site, clock } = options;
  const untilMs = clock.monotonicMs() + limits.RECALL_WITHIN_MS;
  // What this run says comes to the site by itself.
  const lanes = LANES.map((lane) => rowsOf(options, lane, journal.newest(lane) + 1, untilMs));
  return site.recall(Promise.all(lanes).then((rows) => runsOf(rows.flat(), options)));
}

async function rowsOf({ journal, clock, log }: RecallOptions, lane: Lane, before: number, untilMs: number): Promise<EarlierRow[]> {
  const kept: EarlierRow[] = [];
  const repeated = new Set<string>();
  try {
    let looked = 0;
    for (let at = before; at > 0; looked += limits.RECALL_PIECE) {
      if (looked >= limits.RECALL_ROWS || kept.length >= limits.RECALL_KEPT || clock.monotonicMs() > untilMs) {
        log.info({ lane, rows: looked }, 'how the site stood before is known from the newest rows alone');
        break;
      }
      const { rows, first } = await journal.earlier(lane, at, limits.RECALL_PIECE);
      kept.push(...rows.toReversed().filter((row) => isFirst(row, repeated)));
      at = first;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code !== 'journal-closed')
      log.warn({ code: error.code, lane }, `how the site stood before is not known in full: ${error.message}`);
  }
  return kept;
}

/** Of what a point says again and again only the newest counts. */
function isFirst({ kind, source, point }: EarlierRow, repeated: Set<string>): boolean {
  if (kind !== 'reading' && kind !== 'heartbeat') return true;
  const about = `${kind} ${source} ${point}`;
  if (repeated.has(about)) return false;
  repeated.add(about);
  return true;
}

/** The events of each run, in the order in which they were heard. */
async function runsOf(rows: readonly EarlierRow[], { own }: RecallOptions): Promise<SiteEvent[][]> {
  const runs: SiteEvent[][] = [];
  let boot = Number.NaN;
  const ordered = rows
    .filter(({ source, kind }) => kind === 'duty-answer' || !own.has(source))
    .sort((one, other) => one.ordinal - other.ordinal);
  for (const [index, row] of ordered.entries()) {
    if (index % limits.RECALL_PIECE === 0) await new Promise((resolve) => setImmediate(resolve));
    if (row.boot !== boot) runs.push([]);
    boot = row.boot;
    const event = eventIn(row);
    if (event) runs.at(-1)!.push(event);
  }
  return runs;
}

/** null: a frame that nobody can read any more; `journal list` tells of it. */
function eventIn({ profile, frame }: EarlierRow): SiteEvent | null {
  const read = PROFILES.get(profile)?.read(frame);
  return read && 'event' in read ? read.event : null;
}
