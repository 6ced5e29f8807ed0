import type { Sealed } from './checksum.ts';

/** Everything of a row but its position and its settlement. */
export const COLUMNS =
  'epoch, number, ordinal, boot, monotonic_ms, wall_ms, clock_synchronised, event_id, kind, edge, source, note, point, profile, frame, checksum';

/** A row about to be written. */
export interface NewRow extends Sealed {
  readonly kind: string;
  readonly edge: string;
  readonly source: string;
  readonly note: string | null;
  /** Part and quantity: a newer row of the same point and kind supersedes an older one. */
  readonly point: string | null;
}

/** A row that an uplink has rejected; it waits as long as others are owed it. */
export interface RejectedRow extends NewRow {
  readonly position: number;
  readonly state: number;
}

/** A row as it lies in the file. */
export interface KeptRow extends NewRow {
  readonly position: number;
  readonly checksum: Uint8Array;
}

/** A row that is given up or set aside. */
export interface Spared {
  readonly position: number;
  readonly state: number;
}
