import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import type { Spared } from './row.ts';
import type { Level } from './settled-levels.ts';
import { THINNABLE } from './thinnable.ts';

interface Waiting extends Spared {
  readonly kind: string;
  readonly source: string;
  readonly point: string | null;
  readonly note: string | null;
  /** 1: somebody is owed it who is to lose nothing. */
  readonly isKept: 0 | 1;
}

/** Which rows of a stretch go. */
interface Thinning {
  readonly isMeant: (row: Waiting) => boolean;
  readonly spared: (rows: readonly Waiting[]) => readonly Waiting[];
}

/** Of each point's rows, every so many-th stays, and the last. */
function butOneOf(oneOf: number) {
  return (rows: readonly Waiting[]) => {
    const points = Map.groupBy(rows, ({ kind, source, point, note }) => JSON.stringify([kind, source, point, note]));
    return [...points.values()].flatMap((same) => same.filter((_, index) => index < same.length - 1 && (index + 1) % oneOf !== 0));
  };
}

const isReading = ({ kind }: Waiting) => THINNABLE.has(kind);
const THINNED: Thinning = { isMeant: isReading, spared: butOneOf(limits.JOURNAL_THIN_TO_ONE_OF) };
const ALL_READINGS: Thinning = { isMeant: isReading, spared: (rows) => rows };
/** States that a newer one of the same point and kind has overtaken. */
const OVERTAKEN: Thinning = { isMeant: (row) => !isReading(row), spared: butOneOf(Number.POSITIVE_INFINITY) };

/**
 * What waits, oldest first. First what only the longest silent uplink is owed, then what only it and the next one are, and so on: readings
 * thinned, then all of them, then states that are overtaken. Last what all may lose, of which every point keeps its newest.
 */
export function waitingLevels(database: Database, uplinks: number): Level[] {
  const look = database.prepare(`SELECT position, state, kind, source, point, note,
      EXISTS (SELECT 1 FROM owed WHERE slot IN (SELECT value FROM json_each(@keepers)) AND owed.position = rows.position) AS isKept
    FROM rows WHERE state = 0 AND position > @after ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS}`);
  const levelOf = (silent: number, thinning: Thinning): Level => {
    const rounds = new Map<string, Round>();
    return ({ slots, all }) => {
      if (slots.length < silent) return null;
      const keepers = JSON.stringify(all.filter((slot) => !slots.slice(0, silent).includes(slot)).sort());
      const round = rounds.get(keepers) ?? new Round((after) => look.all({ after, keepers }) as Waiting[], thinning);
      rounds.set(keepers, round);
      return round.next();
    };
  };
  return Array.from({ length: uplinks }, (_, index) => index + 1).flatMap((silent) =>
    (silent < uplinks ? [THINNED, ALL_READINGS, OVERTAKEN] : [THINNED, OVERTAKEN]).map((thinning) => levelOf(silent, thinning)),
  );
}

/**
 * Rounds over the rows that wait, a stretch at a time; one goes on where it stopped when room was found. What a whole round found nothing
 * in is not looked through again, only what was kept for somebody then, and what came later: a lane without room has millions of rows.
 */
class Round {
  readonly #look: (after: number) => Waiting[];
  readonly #thinning: Thinning;
  /** Nothing can be given up at or before this position. */
  #floor = 0;
  #cursor = 0;
  /** Where the stretch before this one began: together with what comes it may have something to give. */
  #before = 0;
  #kept: number | null = null;
  #hasFound = false;

  constructor(look: (after: number) => Waiting[], thinning: Thinning) {
    this.#look = look;
    this.#thinning = thinning;
  }

  /** Rows of the next stretch that may go; null when a round over everything found none. */
  next(): readonly Spared[] | null {
    const rows = this.#look(this.#cursor);
    if (rows.length === 0) return this.#end();
    this.#before = this.#cursor;
    this.#cursor = rows.at(-1)!.position;
    const meant = rows.filter(this.#thinning.isMeant);
    this.#kept ??= meant.find(({ isKept }) => isKept === 1)?.position ?? null;
    const spared = this.#thinning.spared(meant.filter(({ isKept }) => isKept === 0));
    this.#hasFound ||= spared.length > 0;
    return spared;
  }

  #end(): readonly Spared[] | null {
    const hasFound = this.#hasFound;
    if (!hasFound) this.#floor = Math.min(this.#before, (this.#kept ?? Number.POSITIVE_INFINITY) - 1);
    this.#cursor = this.#floor;
    this.#before = this.#floor;
    this.#kept = null;
    this.#hasFound = false;
    return hasFound ? [] : null;
  }
}
