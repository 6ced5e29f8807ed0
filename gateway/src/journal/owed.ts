import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import type { Refusals } from './refusals.ts';

const SLOTS = Array.from({ length: limits.UPLINKS_MAX }, (_, slot) => slot);
const ANY_SLOT = `slot IN (${SLOTS.join(', ')})`;

/** What of a row an uplink settled means for the row: its state when nobody is owed it any more, else null. */
export type Ending = 'accepted' | 'rejected' | null;

/** Numbers that follow each other. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

/** What is owed to one uplink. */
export interface Due {
  readonly waiting: number;
  /** Wall clock of the oldest row that waits; null when none does. */
  readonly oldestMs: number | null;
}

/**
 * Which rows of a lane's file are owed to which uplink. A row waits until every uplink has settled it; each uplink finds its own rows
 * by its own index, however many others wait for. Uplinks have slots in the file: their names may change, what they are owed does not.
 */
export class Owed {
  readonly #database: Database;
  readonly #refusals: Refusals;
  readonly #statements: ReturnType<typeof prepared>;
  readonly #slots = new Map<string, number>();
  /** Rows owed by slot; null where they have to be counted. */
  readonly #waiting: Array<number | null> = SLOTS.map(() => null);
  /** Slots of uplinks that are gone and whose rows are still to be released. */
  #isReleasing = true;

  constructor(database: Database, refusals: Refusals) {
    this.#database = database;
    this.#refusals = refusals;
    this.#statements = prepared(database);
  }

  /**
   * Gives every uplink its slot. One that is new where another is gone takes over what that one was owed; one that is new beside the
   * others begins with what nobody has settled yet. What was owed to one that is gone for good is released bit by bit.
   */
  assign(names: readonly string[]): void {
    if (names.length === 0 || names.length > SLOTS.length) throw new RangeError(`one to ${SLOTS.length} uplinks, not ${names.length}`);
    this.#database.transaction(() => {
      const before = this.#statements.uplinks.all() as Array<{ slot: number; name: string }>;
      const gone = before.filter(({ name }) => !names.includes(name));
      const fresh = names.filter((name) => !before.some((other) => other.name === name));
      for (const { slot } of gone) this.#statements.forget.run(slot);
      const kept = before.filter((uplink) => !gone.includes(uplink)).map(({ slot }) => slot);
      const taken = fresh.map((name, index) => this.#admit(name, gone[index]?.slot ?? null, kept));
      for (const [index, name] of fresh.entries()) this.#statements.name.run({ slot: taken[index], name });
    })();
    for (const { slot, name } of this.#statements.uplinks.all() as Array<{ slot: number; name: string }>) this.#slots.set(name, slot);
  }

  /** The slot of an uplink that is new: of one that is gone, with what it was owed, or an empty one with what nobody has settled yet. */
  #admit(name: string, inherited: number | null, kept: number[]): number {
    if (inherited !== null) {
      kept.push(inherited);
      return inherited;
    }
    const free = SLOTS.filter((slot) => !kept.includes(slot));
    const slot = free.find((each) => this.#count(each) === 0) ?? free[0];
    if (slot === undefined) throw new RangeError(`no slot for ${name}`);
    while (this.#releaseSome(slot, limits.CHORE_WINDOW_ROWS) > 0);
    this.#statements.forgive.run({ slot });
    const [first, ...others] = kept;
    if (first === undefined) this.#statements.oweAll.run({ slot });
    else this.#statements.oweUnsettled.run({ slot, first, others: JSON.stringify(others), many: others.length });
    kept.push(slot);
    return slot;
  }

  slotOf(uplink: string): number {
    const slot = this.#slots.get(uplink);
    if (slot === undefined) throw new RangeError(`no such uplink: ${uplink}`);
    return slot;
  }

  /** Positions of rows owed to an uplink behind a position are found through this clause: `@slot`, `@after`. */
  static readonly FROM = 'owed CROSS JOIN rows ON rows.position = owed.position WHERE owed.slot = @slot AND owed.position > @after';

  /** Notes that rows were written: each is owed to every uplink. */
  wrote(rows: number): void {
    for (const slot of this.#slots.values()) {
      const waiting = this.#waiting[slot];
      if (typeof waiting === 'number') this.#waiting[slot] = waiting + rows;
    }
  }

  /** Rows went or came otherwise: they are counted anew when somebody asks. */
  recount(): void {
    this.#waiting.fill(null);
  }

  /** One uplink has settled a row, with a reason where it was rejected. Answers undefined when the row was not owed to it. */
  settle(uplink: string, epoch: number, number: number, reason: string | null, wallMs: number): { readonly ending: Ending } | undefined {
    const slot = this.slotOf(uplink);
    const found = this.#statements.find.get({ epoch, number }) as { position: number } | undefined;
    if (!found || this.#statements.settle.run({ slot, position: found.position }).changes === 0) return undefined;
    if (reason !== null) this.#refusals.note(found.position, slot, reason);
    return { ending: this.#end(found.position, reason === null ? null : `${uplink}: ${reason}`, wallMs) };
  }

  /** One uplink has accepted a run of numbers. Answers how many of them were owed to it, and how those ended that nobody is owed any more. */
  accept(
    uplink: string,
    epoch: number,
    { first, last }: Run,
    wallMs: number,
  ): { readonly settled: number; readonly endings: readonly Ending[] } {
    const run = { epoch, first, last };
    const { changes } = this.#statements.settleRun.run({ ...run, slot: this.slotOf(uplink) });
    const ended = changes === 0 ? [] : (this.#statements.endRun.all({ ...run, reason: null, wallMs }) as Array<{ readonly state: number }>);
    return { settled: changes, endings: ended.map(endingOf) };
  }

  /** Notes that an uplink settled rows durably. */
  settled(uplink: string, rows: number): void {
    const slot = this.slotOf(uplink);
    const waiting = this.#waiting[slot];
    if (typeof waiting === 'number') this.#waiting[slot] = waiting - rows;
  }

  /** Whether there is anything left to release after this piece: what uplinks that are gone were owed. */
  release(wallMs: number, onEnding: (ending: 'accepted' | 'rejected') => void): boolean {
    if (!this.#isReleasing) return false;
    for (const slot of SLOTS.filter((each) => ![...this.#slots.values()].includes(each))) {
      const endings: Ending[] = [];
      const released = this.#database.transaction(() => this.#releaseSome(slot, limits.CHORE_ROWS, wallMs, endings))();
      for (const ending of endings) if (ending) onEnding(ending);
      if (released > 0) return true;
    }
    this.#isReleasing = false;
    return false;
  }

  #releaseSome(slot: number, rows: number, wallMs = Date.now(), endings: Ending[] = []): number {
    const positions = this.#statements.some.all({ slot, rows }) as Array<{ position: number }>;
    for (const { position } of positions) {
      this.#statements.settle.run({ slot, position });
      endings.push(this.#end(position, null, wallMs));
    }
    return positions.length;
  }

  #end(position: number, reason: string | null, wallMs: number): Ending {
    const row = this.#statements.end.get({ position, reason, wallMs }) as { state: number } | undefined;
    return row ? endingOf(row) : null;
  }

  /** What each uplink is owed, by its name. */
  state(): Record<string, Due> {
    return Object.fromEntries(
      [...this.#slots].map(([name, slot]) => {
        const waiting = (this.#waiting[slot] ??= this.#count(slot));
        const oldest = this.#statements.oldest.get({ slot, after: 0 }) as { wall_ms: number } | undefined;
        return [name, { waiting, oldestMs: oldest?.wall_ms ?? null }];
      }),
    );
  }

  #count(slot: number): number {
    return (this.#statements.count.get({ slot }) as { rows: number }).rows;
  }
}

function endingOf({ state }: { readonly state: number }): Ending {
  if (state === 0) return null;
  return state === 2 ? 'rejected' : 'accepted';
}

/** A row is settled with its last uplink; it counts as rejected when any of them rejected it. */
const END = `UPDATE rows SET reason = CASE WHEN @reason IS NULL THEN reason ELSE coalesce(reason || '; ', '') || @reason END,
  state = CASE WHEN EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = rows.position) THEN 0
    WHEN @reason IS NULL AND reason IS NULL THEN 1 ELSE 2 END, settled_ms = @wallMs`;

function prepared(database: Database) {
  return {
    uplinks: database.prepare('SELECT slot, name FROM uplinks ORDER BY slot'),
    name: database.prepare('INSERT INTO uplinks (slot, name) VALUES (@slot, @name)'),
    forget: database.prepare('DELETE FROM uplinks WHERE slot = ?'),
    forgive: database.prepare('DELETE FROM refusals WHERE slot = @slot'),
    count: database.prepare('SELECT count(*) AS rows FROM owed WHERE slot = @slot'),
    oldest: database.prepare(`SELECT wall_ms FROM ${Owed.FROM} ORDER BY owed.position LIMIT 1`),
    oweAll: database.prepare('INSERT INTO owed (slot, position) SELECT @slot, position FROM rows WHERE state = 0 ORDER BY position'),
    oweUnsettled: database.prepare(`INSERT INTO owed (slot, position) SELECT @slot, position FROM owed AS one WHERE slot = @first
      AND (SELECT count(*) FROM owed AS other WHERE other.slot IN (SELECT value FROM json_each(@others)) AND other.position = one.position) = @many
      ORDER BY position`),
    find: database.prepare('SELECT position FROM rows WHERE epoch = @epoch AND number = @number'),
    settle: database.prepare('DELETE FROM owed WHERE slot = @slot AND position = @position'),
    some: database.prepare('SELECT position FROM owed WHERE slot = @slot ORDER BY position LIMIT @rows'),
    end: database.prepare(`${END}
      WHERE position = @position AND (@reason IS NOT NULL OR NOT EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = @position))
      RETURNING state`),
    settleRun: database.prepare(`DELETE FROM owed WHERE slot = @slot
      AND position IN (SELECT position FROM rows WHERE epoch = @epoch AND number BETWEEN @first AND @last)`),
    endRun: database.prepare(`${END}
      WHERE epoch = @epoch AND number BETWEEN @first AND @last AND state = 0
        AND NOT EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = rows.position)
      RETURNING state`),
  };
}

/** Numbers as runs, in the order they are given. */
export function runsOf(numbers: readonly number[]): Run[] {
  const runs: Array<{ first: number; last: number }> = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}
