import { type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import { type Content, canonicalJson, digestOf } from './digest.ts';
import type { Entry } from './ledger.ts';

/** A row of the table `ledger`, as it was found. */
export interface EntryRow extends Content {
  readonly lane: Lane;
  readonly position: number;
  readonly committedMs: number;
  readonly digest: Buffer;
}

/** A row that is not what was written. */
export interface Damaged {
  readonly row: EntryRow;
  readonly reason: string;
}

/**
 * The entry of a row, as it was written. Of a damaged row there is one only where the digest proves it: the event stands twice in
 * a row, as text and in its frame, and damage to the text alone is mended from the frame. The rest is evidence and no entry.
 */
export function readEntry(row: EntryRow): { readonly entry?: Entry; readonly damaged?: Damaged } {
  if (isWritten(row)) return { entry: entryOf(row) };
  const where = `the entry at position ${row.position} is not what was written`;
  const mended = withEventOfFrame(row);
  if (mended && isWritten(mended))
    return { entry: entryOf(mended), damaged: { row, reason: `${where}; its frame is, and says its event` } };
  return { damaged: { row, reason: where } };
}

function isWritten(row: EntryRow): boolean {
  try {
    return digestOf(row).equals(row.digest);
  } catch {
    return false; // a column of another type than was written
  }
}

function withEventOfFrame(row: EntryRow): EntryRow | null {
  try {
    const read = PROFILES.get(row.profile)?.read(row.frame);
    return read && 'event' in read ? { ...row, event: canonicalJson(read.event) } : null;
  } catch {
    return null; // a decoder may fail over damaged bytes
  }
}

function entryOf(row: EntryRow): Entry {
  const { position, gateway, epoch, lane, number, ordinal, boot, monotonicMs, wallMs, profile, committedMs } = row;
  const clockSynchronised = row.clockSynchronised === 1;
  const event = JSON.parse(row.event) as SiteEvent;
  return { position, gateway, epoch, lane, number, ordinal, boot, monotonicMs, wallMs, clockSynchronised, profile, committedMs, event };
}
