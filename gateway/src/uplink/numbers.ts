/** What the uplink has counted since the gateway started, and how it stands. */
export class UplinkNumbers {
  state: 'down' | 'connecting' | 'up' = 'down';
  /** Wall clock since when it is up, or is not, however often it was tried meanwhile. */
  sinceMs = 0;
  /** Why it is not up, or why it last was not. */
  lastFailure: string | null = null;
  lastFailureCode: string | null = null;
  /** The way in use, or last in use; null before the first connection. */
  path: 'primary' | 'backup' | null = null;
  /** Why the primary path is not in use; null while it is, or was last. */
  primaryFailure: string | null = null;
  /** Why the backup path could not be used when it was last looked at; null: it could, or there is none. */
  backupFailure: string | null = null;
  /** Why another box seems to use our certificate; null: nothing of the kind was seen of late. */
  identityFailure: string | null = null;
  failOvers = 0;
  failBacks = 0;
  attempts = 0;
  connections = 0;
  batchesSent = 0;
  rowsSent = 0;
  /** Rows that had to be sent again because no receipt came in time. */
  rowsOverdue = 0;
  /** Rows that got no receipt though they went alone and others got theirs; they are sent again. */
  rowsUnanswered = 0;
  /** Which of them is the first; null: there is none. */
  unansweredFailure: string | null = null;
  rowsAccepted = 0;
  rowsRejected = 0;
  /** Rows settled without a word: the far side's protocol has none for them, or they are tests. */
  rowsUntold = 0;
  receipts = 0;
  /** Receipts that were not believed, by reason; `foreign` also what a centre asks of another address than ours. */
  readonly receiptsIgnored = { malformed: 0, foreign: 0, beyond: 0 };
  /** Orders that could not be put on the record; they come again. */
  ordersNotKept = 0;
  /** Wall clock of the last receipt; null before the first. */
  lastReceiptMs: number | null = null;
  /** From sending to receipt, last confirmed row, milliseconds. */
  lastRoundTripMs: number | null = null;
}
