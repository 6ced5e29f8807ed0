/** Every limit of the installer's page, each with its reason. */

/** Wrong guesses of one address before it is locked: a person mistypes twice, not five times. */
export const GUESSES_MAX = 5;

/** Wrong guesses of all together: a PIN of six digits lasts for a year and more against 20 in a quarter of an hour. */
export const GUESSES_OF_ALL_MAX = 20;
export const GUESSES_REMEMBERED_MS = 900_000;

/** The first lock; each that follows lasts twice as long. */
export const LOCK_MS = 300_000;
export const LOCK_MS_MAX = 3_600_000;

/** Addresses whose guesses are remembered. */
export const GUESSERS_MAX = 1_000;

/** What a wrong guess waits for its answer: a person hardly notices, a program does. */
export const WRONG_PIN_MS = 1_000;

/** PINs that are looked at or wait for it: each takes 16 MiB while it is looked at, so they go one after the other. */
export const PINS_WAITING_MAX = 4;

/** A telephone left on a cabinet is nobody's; a working day is over. */
export const SESSION_IDLE_MS = 900_000;
export const SESSION_MS = 12 * 3_600_000;
export const SESSIONS_MAX = 16;

/** Sockets, and streams among them: a few installers with a few tabs each. */
export const CONNECTIONS_MAX = 48;
/** Of one address: more than a browser opens, and far less than all. The box itself is not counted: it must always get in. */
export const CONNECTIONS_OF_ONE_MAX = 12;
export const CONNECTIONS_OF_NETWORK_MAX = 40;
export const STREAMS_MAX = 16;

/** How often a listener hears how things stand; nothing is looked up while nobody listens. */
export const STATUS_EVERY_MS = 1_000;

/** How often the PIN file is looked at while somebody is logged in: a changed PIN ends what the old one opened. */
export const PIN_LOOK_MS = 1_000;

/** What may lie unread between us and a slow telephone before it is cut off; it comes back by itself. */
export const UNREAD_BYTES_MAX = 256 * 1024;

/** Live bytes: how often they are handed over, and how much at once; what is more is counted and left out. */
export const LIVE_EVERY_MS = 200;
export const LIVE_PIECES_MAX = 64;
export const LIVE_BYTES_MAX = 4_096;

/** The longest thing a person says here. */
export const BODY_BYTES_MAX = 4_096;

/** Points of one answer. */
export const POINTS_PER_PAGE_MAX = 200;

/** A test alarm stands so long, unless it is ended by hand: time to look at the other end. */
export const TEST_ALARM_MS = 60_000;

/** The next one is begun no sooner: each is two alarms on the lane of the real ones. */
export const TEST_ALARM_EVERY_MS = 10_000;

/** Its end is tried so often: an orderly stop waits for it, and has five seconds. */
export const TEST_ALARM_ENDS_MAX = 3;
export const TEST_ALARM_END_AGAIN_MS = 500;

/** A page that could not open is tried again: the PIN may be set by now. */
export const OPEN_AGAIN_MS = 5_000;

/** How often the certificate is looked at: the clock of a box may have been wrong when it was made. */
export const CERTIFICATE_LOOK_MS = 3_600_000;
