import type { Holding, Lane, Receipt, Row } from '@fengsui/protocol';

/** What the uplink needs of the journal. */
export interface Outbox {
  /** Rows that wait behind a position, and up to another, of one epoch and one profile; nothing waits between `after` and `last` but `rows`. */
  take(lane: Lane, after: number, rowsMax: number, bytesMax: number, upTo?: number): Promise<Waiting>;
  /** `untold`: why the far side is not told the accepted rows at all; they are settled, and nobody confirmed them. */
  settle(receipt: Receipt, untold?: string): Promise<{ readonly accepted: number; readonly rejected: number; readonly unknown: number }>;
  /** Hears how far the series of this gateway have come at the far side, and how far this run has `sent` them: what knows less was put back from a copy. A stop leaves the rest of it to the next start. */
  outrank(series: readonly Holding[], sent: readonly Holding[], stop?: AbortSignal): Promise<void>;
  /** What this uplink has settled, in this run or an earlier one, that is newer than a row that waits, of the same kind, no end, and may be of the same point. */
  newerSettled(lane: Lane, epoch: number, number: number): Promise<ReadonlyArray<{ readonly profile: string; readonly frame: Uint8Array }>>;
  /** Position of the last row of a lane. */
  newest(lane: Lane): number;
  wait(lane: Lane, after: number, signal: AbortSignal): Promise<void>;
}

export interface Waiting {
  readonly epoch: number;
  readonly profile: string;
  readonly rows: readonly Row[];
  readonly last: number;
}

/** Resolves as soon as an alarm waits; rejects with the signal's reason. */
export async function alarmWaits(outbox: Pick<Outbox, 'take' | 'wait'>, signal: AbortSignal): Promise<void> {
  const { rows, last } = await outbox.take('alarm', 0, 1, 1);
  if (rows.length === 0) await outbox.wait('alarm', last, signal);
}
