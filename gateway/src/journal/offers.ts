import { NUMBER_TAKEN } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { checksumOf } from './checksum.ts';
import type { Header, LaneParts } from './lane-parts.ts';
import type { RejectedRow } from './row.ts';

/** Rows that a collector cannot have, which holds more than the journal. */
export interface Superseding {
  readonly uplink: string;
  readonly epoch: number;
  /** The highest number that the collector has: what came before this run may be what it has up to there. */
  readonly floor: number;
  /** This run, and the highest number it sent: nobody has more of what it wrote. */
  readonly boot: number;
  readonly sent: number;
  /** The position before which rows are looked at, the newest first. */
  readonly before: number;
}

interface Offer {
  readonly row: RejectedRow;
  /** Uplinks it is owed to; null: to all. */
  readonly slots: readonly number[] | null;
}

/** Rows of a lane that are offered to uplinks once more: what they rejected, and what was forgotten. Each method is one transaction. */
export class Offers {
  readonly #parts: LaneParts;
  /** A row may have been rejected for its number that was not looked at yet. */
  #mayBeTaken = true;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  /** Notes that an uplink rejected rows. */
  heard(rejected: number): void {
    this.#mayBeTaken ||= rejected > 0;
  }

  /** Rows whose number an uplink knows for another row, at most so many. */
  taken(rows: number): RejectedRow[] {
    const taken = this.#mayBeTaken ? this.#parts.refusals.taken(rows) : [];
    this.#mayBeTaken = taken.length > 0;
    return taken;
  }

  /** Leaves such rows rejected as they are. */
  letStay(rows: readonly RejectedRow[]): void {
    this.#parts.database.transaction(() => this.#parts.refusals.letStay(rows))();
  }

  /**
   * Counts rows of an epoch that wait for an uplink and that its collector cannot have as rejected for their number: then they are given
   * others, bit by bit, and are not sent before. Answers before which position more of them may stand; 0: nowhere.
   */
  supersede({ uplink, before, ...which }: Superseding, wallMs: number): number {
    const { database, statements, owed, tally } = this.#parts;
    const upTo = Math.min(before - 1, tally.position);
    const after = upTo - limits.SUPERSEDED_ROWS_MAX;
    const endings = database.transaction(() => {
      const rows = statements.above.all({ ...which, after, upTo, slot: owed.slotOf(uplink) }) as Array<{ position: number }>;
      return owed.refuse(
        uplink,
        rows.map(({ position }) => position),
        `${NUMBER_TAKEN}, or a higher one: the journal was put back from a copy`,
        wallMs,
      );
    })();
    tally.heard(endings.length);
    for (const ending of endings) if (ending) tally.ended(ending);
    owed.accounts.forget();
    this.heard(endings.length);
    return owed.isOwed(uplink, after) ? after + 1 : 0;
  }

  /** Whether a number up to `highest` was given in this run, and never sent: who has that one has it of another copy. */
  hasGiven(highest: number, { epoch, boot, sent }: Pick<Superseding, 'epoch' | 'boot' | 'sent'>): boolean {
    const row = this.#parts.statements.upTo.get({ epoch, highest }) as { number: number; boot: number } | undefined;
    return row !== undefined && row.boot === boot && row.number > sent;
  }

  /**
   * Offers rows again, under the next numbers of the epoch as it is now, to those who knew others by their numbers. A row that others
   * are owed, or rejected for what it says, stays beside it as it is. Its count over both lanes stays too: it was heard before what has
   * been numbered in that epoch already.
   */
  renumber(taken: readonly RejectedRow[]): void {
    const { header, refusals } = this.#parts;
    const { epoch, newest } = header;
    const renamed = taken
      .map((row) => ({ row, slots: refusals.takers(row.position) }))
      .filter(({ slots }) => slots.length > 0)
      .map(({ row, slots }, index) => ({ row: { ...row, epoch, number: newest + 1 + index }, slots }));
    this.#offer(renamed, { newest: newest + renamed.length }, () => taken.filter(({ position }) => refusals.lift(position)));
  }

  /** Lets rejected rows wait again under the numbers they have; rows that are not rejected stay as they are. */
  retry(names: ReadonlyArray<{ readonly epoch: number; readonly number: number }>): void {
    const { statements, refusals } = this.#parts;
    const rejected = names.flatMap(({ epoch, number }) => (statements.rejected.get({ epoch, number }) as RejectedRow | undefined) ?? []);
    const offers = rejected.map((row) => ({ row, slots: refusals.rejecters(row.position) }));
    if (rejected.length > 0) this.#offer(offers, {}, () => rejected);
  }

  /** Owes rows that wait and that nobody is owed to everybody: they would wait for ever. */
  remember(forgotten: readonly RejectedRow[]): void {
    if (forgotten.length > 0)
      this.#offer(
        forgotten.map((row) => ({ row, slots: null })),
        {},
        () => forgotten,
      );
  }

  /** Behind everything that waits, so that whoever follows the lane comes upon them. `replaced` answers which rows go for them. */
  #offer(offers: readonly Offer[], header: Partial<Header>, replaced: () => readonly RejectedRow[]): void {
    const { database, statements, refusals, owed, tally } = this.#parts;
    const { gone, positions } = database.transaction(() => {
      const gone = replaced();
      for (const { position } of gone) statements.remove.run(position);
      const positions = offers.map(({ row: { position: _, state: __, ...row }, slots }) => {
        const position = Number(statements.insert.run({ ...row, checksum: checksumOf(row) }).lastInsertRowid);
        if (slots !== null) refusals.oweOnly(position, slots);
        return position;
      });
      statements.update.run({ ...this.#parts.header, ...header });
      return { gone, positions };
    })();
    Object.assign(this.#parts.header, header);
    for (const { state } of gone) tally.went(state);
    tally.came(positions);
    owed.accounts.forget();
  }
}
