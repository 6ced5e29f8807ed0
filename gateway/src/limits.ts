/** Every limit and waiting time of the gateway that a site does not set, and the defaults of those it does; each with its reason. */

/** Uplinks of one gateway: our collector, a second one, the city's centre, and one to move to. */
export const UPLINKS_MAX = 4;

/** Largest batch on the uplink: what the collector's front lets through before it reads (reliability of the broker: PUBLISH at most 16 KiB). */
export const BATCH_BYTES_MAX = 16 * 1024;

/** What rows may take of a batch: the rest is room for its head. */
export const BATCH_ROWS_BYTES_MAX = BATCH_BYTES_MAX - 256;

/** Rows sent and not yet confirmed by a receipt, per lane: bounds what a broken link makes us send twice. */
export const ROWS_IN_FLIGHT_MAX = 64;

/** Rows of one batch: two are on their way at once, so that one travels while the other is read and settled. */
export const BATCH_ROWS_MAX = ROWS_IN_FLIGHT_MAX / 2;

/** Bytes of frames on their way per lane: on a line of 64 kbit/s an alarm stands behind at most 4 s of readings. */
export const BYTES_IN_FLIGHT_MAX = 32 * 1024;

/**
 * More ordinary rows than this behind each other are a backlog that new ones pass: on a line of 64 kbit/s 20 s of readings. A shorter one is
 * soon gone, and everything keeps its order.
 */
export const BACKLOG_LONG_ROWS = 1_024;

/** What of the window of the ordinary lane new rows have beside a backlog; what may be on its way is the rate. */
export const FRESH_SHARE = 0.3;

/** Receipts of readings are gathered for so many rows or so long while a backlog drains: each settlement waits for the disk once. */
export const SETTLE_ROWS = 512;
export const SETTLE_WITHIN_MS = 100;

/** GB/T 26875.3-2011 8.1: three re-sends, then the link counts as broken. */
export const RESENDS_MAX = 3;

/** A row that the collector passes over again and again is sent at least this often: a collector that was mended has it within a minute. */
export const UNANSWERED_REST_MAX_MS = 60_000;

/**
 * The first alarm is due within 3 s of the way being there, so while one waits no gap between two SYN may be longer than 2 s: a try in
 * vain rests at most this long (by chance down to half, so that many gateways do not knock at once), and the last SYN of it is at most 1 s older.
 */
export const ALARM_RECONNECT_MAX_MS = 1_000;
/** Who is there and lets nobody in, or ended the connection, is tried again for an alarm after this: a thousand handshakes a second would keep a collector from starting. */
export const ALARM_RETURN_MAX_MS = 2_000;
/** RFC 6298 §2: the kernel sends a SYN again after 1 s, and from then on after ever longer gaps. */
export const SYN_AGAIN_MS = 1_000;
/**
 * While an alarm waits and nobody answers, it is dialled anew beside what was dialled before, by chance within these: with the second SYN of
 * each there is one in every second.
 */
export const DIAL_BESIDE_MIN_MS = 1_000;
export const DIAL_BESIDE_MAX_MS = 2_000;
/** Whose TCP has answered has this long to greet by TLS before it is dialled anew: a collector that a thousand gateways come back to makes some 220 handshakes a second. */
export const DIAL_ANSWERED_REST_MS = 4_000;
/** Dialled at once and not answered, at most; the oldest is given up. Each lives 8 s at least: longer than any round trip. */
export const DIALS_UNANSWERED_MAX = 8;
/** The kernel of this box has sent an alarm again so often in vain: after 0.6 s on a good line. Then the way is dialled beside the connection. */
export const STALLED_RESENDS = 2;
export const STALLED_LOOK_MS = 500;

/** Nothing heard of the primary path for this long, and the backup takes over; at once while an alarm waits. Loss of a path is due within 60 s. */
export const FAIL_OVER_AFTER_MS = 10_000;

/** How often a primary path that is down is tried while the backup carries. */
export const PROBE_MIN_MS = 5_000;
export const PROBE_MAX_MS = 60_000;

/** A primary path that stays connected this long has proven itself: one that flaps faster never takes the traffic from the backup. */
export const PROVEN_AFTER_MS = 30_000;
/** A try of the primary that ended the session over the backup, where both lead to one collector, is through within a round trip or two. */
export const TAKE_WITHIN_MS = 2_000;
/** The path tried first has this long before the other is tried beside it. */
export const SIDE_BY_SIDE_AFTER_MS = 2_000;

/** How often a backup path that is not in use is looked at, seconds, and how soon again when it failed: its loss is due within 60 s. */
export const STANDBY_EVERY_S = 40;
export const STANDBY_AGAIN_MS = 3_000;

/** Rows wait, and for this long an uplink had no receipt and made no new attempt: it hangs, and only another start can help. */
export const UPLINK_STUCK_MS = 300_000;

/** A link that is back before this is no event: nobody needs to hear of a collector's restart. */
export const LINK_GRACE_MS = 5_000;

/** How often the wall clock is compared with the one that never steps. */
export const WATCH_EVERY_MS = 1_000;

/** How often the journal notes that the gateway lives: the blind window of a crash is known to this. */
export const ALIVE_EVERY_MS = 10_000;

/**
 * GB/T 26875.3-2011 8.1: an answer is due within 10 s, then the message is sent again. Five of them pass before a link without receipts
 * counts as dead (a batch that was passed over is one more), and it must be told within 60 s: so it is the longest permitted, too.
 */
export const RECEIPT_TIMEOUT_MS = 10_000;

/** GB/T 26875.3-2011 6.5.4: an answer is due within 10 s. Four sends of 10 s and a heartbeat fit the 60 s within which a dead link must be noticed. */
export const CENTRE_REPLY_TIMEOUT_MS = 10_000;
export const CENTRE_HEARTBEAT_S = 15;
/** A centre that denies an alarm may be starting, or be set up wrongly for an hour: it is its no only when it says nothing else for so long. */
export const ALARM_DENIED_FOR_MS = 30 * 60_000;
/** A link that is dead without a word must be noticed within this time. */
export const DEAD_LINK_WITHIN_MS = 60_000;
/** Silence after which a frame of a centre that waits for its rest is none: far longer than a frame takes on any network. */
export const CENTRE_GAP_MS = 3_000;

/** From the first SYN to the CONNACK. Beside a backup path no try is longer: one that takes over must carry within 60 s of the loss. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Without a backup path it may become as long as this, after one that ended by time: four round trips, to be greeted, let in and heard, of up to 4 s and what is lost of them. */
export const CONNECT_TIMEOUT_MAX_MS = 20_000;
/** What of it is left for CONNECT, however long it took to be greeted. */
export const CONNACK_LEAST_MS = 1_000;

/** A connection that neither opened nor closed by then is thrown away: the client library's own timers are not trusted alone. */
export const CONNECT_BACKSTOP_MS = 90_000;

/** A connection that is thrown away may take this long to go; its late words are not heard. */
export const DISCARD_WITHIN_MS = 1_000;

/**
 * A dead link must be told at both ends within 60 s (P4). Either end knows it after 1.5 × keep-alive; the gateway tells it 5 s later, the
 * collector 28 s later, for a fail-over is no news: with 20 s that is 58 s, and no longer one is permitted.
 */
export const KEEPALIVE_S = 20;
export const KEEPALIVE_MAX_S = 20;

/** Back-off of the uplink, by chance down to half: it lets a restarted collector breathe. It holds while no alarm waits; for one see ALARM_RECONNECT_MAX_MS. */
export const RECONNECT_MIN_MS = 1_000;
/** Longest first wait: a primary path is tried once more before a backup path takes over, which must be within 60 s. */
export const RECONNECT_MIN_LONGEST_MS = 30_000;
export const RECONNECT_MAX_MS = 30_000;

/** Back-off of a line: panels must be read again within 5 s of a crash. */
export const REOPEN_MIN_MS = 200;
export const REOPEN_MAX_MS = 5_000;

/** A line that stayed open this long has recovered: its back-off starts again from the shortest. */
export const RECOVERED_AFTER_MS = 10_000;

/** A driver that crashes this often within this time is left alone for a while, so that it cannot burn the machine of the others. */
export const CRASHES_MAX = 3;
export const CRASH_WINDOW_MS = 60_000;
export const ISOLATED_MS = 300_000;

/**
 * A line shows this often that it lives; one that has not for so long starves the watchdog. What hangs is killed within 30 s: so long
 * until it is noticed, and the 17 s of the unit (`WatchdogSec`) after the last feed. A line that waits for the journal has its answer time on top.
 */
export const BEAT_EVERY_MS = 1_000;
export const BEAT_OVERDUE_MS = 8_000;

/**
 * The watchdog is fed this often in its time: every 4.3 s of 17, so that a round trip may take 12.7 s: six syncs of a disk that takes 2 s for
 * each. A worker of the journal that answers nobody for 10 s is replaced, which feeds once: its successor has the 17 s for itself, and where
 * that hangs too the end comes 27 s after the first question without an answer, and one is asked every 2 s. What failed is tried again soon, for the journal may have a
 * new worker by then.
 */
export const WATCHDOG_FEEDS = 4;
export const WATCHDOG_AGAIN_SHARE = 1 / 10;

/** A driver has to wake when a device falls silent. One that slept on for so long is hung, and gets a successor. */
export const DRIVER_HUNG_MS = 15_000;

/** A wire that is opened anew because all its devices are silent: soon the second time, and seldom once that does not help. */
export const SILENT_AGAIN_MIN_MS = 5_000;
export const SILENT_AGAIN_MAX_MS = 600_000;

/** A wire is open by then or counts as not to be opened: a driver of the kernel can hang in it. And one is let go by then, or left. */
export const OPEN_WITHIN_MS = 15_000;
export const LET_GO_WITHIN_MS = 1_000;

/** The journal's worker answers within this time or counts as hung and is replaced. */
export const JOURNAL_ANSWER_TIMEOUT_MS = 10_000;

/** While it answers others it may take so many times as long: with 2 s a sync a group of both lanes and a checkpoint takes 12 s, and one may stand before. */
export const JOURNAL_SLOW_FACTOR = 3;

/** Opening recovers a log and reads a file through, perhaps on a slow card while everything else of the box starts: that is no hang. */
export const JOURNAL_OPEN_TIMEOUT_MS = 60_000;

/** Events that may wait for the journal at once; more are refused, so that a stuck disk cannot fill the memory. */
export const JOURNAL_WAITING_MAX = 10_000;

/** Rows of each lane by which copies of what an earlier run heard are known: a cloud repeats for 2 h 45 min, a second one of them each second. */
export const KNOWN_ROWS = 10_000;
/** After this time the same words are no copy any more: a panel whose clock stands still says its next fire in the words of the last. */
export const KNOWN_FOR_MS = 3 * 3_600_000;

/** What the journal refused is known again when a device repeats it: three re-sends of 10 s (GB/T 26875.3-2011 8.1), a wire opened anew, and as long again. */
export const REFUSED_KEPT_MS = 60_000;
export const REFUSED_KEPT = 256;

/** Events that nobody repeats, held for each line while the file of a lane cannot be opened: days of a panel's faults, some 0.5 MB. */
export const HELD_EVENTS_MAX = 1_000;

/** A stop waits so long for those that are held, piece by piece: of FINISH_WITHIN_MS, in which the lines have let go. */
export const HELD_LAST_MS = 1_000;

/** Of those held, how many are offered together: each new event of the line tries first whether the file opens, and must not carry them all. */
export const HELD_OFFER_EVENTS = 200;

/** How far back the journal looks for events that are offered again. More cannot have come in between: see above, and what may wait. */
export const JOURNAL_AGAIN_ROWS = 20_000;

/** Events of one transaction: bounds the time one commit takes. */
export const JOURNAL_GROUP_MAX = 512;

/** Nobody else writes to the journal's files; a lock of another process is waited for no longer than this. */
export const JOURNAL_LOCK_TIMEOUT_MS = 2_000;

/** The write-ahead log is cut back to this size after a checkpoint. */
export const WAL_BYTES_MAX = 16 * 1024 * 1024;

/** Rows behind an end that a city centre is to be told still, among which what overtook it is looked for: each may lie on a page of its own. */
export const NEWER_SETTLED_ROWS = 500;

/** Held in reserve on the journal's volume: a full disk locks a write-ahead log shut, even for deleting. Alarms get in on this. */
export const JOURNAL_BALLAST_BYTES = 64 * 1024 * 1024;

/**
 * Beyond this the ordinary lane gives up rows, readings first. GB/T 45839-2025 5.9.5 wants 30 days where a site is linked: of 64 points every
 * ten minutes that is a fifth of it; and a year where it is not: then readings are thinned, and everything else is kept.
 */
export const JOURNAL_ORDINARY_BYTES_MAX = 1024 * 1024 * 1024;

/** Beyond this the alarm lane gives up what is settled: half a million alarms, and as many as come while they wait. */
export const JOURNAL_ALARM_BYTES_MAX = 512 * 1024 * 1024;

/** A lane gives up rows until it is this much below its limit, so that it need not begin again at once. */
export const JOURNAL_RELIEF_SHARE = 0.9;

/** Readings are turned away beyond so many times the limit while a look for what can be given up is under way and has found nothing yet. */
export const JOURNAL_OVERSHOOT_MAX = 1.25;

/** Of how many readings of one point that wait one is left when room is wanted: SQLite gives a page back only when most of it is empty. */
export const JOURNAL_THIN_TO_ONE_OF = 4;

/** GB 25506: 10,000 rows a class. */
export const JOURNAL_KEEP_ROWS = 10_000;

/**
 * Least room for the ordinary lane. Of 16 kinds, and of what was refused, the newest 10,000 rows are never given up; a row takes 0.4 to
 * 0.5 KB, and 1.5 KB where its frame is the longest there is: 252 MB. A lane that they fill would take no reading any more.
 */
export const JOURNAL_ORDINARY_MIB_MIN = 288;

/** A file up to this size is read whole when it is opened: half a second on a slow card, of the five it has to work again. */
export const JOURNAL_CHECK_BYTES_MAX = 32 * 1024 * 1024;

/** How often the journal looks at the room on its volume: a full disk is told within 10 s. */
export const JOURNAL_SPACE_EVERY_MS = 2_000;

/** Shares of the volume in use at which the gateway speaks, and how far it must fall before it says that this is over. */
export const DISK_WATERMARKS = [0.8, 0.9, 0.95] as const;
export const DISK_WATERMARK_FALL = 0.03;

/** The journal is asked once how it stands for all who ask within so long: each question wakes its thread. */
export const LATELY_MS = 500;

/** How often the gateway looks for news of its journal, and how often it repeats that rows are given up. */
export const JOURNAL_NEWS_EVERY_MS = 2_000;
export const JOURNAL_NEWS_MAX = 64;
export const THINNED_TOLD_EVERY_MS = 600_000;

/** The ballast is written in pieces with a rest between them, so that it never stands in the way of a commit. */
export const BALLAST_PIECE_BYTES = 1024 * 1024;
export const BALLAST_REST_MS = 50;

/** What the journal does on the side: rows a step, and what part of the time it may take. */
export const CHORE_ROWS = 64;
export const CHORE_WINDOW_ROWS = 1_000;
export const CHORE_REST_FACTOR = 4;
export const CHORE_REST_MIN_MS = 20;
export const CHORE_IDLE_MS = 1_000;

/**
 * A session that the far side ends within a minute, three in a row, is taken for the work of another box under our name: a collector that
 * is started anew ends one. It stands until five minutes pass without a sign: rivals meet again within one back-off.
 */
export const RIVAL_SESSION_MS = 60_000;
export const RIVAL_SESSIONS = 3;
export const RIVAL_STANDS_MS = 300_000;

/** What SQLite may keep of each lane's file in memory: the newest rows and the way to them. */
export const JOURNAL_CACHE_KIB = 4_096;

/** Rows of a lane that somebody who reads the journal has in memory at once; a transaction of a few milliseconds. */
export const READ_WINDOW_ROWS = 100;

/**
 * Least time between two epochs that a collector's word is the reason for: the first of them puts a restored journal right for good, so a
 * second so soon is the collector's mistake. It doubles with each, up to a day. Receipts have one such time, what each uplink's collector
 * holds another.
 */
export const RENEWAL_REST_MIN_MS = 600_000;
export const RENEWAL_REST_MAX_MS = 86_400_000;

/**
 * Rows of a lane among which those that wait are held back for other numbers when a collector knows more than the journal, in one transaction,
 * between which others get in: the strictest panel wants its answer within 100 ms. They get their numbers as a chore. Nothing is sent before
 * the last piece, so there is an end to it: still older rows keep their numbers and are told before what the collector has.
 */
export const SUPERSEDED_ROWS_MAX = 500;
export const SUPERSEDED_PIECES_MAX = 200;

/** Rejected rows that can be retried at once, and how long somebody waits to hear that the gateway has done it. */
export const RETRY_ROWS_MAX = 10_000;
export const RETRY_HEARD_WITHIN_MS = 10_000;

/** How often somebody who follows the journal looks for new rows. */
export const FOLLOW_EVERY_MS = 500;

/** Pages of the log after which it is moved into the file: usually, and on a full volume. */
export const WAL_PAGES = 1_000;
export const WAL_PAGES_FRUGAL = 32;

/** When stopping, a living link has this long to carry the last words. */
export const LINGER_MS = 1_000;

/** An orderly stop takes 5 s at most; whatever still hangs then is cut off just before. */
export const EXIT_WITHIN_MS = 4_200;

/**
 * A gateway that is to start anew in this process has let go by then, or the process ends and its service manager starts it: nobody hears the
 * site meanwhile. As long as the journal may take over an answer, for a slow disk is none that hangs.
 */
export const ANEW_WITHIN_MS = 10_000;

/** After its last word, its files closed, the journal's thread has this long to be gone; one that a disk holds is left behind. */
export const JOURNAL_GONE_WITHIN_MS = 300;

/** What is heard and ordered has ended by then or is left behind: the last word, a moment to carry it and the uplinks' letting go come after it. */
export const FINISH_WITHIN_MS = 2_000;

/** After an error that nobody caught the journal has this long to take the last word; then the process ends, and the next start tells of it. */
export const LAST_WORD_WITHIN_MS = 200;

/** A step of the wall clock beyond this is an event of its own. */
export const CLOCK_STEP_MS = 2_000;

/** Pieces of noise kept per wire for the eyes of an installer, and how much of each. */
export const NOISE_PIECES_KEPT = 16;
export const NOISE_PIECE_BYTES_MAX = 64;

/** Where systemd-timesyncd says that the clock was set from the network. */
export const CLOCK_SYNCHRONISED_FILE = '/run/systemd/timesync/synchronized';

/** How often the kernel is asked what it dropped: a burst that overflowed a buffer is told while people still look. */
export const DROPS_EVERY_MS = 5_000;

/** A connection that brings no byte for so long is left behind by its device, whose heartbeat comes within 240 s (GB/T 26875.3 leaves the period open). */
export const CALLER_SILENT_MS = 900_000;
/** Where a device may be silent for longer, its connection may for so many of its silences. */
export const CALLER_SILENCES = 1.5;

/** Transmission devices connected to one door: a district's worth; each costs a socket and at most one packet of memory. */
export const CONNECTIONS_MAX = 256;

/** Orders that are carried out at once; what is beyond a duty check, a capture and a few reads is a flood. */
export const ORDERS_OPEN_MAX = 32;

/** Reads that wait for devices that sleep, for up to two days each: one for every device of a large site, far below what the record keeps. */
export const DEVICE_READS_OPEN_MAX = 256;

/** How often a read that waits is looked at for its end. */
export const DEVICE_READS_EVERY_MS = 30_000;

/** Orders that are over are known this long, and so many of them: the collector stops asking after a day, and gives an order a week to arrive. */
export const ORDERS_KEPT = 1_000;
export const ORDERS_KEPT_MS = 30 * 86_400_000;

/** What the journal could not take is said again after this. */
export const RETELL_AFTER_MS = 1_000;

/**
 * A box lives no longer. So long may its clock be behind the truth (more than a receiver of GPS is off that miscounts its 1,024 weeks), and so
 * long after a version was made is no time that this version is told the right one.
 */
export const BOX_LIFE_MS = 20 * 365 * 86_400_000;

/** A command of the site (sounder, clock) that takes longer is ended. */
export const COMMAND_WITHIN_MS = 10_000;

/** A pushed configuration is taken back when no uplink came back with it by then. */
export const UPLINK_BACK_WITHIN_MS = 300_000;
export const TRIAL_LOOK_EVERY_MS = 200;

/** A pushed configuration with which the process ended so often is taken back before it runs again. */
export const TRIAL_STARTS_MAX = 3;

/** Points whose last word is remembered for those who ask: ten panels of a thousand points. */
export const SITE_POINTS_MAX = 10_000;

/**
 * Rows of each lane that are looked through at a start for how the site stood, readings apart: they are thousands an hour, and a shield is
 * months old.
 */
export const RECALL_ROWS = 100_000;
/** Of those, what is kept until all are read: some 15 MB in all. */
export const RECALL_KEPT = 20_000;
/** Rows looked through at once: an alarm waits behind two such pieces, a few milliseconds. */
export const RECALL_PIECE = 100;
/** The same of rows that lie apart, each on a page of its own that a slow card may have to fetch. */
export const RECALL_PIECE_APART = 25;
/** Among so many of the newest rows it is looked for that the run before stopped: no line that hangs is heard more often until the process ends. */
export const AFTER_STOP_ROWS = 1_000;
/** Whoever asks how the site stands waits for it so long at most. Panels and uplinks do not wait. */
export const RECALL_WITHIN_MS = 10_000;

/** What people did that is remembered for those who ask: GB/T 26875.3-2011 asks for 102 at once. */
export const OPERATIONS_KEPT = 1_000;

/** What an answer to a read may take of an order's receipt. */
export const READ_RESULT_BYTES_MAX = 12 * 1024;

/** How often the gateway looks after itself. */
export const TROUBLES_EVERY_MS = 2_000;

/**
 * How long a trouble stands before it is told, and how long it is gone before it is over. What decides by itself when it is one (a
 * window, a watermark) is told at once; what comes and goes with a switch or a burst is not news for that long.
 */
export const TROUBLE_TIMES = {
  'queue-high': { afterMs: 0, goneMs: 10_000 },
  'disk-full': { afterMs: 0, goneMs: 10_000 },
  'retention-short': { afterMs: 0, goneMs: 3_600_000 },
  'driver-failed': { afterMs: 0, goneMs: 0 },
  noise: { afterMs: 0, goneMs: 60_000 },
  'wire-down': { afterMs: 0, goneMs: 0 },
  'wire-silent': { afterMs: 0, goneMs: 0 },
  'receive-buffer-small': { afterMs: 0, goneMs: 0 },
  'identity-shared': { afterMs: 0, goneMs: 0 },
  'row-unanswered': { afterMs: 0, goneMs: 60_000 },
  'memory-high': { afterMs: 60_000, goneMs: 60_000 },
  'descriptors-high': { afterMs: 4_000, goneMs: 60_000 },
  'loop-slow': { afterMs: 60_000, goneMs: 60_000 },
  'clock-unsynchronised': { afterMs: 0, goneMs: 10_000 },
  'certificate-ending': { afterMs: 0, goneMs: 0 },
  'key-exposed': { afterMs: 0, goneMs: 0 },
  'power-unreadable': { afterMs: 10_000, goneMs: 10_000 },
  'file-unusable': { afterMs: 0, goneMs: 0 },
  'main-power': { afterMs: 2_000, goneMs: 2_000 },
  'backup-power': { afterMs: 10_000, goneMs: 10_000 },
} as const;

/** The heap of this process, the memory of the machine and the descriptors of this process: said while there is still room to say it. */
export const HEAP_SHARE_MAX = 0.85;
export const MEMORY_FREE_MIN = 0.05;
export const DESCRIPTORS_SHARE_MAX = 0.8;

/** So long what was sent is to be kept (GB/T 45839-2025 5.9.5; GB 25506 6.1). */
export const RETENTION_MS = 30 * 86_400_000;

/** A panel wants its answer within 100 ms at the earliest; a thread that is this late twice in a row is overloaded. */
export const LOOP_WINDOW_MS = 60_000;
export const LOOP_DELAY_P99_MAX_MS = 250;
/** Each look wakes the box: 20 and 50 ms of two looks took a third of a percent of a core. Of a minute these are 600. */
export const LOOP_LOOK_EVERY_MS = 100;

/** Rows without a receipt, by age and by number: an alarm should be there within a second, a reading within its round. */
export const QUEUE_WATERMARKS = {
  alarm: { ages: [60_000, 600_000, 3_600_000], rows: [200, 2_000, 20_000] },
  ordinary: { ages: [600_000, 3_600_000, 86_400_000], rows: [10_000, 100_000, 1_000_000] },
} as const;
/** The share of a mark below which it is left: a backlog that drains slowly hovers about one. */
export const QUEUE_WATERMARK_LEFT = 0.75;

/** An uplink that was up for so long in all has shown whether what it was said to suffer from is still there: RIVAL_STANDS_MS, and far more than a row goes alone in. */
export const UPLINK_JUDGED_MS = 300_000;

/** A box that starts has no time yet; by then its time service has found one or will not. */
export const CLOCK_UNSYNCHRONISED_MS = 3_600_000;

/** Days before the end of a certificate at which the gateway speaks: time to act, high time, a holiday away, over. */
export const CERTIFICATE_DAYS = [30, 14, 7, 0] as const;
export const KEYS_EVERY_MS = 600_000;

/** A wire is noisy when a fifth of what it brings in a minute is no packet, and that is more than a plug being pulled. */
export const NOISE_WINDOW_MS = 60_000;
export const NOISE_PIECES_MIN = 10;
export const NOISE_SHARE_MAX = 0.2;

/** A silent wire is told with the last of its devices, and not before this. */
export const WIRE_SILENCE_MIN_MS = 60_000;
/** A wire that is closed for so long in all before it has stayed open is told: what a plug or a restart of the far side takes is no news. */
export const WIRE_DOWN_AFTER_MS = 30_000;

/** The box's own power: a lost mains is told within 10 s (GB 26875.1-2011). */
export const POWER_EVERY_MS = 4_000;
export const BATTERY_LOW_PERCENT = 30;
export const BATTERY_RISE_PERCENT = 5;

/** Where the installer's page is unless the site says otherwise: beside the ports of panels, clouds and collectors. */
export const PAGE_PORT = 9443;

/** Lines of the log that are kept in memory for the diagnostics of the page, and how long one may be. */
export const LOG_LINES_KEPT = 400;
export const LOG_LINE_CHARACTERS_MAX = 1_000;

/** Rows that the far side rejected, kept in memory for whoever asks why. */
export const REJECTED_KEPT = 20;

/** A time in which nobody watched is shown at the box for a day of one run, unless somebody says before that he has seen it: every shift comes by once. */
export const UNWATCHED_SHOWN_MS = 86_400_000;
/** Of a box that starts again and again the latest are enough. */
export const UNWATCHED_KEPT = 5;
