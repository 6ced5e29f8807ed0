import type { Observation, Quality } from '@fengsui/protocol';

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
  /** What the kernel granted, read back (bytes). */
  readonly receiveBufferBytes: number;
}

/** An observation as a driver hands it on. */
export interface Said extends Observation {
  /** Polled families: the name of the register point it was read from. */
  readonly register?: string;
  /** Absent: good. */
  readonly quality?: Quality;
}

/** What one packet of one device said. */
export interface Heard {
  /** The configured name, or `unknown-<IMEI>`. */
  readonly device: string;
  /** Family `name/version`. */
  readonly family: string;
  readonly observations: readonly Said[];
  /** The evidence; null where nothing was received (a silence) or a poll merely measured. */
  readonly packet: Uint8Array | null;
  /** When it was heard, milliseconds since 1970-01-01 UTC. */
  readonly heardMs: number;
}

/** Whether it is about a link that was lost or came back; a device may also say `link` merely to show that it is there. */
function tellsOfLink(said: Said): boolean {
  return said.detail === 'lost' || said.detail === 'restored';
}

/** A sign of life that carries nothing else: counted, never an event of its own, and no reason to keep a device waiting for its answer. */
export function isSignOfLife(said: Said): boolean {
  if (said.what === 'link') return !tellsOfLink(said);
  const { what, battery, radio, tilt, release, value, levelMm, text } = said;
  return what === 'heartbeat' && [battery, radio, tilt, release, value, levelMm, text].every((told) => told === undefined);
}

/** `name/version` of a family, as events carry it. */
export function familyLabel(family: { readonly name: string; readonly version: number }): string {
  return `${family.name}/${family.version}`;
}
