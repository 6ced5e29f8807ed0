import * as limits from '../limits.ts';
import type { LaneParts } from './lane-parts.ts';

/** A row by its name, as an uplink is owed it. */
export interface OwedRow {
  readonly uplink: string;
  readonly epoch: number;
  readonly number: number;
}

/**
 * Whether an uplink has settled something newer of the same point and kind than a row it is still owed: what was told out of turn is known after
 * a start too. Of what stands behind the row so much is looked at that nobody else waits long.
 */
export function isOvertaken({ statements, owed }: LaneParts, { uplink, epoch, number }: OwedRow): boolean {
  const row = statements.named.get({ epoch, number }) as { readonly position: number } | undefined;
  if (!row) return false;
  const asked = { ...row, epoch, number, rowsMax: limits.OVERTAKEN_ROWS };
  if (statements.newerSettled.get(asked) !== undefined) return true;
  // What others are owed still waits, though this one has it.
  return owed.accounts.slots.length > 1 && statements.newerTold.get({ ...asked, slot: owed.slotOf(uplink) }) !== undefined;
}
