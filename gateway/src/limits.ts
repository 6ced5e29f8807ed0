/** Every limit and waiting time of the gateway that a site does not set, and the defaults of those it does; each with its reason. */

/** Largest batch on the uplink: what the collector's front lets through before it reads (reliability of the broker: PUBLISH at most 16 KiB). */
export const BATCH_BYTES_MAX = 16 * 1024;

/** Rows sent and not yet confirmed by a receipt, per lane: bounds what a broken link makes us send twice. */
export const ROWS_IN_FLIGHT_MAX = 64;

/** GB/T 26875.3-2011 8.1: an answer is due within 10 s, then the message is sent again. */
export const RECEIPT_TIMEOUT_MS = 10_000;

/** MQTT CONNECT to CONNACK. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that neither opened nor closed by then is thrown away: the client library's own timers are not trusted alone. */
export const CONNECT_BACKSTOP_MS = 90_000;

/** A dead link must be visible at both ends within 60 s: two missed pings of 20 s leave a third to decide. */
export const KEEPALIVE_S = 20;

/** Back-off of the uplink: long enough to let a restarted collector breathe, short enough that the first alarm is there within 3 s of the link. */
export const RECONNECT_MIN_MS = 1_000;
export const RECONNECT_MAX_MS = 30_000;

/** Back-off of a line: panels must be read again within 5 s of a crash. */
export const REOPEN_MIN_MS = 200;
export const REOPEN_MAX_MS = 5_000;

/** A line that stayed open this long has recovered: its back-off starts again from the shortest. */
export const RECOVERED_AFTER_MS = 10_000;

/** The journal's worker answers within this time or counts as hung and is replaced. */
export const JOURNAL_ANSWER_TIMEOUT_MS = 10_000;

/** Events that may wait for the journal at once; more are refused, so that a stuck disk cannot fill the memory. */
export const JOURNAL_WAITING_MAX = 10_000;

/** Events of one transaction: bounds the time one commit takes. */
export const JOURNAL_GROUP_MAX = 512;

/** Nobody else writes to the journal's files; a lock of another process is waited for no longer than this. */
export const JOURNAL_LOCK_TIMEOUT_MS = 2_000;

/** The write-ahead log is cut back to this size after a checkpoint. */
export const WAL_BYTES_MAX = 16 * 1024 * 1024;

/** Orderly stop, in all, and the hard exit behind it. */
export const STOP_WITHIN_MS = 5_000;
export const EXIT_WITHIN_MS = 8_000;

/** A step of the wall clock beyond this is an event of its own. */
export const CLOCK_STEP_MS = 2_000;

/** Pieces of noise kept per wire for the eyes of an installer, and how much of each. */
export const NOISE_PIECES_KEPT = 16;
export const NOISE_PIECE_BYTES_MAX = 64;

/** A reading without a setting of its own is reported at least this often. */
export const REPORT_EVERY_MS = 600_000;

/** Where systemd-timesyncd says that the clock was set from the network. */
export const CLOCK_SYNCHRONISED_FILE = '/run/systemd/timesync/synchronized';
