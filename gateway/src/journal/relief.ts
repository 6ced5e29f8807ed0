import { EVENT_KINDS, type EventKind } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LaneFile, Spared } from './lane-file.ts';
import type { JournalSizes } from './messages.ts';
import { ROW_STATES } from './schema.ts';

/** What may be given up one by one: the next says the same again. */
export const THINNABLE: ReadonlySet<string> = new Set<EventKind>(['reading', 'heartbeat']);

/** Stretches looked through in one step where none has anything to give, and steps made before a commit. */
const STRETCHES_A_STEP = 8;
const STEPS_A_COMMIT = 4;

interface Waiting extends Spared {
  readonly kind: string;
  readonly source: string;
  readonly point: string | null;
  readonly note: string | null;
}

/** Takes rows of the ordinary lane out of a stretch of it; what each level may take. */
interface Level {
  readonly stretch: (after: number) => { readonly seen: number; readonly last: number; readonly spared: readonly Spared[] };
}

/**
 * Makes room in a lane, a stretch at a time. First goes what the collector has, beyond the rows of each kind that are always kept,
 * readings before anything else; then what it refused for good, beyond as many. In the ordinary lane alone, readings that wait are
 * then thinned, oldest first, each point keeping one of every few and always its newest; last, of states that wait, those that a
 * newer state of the same point and kind has overtaken. Nothing goes by its age: no jump of a clock can take a row away.
 */
export class Relief {
  readonly #file: LaneFile;
  readonly #bytesMax: number;
  readonly #keepRows: number;
  readonly #levels: readonly Level[];
  #level = 0;
  /** How far the round of each level has come: a round goes on where it stopped when room was found. */
  readonly #cursors: number[];
  #foundInRound = false;
  /** Used bytes to come down to; null while there is room. */
  #aimBytes: number | null = null;
  /** Where the file ended when nothing was left to give up. */
  #barrenUntil = 0;

  constructor(file: LaneFile, sizes: JournalSizes) {
    this.#file = file;
    this.#bytesMax = file.lane === 'alarm' ? sizes.alarmBytesMax : sizes.ordinaryBytesMax;
    this.#keepRows = sizes.keepRows;
    const waiting = file.database.prepare(`SELECT position, state, kind, source, point, note FROM rows
      WHERE state = 0 AND position > @after ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS}`);
    const look = (after: number) => waiting.all({ after }) as Waiting[];
    const done = [
      this.#settled(['reading']),
      this.#settled((Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => kind !== 'reading')),
      this.#refused(),
    ];
    const waits = [
      stretchOf(look, (row) => THINNABLE.has(row.kind), limits.JOURNAL_THIN_TO_ONE_OF),
      stretchOf(look, (row) => !THINNABLE.has(row.kind), Number.POSITIVE_INFINITY),
    ];
    this.#levels = file.lane === 'alarm' ? done : [...done, ...waits];
    this.#cursors = this.#levels.map(() => 0);
  }

  /** Whether rows have to go. */
  get isWanted(): boolean {
    const used = this.#file.usedBytes();
    if (used > this.#bytesMax) this.want(used - this.#bytesMax * limits.JOURNAL_RELIEF_SHARE);
    if (this.#aimBytes !== null && used <= this.#aimBytes) this.#aimBytes = null;
    return this.#aimBytes !== null;
  }

  /** Nothing more can be given up, and rows would have to go all the same. */
  get isExhausted(): boolean {
    return this.isWanted && this.#file.position < this.#barrenUntil;
  }

  /** So many bytes less than now are to be used. */
  want(bytes: number): void {
    if (this.#aimBytes === null) this.#level = 0;
    this.#aimBytes = Math.min(this.#aimBytes ?? Number.POSITIVE_INFINITY, Math.max(0, this.#file.usedBytes() - bytes));
  }

  /** Gives up rows of one stretch; false when there is nothing to do or nothing left to give. */
  step(): boolean {
    for (let looked = 0; looked < STRETCHES_A_STEP; looked++) {
      if (!this.isWanted || this.isExhausted) return false;
      const { seen, last, spared } = this.#levels[this.#level]!.stretch(this.#cursors[this.#level]!);
      this.#cursors[this.#level] = last;
      if (seen === 0) this.#endRound();
      if (spared.length === 0) continue;
      this.#foundInRound = true;
      this.#file.giveUp(spared);
      return true;
    }
    return true;
  }

  /** As many steps as one transaction may wait for. */
  makeRoom(): void {
    for (let steps = 0; steps < STEPS_A_COMMIT && this.step(); steps++);
  }

  /** A round over the file is over: the next one of the same kind if it found anything, else what is given up less gladly. */
  #endRound(): void {
    this.#cursors[this.#level] = 0;
    if (!this.#foundInRound) this.#level += 1;
    this.#foundInRound = false;
    if (this.#level < this.#levels.length) return;
    this.#level = 0;
    this.#aimBytes = this.#file.usedBytes() > this.#bytesMax ? this.#aimBytes : null;
    this.#barrenUntil = this.#file.position + limits.CHORE_WINDOW_ROWS;
  }

  /** What the collector has confirmed, oldest first, but for the newest rows of each kind. */
  #settled(kinds: readonly EventKind[]): Level {
    const { database } = this.#file;
    const boundary = database.prepare(`SELECT position FROM rows WHERE state = 1 AND kind = @kind
      ORDER BY position DESC LIMIT 1 OFFSET @keepRows`);
    const rows = database.prepare(`SELECT position, state FROM rows WHERE state = 1 AND kind = @kind AND position <= @until
      ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS / 2}`);
    return {
      stretch: (after) => {
        for (const kind of kinds) {
          const until = (boundary.get({ kind, keepRows: this.#keepRows }) as { position: number } | undefined)?.position;
          const spared = until === undefined ? [] : (rows.all({ kind, until }) as Spared[]);
          if (spared.length > 0) return { seen: spared.length, last: after, spared };
        }
        return { seen: 0, last: after, spared: [] };
      },
    };
  }

  /** What was rejected or is damaged, oldest first, but for the newest of it: evidence, and never in the way of what is sound. */
  #refused(): Level {
    const { database } = this.#file;
    const boundary = database.prepare(`${refused('1')} ORDER BY position DESC LIMIT 1 OFFSET @keepRows`);
    const rows = database.prepare(`${refused('position <= @until')} ORDER BY position LIMIT ${limits.CHORE_WINDOW_ROWS / 2}`);
    return {
      stretch: (after) => {
        const until = (boundary.get({ keepRows: this.#keepRows }) as { position: number } | undefined)?.position;
        const spared = until === undefined ? [] : (rows.all({ until }) as Spared[]);
        return { seen: spared.length, last: after, spared };
      },
    };
  }
}

/** Both states by their stretches of one index, which SQLite merges in order: asked for together, they would be sorted each time. */
export function refused(condition: string): string {
  const of = (state: number) => `SELECT position, state FROM rows WHERE state >= 2 AND state = ${state} AND ${condition}`;
  return `${of(ROW_STATES.rejected)} UNION ALL ${of(ROW_STATES.quarantined)}`;
}

/** Of each point's rows in a stretch that waits, every so many-th stays, and the last. */
function stretchOf(look: (after: number) => Waiting[], isMeant: (row: Waiting) => boolean, oneOf: number): Level {
  return {
    stretch: (after) => {
      const rows = look(after);
      const meant = rows.filter(isMeant);
      const points = Map.groupBy(meant, ({ kind, source, point, note }) => JSON.stringify([kind, source, point, note]));
      const spared = [...points.values()].flatMap((same) =>
        same.filter((_, index) => index < same.length - 1 && (index + 1) % oneOf !== 0),
      );
      return { seen: rows.length, last: rows.at(-1)?.position ?? after, spared };
    },
  };
}
