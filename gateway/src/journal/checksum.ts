import { createHash } from 'node:crypto';

/** The columns of a row that a checksum seals. */
export interface Sealed {
  readonly epoch: number;
  readonly number: number;
  readonly ordinal: number;
  readonly boot: number;
  readonly monotonic_ms: number;
  readonly wall_ms: number;
  readonly clock_synchronised: number;
  readonly event_id: string;
  readonly profile: string;
  readonly frame: Uint8Array;
}

/** SHA-256 of a row from its number to its frame: SQLite itself does not notice a flipped bit in a value. */
export function checksumOf(row: Sealed): Buffer {
  const { epoch, number, ordinal, boot, monotonic_ms, wall_ms, clock_synchronised, event_id, profile, frame } = row;
  return createHash('sha256')
    .update(`${epoch}/${number}/${ordinal}/${boot}/${monotonic_ms}/${wall_ms}/${clock_synchronised}/${event_id}/${profile}/`)
    .update(frame)
    .digest();
}

/**
 * Whether a row is as it was written. A damaged page can put a value of any kind into a column: what has no bytes for a frame or a checksum
 * was not written so.
 */
export function isSound(row: Sealed & { readonly checksum: Uint8Array }): boolean {
  return row.frame instanceof Uint8Array && row.checksum instanceof Uint8Array && checksumOf(row).equals(row.checksum);
}
