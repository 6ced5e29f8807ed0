import type { Links, PublishingFamily } from '@fengsui/protocol';
import type { DatagramWire, Heard, PeerAddress } from '../line.ts';
import type { PublishingDevice, Surroundings } from './driver.ts';
import type { Exchanges } from './exchanges.ts';
import type { Registration, RegistrationStore, Registrations } from './registrations.ts';

/** A UDP socket with its devices, and what outlives a driver of it. */
export interface PublishingLine extends Surroundings {
  readonly wire: DatagramWire;
  readonly devices: readonly PublishingDevice[];
  /** Tried on what an unknown device sends. */
  readonly families: readonly PublishingFamily[];
  readonly exchanges: Exchanges;
  readonly registrations: Registrations;
  readonly store: RegistrationStore;
  readonly links: Links;
}

/** What one datagram makes us do. */
export interface Reaction {
  /** Whoever sent a copy of it. */
  readonly to: PeerAddress[];
  readonly reply: Uint8Array | null;
  /** The reply waits until everything heard with it is durable. */
  readonly afterCommit: boolean;
  readonly heard?: Heard;
  /** Device and packet, of a device that counts its packets. */
  readonly said?: readonly [device: string, packet: string];
  /** The registrations changed and must be on disk before the reply. */
  readonly registers?: boolean;
  /** Whose telemetry is to be observed after the reply. */
  readonly observe?: Registration;
}

/** Reactions to the datagrams that share one commit, by what tells copies of a message. */
export type Batch = Map<string, Reaction>;
