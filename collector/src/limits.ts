// Every limit and waiting time of the collector with its reason. Milliseconds since start, bytes, counts.

/** A store that is silent for longer has failed: the gateways send again (their receipt time-out is of the same order). */
export const LEDGER_ANSWER_TIMEOUT_MS = 10_000;
/** Opening checks the whole file. */
export const LEDGER_OPEN_TIMEOUT_MS = 300_000;
/** A write lock held by a dying predecessor goes with it. */
export const LEDGER_BUSY_TIMEOUT_MS = 5_000;
/** The log file of the database shrinks to this after a checkpoint. */
export const LEDGER_WAL_BYTES = 64 * 1024 * 1024;
/** One read never holds the reader for long. */
export const LEDGER_READ_ENTRIES_MAX = 2_000;
/** Damaged entries of one read, and those that wait for a disk, each kept whole: a frame is a few hundred bytes, an event a few KB. */
export const DAMAGED_AT_ONCE_MAX = 2_000;
/** A write that fails costs the writing connection and the deliveries that wait for it: evidence of damage is not tried again at every read. */
export const KEEP_DAMAGED_AGAIN_MS = 5_000;
/** Of damaged entries so many are named. */
export const DAMAGED_SHOWN_MAX = 10;
/** Of each series the lowest gaps are shown, the rest is a number. */
export const GAPS_SHOWN_MAX = 10;

/** Series of which a gateway is told how far they have come: two lanes of 128 epochs, each a journal put back or repaired; 5 KB. */
export const HOLDINGS_MAX = 256;
/** A gateway that comes in is told what is held of it; where the ledger takes longer, its alarms do not wait for that. */
export const HOLDINGS_WITHIN_MS = 1_000;

/** Processes that came in under one gateway's name and are remembered, and how much of what each calls itself. */
export const INSTANCES_KEPT = 8;
export const INSTANCE_CHARACTERS_MAX = 64;
/**
 * So many takeovers in a minute by clients that name no process are worth a word. A link that is silently dead is noticed after 10 s at the
 * earliest (a receipt that does not come), so a client that only comes back over those has six at most. One whose connections are cut in
 * a way that it notices and we do not comes back every second or two, as two clients do that end each other: nobody can tell which it is.
 */
export const RIVAL_TAKEOVERS = 7;
export const RIVAL_WINDOW_MS = 60_000;
/**
 * Rivals meet again at the latest when the longest back-off of a gateway is over, 30 s where nobody set it, 60 s at most: five of the longest
 * without, and the trouble is over. Who was there longer ago is no sign of a rival either, and a new start is ignorant for as long.
 */
export const RIVAL_STANDS_MS = 300_000;

/**
 * A gateway that is kept out tries again at the latest when its longest back-off is over, 60 s at most: five of them without, and it does not
 * try any more. Where it may be one that only looks at a backup path, the longest distance of looks holds.
 */
export const TURNED_AWAY_STANDS_MS = 300_000;
/** What is turned away again and again is a line of the log once an hour, and so is a word more of a gateway that is kept out by turns for several reasons. */
export const REFUSALS_SAID_AGAIN_MS = 3_600_000;
/** Lines in that time of callers who prove no name: whoever scans the network must not fill the log. All are counted. */
export const REFUSALS_UNPROVEN_SAID_MAX = 20;
/** Names remembered of callers who prove none, 1 KB each. */
export const STRANGERS_KEPT = 1_000;

/** How often the collector looks what it has itself to say of its gateways. */
export const OWN_VOICE_LOOK_MS = 1_000;
/**
 * Without a session for so long a gateway is told as gone. A link that is silently dead is closed after 1.5 × keep-alive, 30 s at
 * most: with this and the look that is 58 s (P4: 60 s). A fail-over or a few tries to come back (1, 2, 4, 8 s) take 25 s and are no event.
 */
export const GATEWAY_GONE_MS = 27_000;
/** Where the collector was away, a gateway comes in again after its longest back-off: 30 s where nobody set it. */
export const GATEWAY_BACK_OFF_MS = 30_000;
/** A gateway leaves a collector that does not answer after 10 s at the earliest: who stood still for so long is left, and waited for as after a start. */
export const STANDSTILL_MS = 10_000;
/** How often a gateway looks at a backup path that is not in use, where nobody set it; the next look comes up to a third later than the last one did. */
export const STANDBY_LOOK_MS = 40_000;
/** A gateway looks once a day at the least (its setting `lookEveryS`): what is further apart are no looks. */
export const STANDBY_LOOK_LONGEST_MS = 86_400_000;
/** So many times the distance of its looks without another, and the path is not looked at any more; distances that differ by more are not of one setting. */
export const STANDBY_LOOKS_MISSED = 1.5;
/** Who was not heard for so long was taken out of service without a word, and is waited for only once it comes: tests, faults and starts are never so far apart. */
export const GATEWAY_FORGOTTEN_MS = 100 * 86_400_000;
/** The collector tells of so many gateways at once: beside thousands that went in one moment, alarms must not wait. */
export const OWN_EVENTS_AT_ONCE = 50;

/** How often is looked at what the ledger lacks. */
export const WATCH_EVERY_MS = 1_000;
/** Missing numbers of which none came for so long are not coming: with the look that finds it, within the 10 s of P10. */
export const GAP_QUIET_MS = 8_000;

/** What a wrong token costs. */
export const WRONG_TOKEN_MS = 1_000;
/** So many different ones from one network and it is locked: a person who types it has mistaken long before, a program brings its old one again. */
export const GUESSES_MAX = 10;
/** At first; twice as long each time. */
export const LOCK_MS = 60_000;
export const LOCK_MAX_MS = 300_000;
/** A control room shares its address with whoever guesses: of a locked network one wrong token a second is looked at, so the right one gets in. */
export const LOCKED_LOOK_MS = 1_000;
export const GUESSES_REMEMBERED_MS = 900_000;
/** Networks remembered, 1 KB each. */
export const GUESSERS_MAX = 1_000;

/** Deliveries of one transaction: the group that makes one fsync serve many. 512 × 16 KiB stays below 8 MiB. */
export const INTAKE_GROUP_MAX = 512;
/** Deliveries waiting for the ledger, over all gateways; beyond it they are refused and come again. */
export const INTAKE_QUEUE_MAX = 8_192;
/** CONNECT is read before anybody is known (aedes #1086: 256 MiB announced, 218 MB taken). */
export const CONNECT_BYTES_MAX = 4 * 1024;
/** An uplink message is at most 16 KiB; the topic `up/<64>/ordinary` and the header come on top. */
export const PUBLISH_BYTES_MAX = 16 * 1024 + 256;
/** Everything else a gateway sends: SUBSCRIBE, PUBACK, PINGREQ. */
export const PACKET_BYTES_MAX = 4 * 1024;
/** From the open socket to the end of the TLS handshake, and from there to CONNECT. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** A gateway that does not take its receipts is closed; it sends again when it is back. */
export const DRAIN_TIMEOUT_MS = 10_000;
/** A dead link shows here after 1.5 × keep-alive, which must be within 60 s (P4). A gateway sets 20 s at most, and older ones, which may set 40 s, are let in. */
export const KEEPALIVE_MAX_S = 40;
/** One idle mTLS connection costs 67–89 KiB. */
export const SOCKETS_MAX = 10_000;
/** Many gateways stand behind one address of a mobile operator. */
export const SOCKETS_PER_ADDRESS_MAX = 1_000;
/** How often the list of revoked gateways is looked at. */
export const REVOCATIONS_LOOK_MS = 2_000;

/** An order without a receipt goes out again: the same time-out as of GB/T 26875.3-2011 6.5.4. */
export const ORDER_RESEND_MS = 10_000;
/** A gateway that has an order is asked what became of it this often, in case its word was lost on the way. */
export const ORDER_ASK_EVERY_MS = 60_000;
/** It is asked until so long after the order could last have arrived: a read may wait two days for a device that sleeps. */
export const ORDER_ASK_AFTER_MS = 49 * 3_600_000;
export const ORDER_LOOK_EVERY_MS = 500;
/** How long an order may take to arrive, where nobody says otherwise; and the longest. */
export const ORDER_EXPIRES_MS = 600_000;
export const ORDER_EXPIRES_MAX_MS = 7 * 86_400_000;
/** An order may carry a site's configuration. */
export const ORDER_BODY_BYTES_MAX = 256 * 1024;

/** Pushes of a cloud that share one commit. */
export const PUSH_ROUND_MAX = 64;
/** Pushes kept for the eyes of an operator because they were turned away or not read, and how much of each; the whole of the latter is in quarantine. */
export const PUSH_EVIDENCE_KEPT = 16;
export const PUSH_EVIDENCE_BYTES_MAX = 256;

/** The authority outlives the boxes that trust it. */
export const AUTHORITY_DAYS = 3_650;
/** The server's certificate is renewed by `collector init`. */
export const SERVER_CERTIFICATE_DAYS = 397;
/** A lost box stops by itself soon. */
export const GATEWAY_CERTIFICATE_DAYS = 90;
/** A box whose clock is behind must still accept us, and we it. */
export const CERTIFICATE_BACKDATE_DAYS = 2;

/** A failing outlet is tried again soon, then every few seconds, never in a busy loop. */
export const RESTART_MIN_MS = 200;
export const RESTART_MAX_MS = 5_000;
/** An outlet that ran this long has recovered: its next failure waits the shortest time again. */
export const RECOVERED_AFTER_MS = 60_000;
/** What no retry helps is looked at again once a minute: a person may have helped. */
export const RESTART_NEVER_MS = 60_000;
/** An orderly stop takes at most 5 s; this is the end of patience. */
export const HARD_STOP_MS = 8_000;
