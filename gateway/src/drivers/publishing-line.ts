import type { Links, PublishingFamily } from '@fengsui/protocol';
import type { DatagramWire, Heard, PeerAddress } from '../line.ts';
import type { PublishingDevice, Surroundings } from './driver.ts';
import type { Exchanges } from './exchanges.ts';
import type { Registration, RegistrationStore, Registrations } from './registrations.ts';
import type { Uploads } from './uploads.ts';
import type { WaitingReads } from './waiting-reads.ts';

/** A UDP socket with its devices, and what outlives a driver of it. */
export interface PublishingLine extends Surroundings {
  readonly wire: DatagramWire;
  readonly devices: readonly PublishingDevice[];
  /** Tried on what an unknown device sends. */
  readonly families: readonly PublishingFamily[];
  readonly exchanges: Exchanges;
  /** Whether a run before this one made an event durable, not before a time (wall clock). */
  readonly wroteSince: (eventId: string, wallMs: number) => boolean;
  readonly uploads: Uploads;
  readonly reads: WaitingReads;
  readonly registrations: Registrations;
  /** Token of a device that registers, 16 hex digits nobody can guess. */
  readonly newToken: () => string;
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
  /** Whose telemetry is to be observed after the reply, at which of its paths. */
  readonly observe?: { readonly registration: Registration; readonly indexes: readonly number[] };
  /** Who is awake now, and where: the moment to send what waits for it. */
  readonly awake?: { readonly endpoint: string; readonly at: PeerAddress };
  /** The upload that is complete with this. */
  readonly upload?: string;
}

/** Reactions to the datagrams that share one commit, by what tells copies of a message. */
export type Batch = Map<string, Reaction>;
