/** A serial server on the same site answers in milliseconds; ten seconds also covers one that is starting. */
export const TCP_CONNECT_TIMEOUT_MS = 10_000;

/** A cable pulled behind a switch shows nothing: after this silence the kernel asks. Loss must be visible within 60 s. */
export const TCP_KEEPALIVE_AFTER_MS = 10_000;

/**
 * Asked for on every UDP socket: with the kernel's default of 208 KiB, 256 of 2,000 datagrams survived a stall of 1.5 s,
 * with 4 MiB all did (measured).
 */
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Datagrams that wait in this process while the journal commits; the devices behind those dropped send again. */
export const DATAGRAMS_WAITING_MAX = 4_096;

/** Share of a full door above which an address makes room from its own idlers first: an operator's NAT stands for a district, and is let in while there is room. */
export const CONNECTIONS_PER_ADDRESS_SHARE = 0.5;
/** In a small door a share would be nothing: a device that connects anew while its old connection still stands needs two. */
export const CONNECTIONS_PER_ADDRESS_MIN = 4;

/** When a door is shut, answers that were given have this long to leave. */
export const LAST_WORDS_MS = 500;

/** Five characters at 9600 baud; of the 100 ms within which the strictest panel wants its answer this takes a twentieth. */
export const SERIAL_GATHER_MS = 5;
/** The same where a packet is known to miss more: still less than the shortest silence that ends a packet (50 ms). */
export const SERIAL_GATHER_MAX_MS = 40;

/** How often a serial device's name is looked at; a pulled adapter must be a fault within 60 s, and spins a core until then. */
export const SERIAL_PRESENCE_CHECK_MS = 1_000;

/**
 * Bytes a second that are taken from one stream. The fastest serial line brings 11.5 KB, a transmission device that sends its
 * backlog over TCP a few more; what babbles faster is held back by its own wire and costs no other line its turn.
 */
export const STREAM_BYTES_PER_SECOND_MAX = 128 * 1024;
