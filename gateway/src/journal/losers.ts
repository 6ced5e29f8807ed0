import type { LaneParts } from './lane-parts.ts';

/** Who may lose rows for want of room. */
export interface Losers {
  /** Slots of uplinks that may, the one first that was silent for the most rows. */
  readonly slots: readonly number[];
  /** Slots of all. */
  readonly all: readonly number[];
}

/**
 * Uplinks whose own share of the file is more than it may have: their part of what waits, of the bytes in use. An uplink that keeps up loses
 * nothing, however much waits for another. Where no share is too large and room is wanted all the same, it is who was silent longest.
 */
export function losersOf({ owed, tally }: LaneParts, usedBytes: number, aimBytes: number): Losers {
  const all = owed.bySilence(tally.position);
  const waiting = new Map(owed.counted().map((account) => [account.slot, account.waiting ?? 0]));
  const shareBytes = (slot: number) => (waiting.get(slot)! / Math.max(1, tally.waiting)) * usedBytes;
  const beyond = all.filter((slot) => shareBytes(slot) > aimBytes);
  return { slots: beyond.length > 0 ? beyond : all.slice(0, 1), all };
}
