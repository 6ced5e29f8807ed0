import type { Posted } from '@fengsui/protocol/clouds';

export { familyLabel, type Heard, isSignOfLife, type Said } from '@fengsui/protocol';

/**
 * What travels between the stages of the line: a wire hands bytes to a driver, a driver hands what it heard to the normalizer.
 * Stages import these words and never each other.
 */

export interface WireCounters {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What carries bytes to one device or bus. It ends by finishing (the far side said goodbye), fails by throwing a Failure, and never reconnects. */
export interface Wire extends AsyncDisposable {
  readonly name: string;
  /** May be read once. The far side is held back while nobody reads, so memory stays bounded. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly counters: WireCounters;
  /** Resolves when the operating system has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * So many bytes at least are missing to a packet: before the line can have brought them nobody need be woken for fewer. Absent: bytes come
   * at once.
   */
  readonly expect?: (bytes: number) => void;
  /** On a wire that came through a door: what it brought was a packet. It is not sent away to make room for the next. */
  readonly prove?: () => void;
}

export interface ServerCounters extends WireCounters {
  /** Connections open now. */
  readonly connections: number;
  /** Connections that were turned away, or closed to make room. */
  readonly dropped: number;
}

/** A TCP door that devices come to: every connection is a wire of its own. */
export interface WireServer extends AsyncDisposable {
  readonly name: string;
  /** The port it listens on. */
  readonly port: number;
  /** May be read once. */
  readonly connections: AsyncIterable<Wire>;
  readonly counters: ServerCounters;
}

/** A door that an operator's cloud pushes to. */
export interface PushWire extends AsyncDisposable {
  readonly name: string;
  /** The port it listens on. */
  readonly port: number;
  /** May be read once. */
  readonly requests: AsyncIterable<Posted>;
  readonly counters: WireCounters & {
    readonly requestsIn: number;
    /** Requests that found the queue of this process full: the cloud repeats them. */
    readonly dropped: number;
  };
}

export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: PeerAddress;
}

export interface DatagramCounters extends WireCounters {
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  /** Datagrams that found the queue of this process full: their senders repeat them. */
  readonly dropped: number;
}

/** A UDP socket: one for a whole fleet of devices. */
export interface DatagramWire extends AsyncDisposable {
  readonly name: string;
  readonly datagrams: AsyncIterable<Datagram>;
  readonly counters: DatagramCounters;
  send(bytes: Uint8Array, to: PeerAddress): Promise<void>;
  /** The port it listens on. */
  readonly port: number;
  /** Datagrams lost on this machine since it was opened, in the buffer of the kernel or in our queue. */
  readonly dropped?: () => Promise<number>;
  /** What the kernel granted for datagrams that wait for this process, read back (bytes). */
  readonly receiveBufferBytes: number;
  /** What was asked for. */
  readonly wantedBufferBytes: number;
}
