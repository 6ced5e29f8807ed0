import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';
import { type Account, Accounts, type Marks } from './accounts.ts';
import type { Due } from './messages.ts';
import { prepared, SLOTS } from './owed-statements.ts';
import type { Refusals } from './refusals.ts';
import { ROW_STATES } from './schema.ts';

/** What of a row an uplink settled means for the row: its state when nobody is owed it any more, else null. */
export type Ending = 'accepted' | 'rejected' | null;

/** Numbers that follow each other. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

/**
 * Which rows of a lane's file are owed to which uplink. A row waits until every uplink has settled it; each uplink finds its own rows
 * by its own index, however many others wait for. Uplinks have slots in the file: their names may change, what they are owed does not.
 */
export class Owed {
  readonly #database: Database;
  readonly #refusals: Refusals;
  readonly #statements: ReturnType<typeof prepared>;
  /** To be told of what is durable, never of what is about to be. */
  accounts = new Accounts([]);
  /** Slots of uplinks that are gone and whose rows are still to be released. */
  #isReleasing = true;

  constructor(database: Database, refusals: Refusals) {
    this.#database = database;
    this.#refusals = refusals;
    this.#statements = prepared(database);
  }

  /**
   * Gives every uplink its slot. One that is new where another is gone takes over what that one was owed, and what it lost; one that is
   * new beside the others begins with what nobody has settled yet. What was owed to one that is gone for good is released bit by bit.
   */
  assign(names: readonly string[]): void {
    if (names.length === 0 || names.length > SLOTS.length) throw new RangeError(`one to ${SLOTS.length} uplinks, not ${names.length}`);
    this.#database.transaction(() => {
      const before = this.#statements.uplinks.all() as Account[];
      const gone = before.filter(({ name }) => !names.includes(name));
      const fresh = names.filter((name) => !before.some((other) => other.name === name));
      for (const { slot } of gone) this.#statements.forget.run(slot);
      const kept = before.filter((uplink) => !gone.includes(uplink)).map(({ slot }) => slot);
      const taken = fresh.map((name, index) => this.#admit(name, gone[index]?.slot ?? null, kept));
      for (const [index, name] of fresh.entries())
        this.#statements.name.run({ slot: taken[index], name, thinned: gone[index]?.thinned ?? 0 });
    })();
    this.accounts = new Accounts(this.#statements.uplinks.all() as Account[]);
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

  /** Throws a RangeError when nobody has that name. */
  slotOf(uplink: string): number {
    return this.accounts.of(uplink).slot;
  }

  /** Whether an uplink is owed anything up to a position. */
  isOwed(uplink: string, upTo: number): boolean {
    const lowest = this.#statements.lowest.get({ slot: this.slotOf(uplink) }) as { position: number } | undefined;
    return lowest !== undefined && lowest.position <= upTo;
  }

  /** Slots of all uplinks, the one that was silent for the most rows first: since its last receipt, or before the lowest row it is owed. */
  bySilence(newest: number): number[] {
    const lowest = (slot: number) => (this.#statements.lowest.get({ slot }) as { position: number } | undefined)?.position;
    return [...this.accounts.all]
      .map(({ slot, heardAt }) => ({ slot, heardAt: heardAt ?? (lowest(slot) ?? newest + 1) - 1 }))
      .sort((one, other) => one.heardAt - other.heardAt || other.slot - one.slot)
      .map(({ slot }) => slot);
  }

  /** What each uplink is owed and has lost, counted. */
  counted(): readonly Account[] {
    const accounts = [...this.accounts.all];
    for (const account of accounts) account.waiting ??= this.#count(account.slot);
    return accounts;
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

  /** One uplink has rejected rows that it is owed, for their numbers. Answers how each ended. */
  refuse(uplink: string, positions: readonly number[], reason: string, wallMs: number): readonly Ending[] {
    const slot = this.slotOf(uplink);
    const named = JSON.stringify(positions);
    this.#statements.settleAll.run({ slot, positions: named });
    this.#refusals.noteTaken(positions, slot);
    const ended = this.#statements.endAll.all({ positions: named, reason: `${uplink}: ${reason}`, wallMs });
    return (ended as Array<{ readonly state: number }>).map(endingOf);
  }

  /** Owes rows to nobody, or not to these slots. Answers who lost how many; the accounts are told when it is durable. */
  unmark(positions: readonly number[], slots = this.accounts.slots): Marks {
    const lost = (slot: number) => positions.reduce((sum, position) => sum + this.#statements.settle.run({ slot, position }).changes, 0);
    return new Map(slots.map((slot) => [slot, lost(slot)]));
  }

  /** Writes down for good what uplinks lost for want of room: rows they were owed, and rows that were never written. */
  thin(marks: Marks, unwritten = 0): void {
    for (const slot of this.accounts.slots) {
      const rows = (marks.get(slot) ?? 0) + unwritten;
      if (rows > 0) this.#statements.thin.run({ slot, rows });
    }
  }

  /** Whether there is anything left to release after this piece: what uplinks that are gone were owed. */
  release(wallMs: number, onEnding: (ending: 'accepted' | 'rejected') => void): boolean {
    if (!this.#isReleasing) return false;
    for (const slot of SLOTS.filter((each) => !this.accounts.slots.includes(each))) {
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

  /** What each uplink is owed and has lost, by its name. */
  state(): Record<string, Due> {
    return Object.fromEntries(
      this.counted().map(({ name, slot, waiting, thinned }) => {
        const oldest = this.#statements.oldest.get({ slot, after: 0 }) as { wall_ms: number } | undefined;
        return [name, { waiting: waiting ?? 0, oldestMs: oldest?.wall_ms ?? null, thinned }];
      }),
    );
  }

  #count(slot: number): number {
    return (this.#statements.count.get({ slot }) as { rows: number }).rows;
  }
}

function endingOf({ state }: { readonly state: number }): Ending {
  if (state === ROW_STATES.waiting) return null;
  return state === ROW_STATES.rejected ? 'rejected' : 'accepted';
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
