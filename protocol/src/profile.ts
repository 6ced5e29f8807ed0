import type { SiteEvent } from './event.ts';
import type { Words } from './words.ts';

/** What stands around an event in a frame: who sends it to whom, when, under which serial. */
export interface Envelope {
  /** 业务流水号, 0–65535: the row's number modulo 65536. */
  readonly serial: number;
  /** Address of the gateway as a user information transmission device, unsigned 48 bit. */
  readonly source: number;
  /** Address of the centre, unsigned 48 bit. */
  readonly destination: number;
  /** When the frame was made, milliseconds since 1970-01-01 UTC. */
  readonly sentMs: number;
  /** Zone of the written times, minutes east of UTC. */
  readonly zoneMinutes: number;
}

/** A frame read back: the event, or why there is none. Bad bytes are a value, never an exception. */
export type FrameRead = { readonly event: SiteEvent; readonly serial: number; readonly source: number } | { readonly undecodable: string };

/**
 * How events become frames and back. Lossless: `read(write(event)) = event` for every event.
 * A profile is data over a carrier; profiles of several standards live side by side and a gateway names its own.
 */
export interface Profile {
  readonly name: string;
  readonly title: Words;
  /** What of this profile rests on no published text. */
  readonly unknowns: readonly Words[];
  readonly write: (event: SiteEvent, envelope: Envelope) => Uint8Array;
  readonly read: (frame: Uint8Array) => FrameRead;
}
