import * as limits from '../limits.ts';
import { isSound } from './checksum.ts';
import type { LaneParts } from './lane-parts.ts';
import type { KeptFrame } from './messages.ts';
import type { KeptRow } from './row.ts';

/** A row by its name, as an uplink is owed it. */
export interface OwedRow {
  readonly uplink: string;
  readonly epoch: number;
  readonly number: number;
}

/**
 * What an uplink has settled that may be about the same as a row it is still owed, is no end, and is newer: what was told out of turn is known
 * after a start too. Whether it was told, and of what, its frame says. Of what stands behind the row so much is looked at that nobody else
 * waits long.
 */
export function newerSettled({ statements, owed }: LaneParts, { uplink, epoch, number }: OwedRow): KeptFrame[] {
  const row = statements.named.get({ epoch, number }) as { readonly position: number } | undefined;
  if (!row) return [];
  const asked = { ...row, epoch, number, rowsMax: limits.NEWER_SETTLED_ROWS };
  const byAll = statements.newerSettled.all(asked) as KeptRow[];
  // What others are owed still waits, though this one has it.
  const byIt = owed.accounts.slots.length > 1 ? (statements.newerTold.all({ ...asked, slot: owed.slotOf(uplink) }) as KeptRow[]) : [];
  return [...byAll, ...byIt].filter(isSound).map(({ profile, frame }) => ({ profile, frame }));
}
