import { type Clock, Failure, LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import type { SiteState } from './downlink/site-state.ts';
import type { EarlierKind, EarlierRow, Journal } from './journal/journal.ts';
import { pointOf } from './journal/point.ts';
import * as limits from './limits.ts';
import { within } from './pulse.ts';
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
 * Beside everything else, in pieces, the newest first and so far as the limits allow: first all that says how something stands, however
 * many readings lie between, then what was measured last. What cannot be read, or not in time, is logged. Never rejects.
 */
export function recall(options: RecallOptions): Promise<void> {
  const { journal, site, clock } = options;
  const untilMs = clock.monotonicMs() + limits.RECALL_WITHIN_MS;
  // What this run says comes to the site by itself.
  const before = new Map(LANES.map((lane) => [lane, journal.newest(lane) + 1]));
  const read = (lane: Lane, what: EarlierKind) => rowsOf(options, { lane, what, before: before.get(lane)! }, untilMs);
  const all = async () => {
    const states = await Promise.all(LANES.map((lane) => read(lane, 'states')));
    return [...states, await read('ordinary', 'readings')];
  };
  return site.recall(all().then((rows) => runsOf(rows.flat(), options)));
}

interface Wanted {
  readonly lane: Lane;
  readonly what: EarlierKind;
  readonly before: number;
}

async function rowsOf({ journal, clock, log }: RecallOptions, { lane, what, before }: Wanted, untilMs: number): Promise<EarlierRow[]> {
  const pieceRows = lane === 'ordinary' && what === 'states' ? limits.RECALL_PIECE_APART : limits.RECALL_PIECE;
  const kept: EarlierRow[] = [];
  const repeated = new Set<string>();
  let looked = 0;
  try {
    for (let at = before; at > 0; looked += pieceRows) {
      const leftMs = untilMs - clock.monotonicMs();
      const isEnough = looked >= limits.RECALL_ROWS || kept.length >= limits.RECALL_KEPT || leftMs <= 0;
      const piece = isEnough ? 'late' : await within(clock, journal.earlier(lane, what, at, pieceRows), leftMs);
      if (piece === 'late') {
        log.info({ lane, what, rows: looked }, 'how the site stood before is known from the newest rows alone');
        break;
      }
      for (const row of piece.rows) if (isFirst(row, repeated)) kept.push(row);
      at = piece.first;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code !== 'journal-closed')
      log.warn({ code: error.code, lane }, `how the site stood before is not known in full: ${error.message}`);
  }
  return kept;
}

/** Of what a point says again and again only the newest counts. */
function isFirst(row: EarlierRow, repeated: Set<string>): boolean {
  const { kind, source } = row;
  if (kind !== 'reading' && kind !== 'heartbeat') return true;
  const event = row.point === null ? eventIn(row) : null;
  const about = `${kind} ${source} ${event ? pointOf(event) : row.point}`;
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
