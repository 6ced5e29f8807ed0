import type { Clock, NoiseReason, PolledFamily, PublishingFamily } from '@fengsui/protocol';
import type { PushUnheard } from '@fengsui/protocol/clouds';
import { NOISE_PIECE_BYTES_MAX, NOISE_PIECES_KEPT } from '../limits.ts';
import type { Heard } from '../line.ts';

export type { Heard, Said } from '../line.ts';

/**
 * A driver yields what it heard and only then answers the device: the line asks for the next item after the journal has
 * committed. When the journal refuses, the line ends the generator and no answer is ever written, so the device repeats.
 */
export type Driver = AsyncGenerator<readonly Heard[], void, undefined>;

export interface PolledDevice {
  readonly name: string;
  readonly family: PolledFamily;
  /** Modbus unit, 1–247. */
  readonly unit: number;
  /** Names of the family's register points that the site uses; the others are not read. */
  readonly registers: readonly string[];
  /** By register point, how far its value may move between two reads: what jumps further is held back until a second read agrees. */
  readonly jumps?: ReadonlyMap<string, number>;
  /** Instead of the family's. */
  readonly pollEveryMs?: number;
}

export interface PublishingDevice {
  readonly name: string;
  readonly family: PublishingFamily;
  /** IMEI or endpoint name. */
  readonly device: string;
}

/** Why something heard on a wire became no event. Every such thing is counted under one of these. */
export type Unheard =
  | NoiseReason
  | 'repeat'
  | 'echo'
  | 'stuck'
  | 'mute'
  | 'timeout'
  | 'late'
  | 'refused'
  | 'garbled'
  | 'unparsable'
  | 'unknown-path'
  | 'unknown-token'
  | 'unknown-device'
  | 'undecodable'
  | 'too-many'
  | 'too-fast'
  | 'doubted'
  | 'lost'
  | PushUnheard;

/** Everything a driver needs besides its wire and its devices. */
export interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly counters: LineCounters;
}

/** A piece of noise, kept for a while so that an installer can look at it. */
export interface KeptNoise {
  readonly atMs: number;
  readonly why: Unheard;
  readonly bytes: Uint8Array;
}

/** Looks in on what a line cuts out of its wire; it must neither throw nor take long. */
export interface LineWatcher {
  /** A packet that is whole; `from`: whose, where one door has many. */
  readonly packet: (bytes: Uint8Array, from?: string) => void;
  /** Something that became no event. */
  readonly counted: (why: Unheard, bytes: Uint8Array | undefined) => void;
}

/** What a line has counted since the gateway started. It outlives the drivers that write to it. */
export class LineCounters {
  packets = 0;
  answers = 0;
  polls = 0;
  readonly unheard = new Map<Unheard, number>();
  /** Those who look just now. */
  readonly watchers = new Set<LineWatcher>();
  readonly #noise: KeptNoise[] = [];

  /** Counts something that became no event, and keeps its bytes. */
  count(why: Unheard, atMs: number, bytes?: Uint8Array): void {
    this.unheard.set(why, (this.unheard.get(why) ?? 0) + 1);
    for (const watcher of this.watchers) watcher.counted(why, bytes);
    if (!bytes) return;
    this.#noise.push({ atMs, why, bytes: bytes.slice(0, NOISE_PIECE_BYTES_MAX) });
    if (this.#noise.length > NOISE_PIECES_KEPT) this.#noise.shift();
  }

  /** Shows a packet that was cut out of a stream to those who look. */
  show(packet: Uint8Array, from?: string): void {
    for (const watcher of this.watchers) watcher.packet(packet, from);
  }

  /** The last pieces, oldest first. */
  get noise(): readonly KeptNoise[] {
    return this.#noise;
  }
}
