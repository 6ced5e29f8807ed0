import type { Clock } from '@fengsui/protocol';
import type { Random } from './random.ts';
import type { Peer, SimulatedWire } from './wires/wire.ts';

/** Faults that a line makes by itself, as shares of packets. */
export interface LineQuality {
  /** Share of packets that noise precedes. */
  readonly noise: number;
  /** Share of packets in which a bit flips. */
  readonly flip: number;
  /** Share of packets that lose their end. */
  readonly cut: number;
}
export const CLEAN: LineQuality = { noise: 0, flip: 0, cut: 0 };

/** What becomes of a packet on this line: decided before it leaves, so that the truth log can say it first. */
export interface Fate {
  readonly bytes: Uint8Array;
  /** Whether the host can recognise it: nothing was cut or flipped. */
  readonly whole: boolean;
}

/** Ten bits a byte: start, eight, stop (8N1); an eleventh bit of other settings changes little. */
const BITS_PER_BYTE = 10;
const NOISE_BYTES_MAX = 24;

interface Waiting {
  readonly packet: Uint8Array;
  readonly to: Peer | null;
  /** Called just before the first byte goes out. */
  readonly onOut: ((fate: Fate, listened: boolean) => void) | null;
  readonly done: () => void;
  /** Bytes that are no packet go as they are. */
  readonly noise?: true;
}

/** The device's end of a wire with a line's vices: pace, noise, cuts, flips, glue, silence. One packet at a time, in order. */
export class NoisyWire {
  readonly wire: SimulatedWire;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #baudRate: number | null;
  readonly #quality: LineQuality;
  readonly #armed = { cutKeepBytes: [] as number[], flips: 0, glue: 0, duplicates: 0, copies: 1 };
  readonly #waiting: Waiting[] = [];
  #glued: Waiting[] = [];
  #sending = false;
  #silentUntilMs = 0;

  /** Bytes leave at `baudRate`; null: as fast as the wire takes them. */
  constructor(
    wire: SimulatedWire,
    options: { readonly random: Random; readonly clock: Clock; readonly baudRate: number | null; readonly quality?: LineQuality },
  ) {
    this.wire = wire;
    this.#random = options.random;
    this.#clock = options.clock;
    this.#baudRate = options.baudRate;
    this.#quality = options.quality ?? CLEAN;
  }

  get silent(): boolean {
    return this.#clock.monotonicMs() < this.#silentUntilMs;
  }

  cutNext(keepBytes: number): void {
    this.#armed.cutKeepBytes.push(keepBytes);
  }

  flipNext(packets: number): void {
    this.#armed.flips += packets;
  }

  /** The next packets wait for each other and leave in one piece. */
  glueNext(packets: number): void {
    this.#armed.glue = packets;
  }

  duplicateNext(packets: number, copies: number): void {
    this.#armed.duplicates = packets;
    this.#armed.copies = copies;
  }

  silence(forMs: number): void {
    this.#silentUntilMs = this.#clock.monotonicMs() + forMs;
  }

  /** Bytes that are no packet, between two packets. `onOut` is called just before the first. */
  babble(noise: { readonly bytes?: number; readonly hex?: string }, onOut: (bytes: Uint8Array) => void): Promise<void> {
    const bytes = noise.hex
      ? Uint8Array.from(noise.hex.replace(/\s+/g, '').match(/../g)!, (pair) => Number.parseInt(pair, 16))
      : this.#random.bytes(noise.bytes ?? this.#noiseBytes());
    return new Promise((done) => {
      this.#waiting.push({ packet: bytes, to: null, onOut: () => onOut(bytes), done, noise: true });
      void this.#drain();
    });
  }

  #noiseBytes(): number {
    return 1 + this.#random.below(NOISE_BYTES_MAX);
  }

  /** Resolves when the last byte left. `onOut` is called just before the first, with what the line makes of the packet. */
  send(packet: Uint8Array, onOut: Waiting['onOut'] = null, to: Peer | null = null): Promise<void> {
    return new Promise((done) => {
      const waiting = { packet, to, onOut, done };
      if (this.#armed.glue > 0) {
        this.#glued.push(waiting);
        if (--this.#armed.glue === 0) this.#release();
      } else {
        this.#waiting.push(waiting);
      }
      void this.#drain();
    });
  }

  #release(): void {
    this.#waiting.push(...this.#glued);
    this.#glued = [];
  }

  async #drain(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await this.#sendOne(next);
      next.done();
    }
    this.#sending = false;
  }

  async #sendOne({ packet, to, onOut, noise }: Waiting): Promise<void> {
    if (!noise && this.#random.chance(this.#quality.noise)) await this.#pass(this.#random.bytes(this.#noiseBytes()), to);
    const fate = noise ? { bytes: packet, whole: false } : this.#fateOf(packet);
    const copies = !noise && this.#armed.duplicates > 0 ? this.#armed.copies : 1;
    if (!noise) this.#armed.duplicates--;
    onOut?.(fate, this.wire.attached);
    for (let copy = 0; copy < copies; copy++) await this.#pass(fate.bytes, to);
  }

  #fateOf(packet: Uint8Array): Fate {
    const keep = this.#armed.cutKeepBytes.shift() ?? (this.#random.chance(this.#quality.cut) ? this.#random.below(packet.length) : null);
    if (keep !== null && keep < packet.length) return { bytes: packet.subarray(0, keep), whole: false };
    const flip = this.#armed.flips > 0 ? this.#armed.flips-- > 0 : this.#random.chance(this.#quality.flip);
    if (!flip) return { bytes: packet, whole: true };
    const bytes = Uint8Array.from(packet);
    bytes[this.#random.below(bytes.length)]! ^= 1 << this.#random.below(8);
    return { bytes, whole: false };
  }

  /** Gives the bytes to the wire at the pace of the line. */
  async #pass(bytes: Uint8Array, to: Peer | null): Promise<void> {
    const write = (slice: Uint8Array) => (to ? to.write(slice) : this.wire.write(slice));
    if (this.#baudRate === null) {
      write(bytes);
      return;
    }
    const startMs = this.#clock.monotonicMs();
    for (let sent = 0; sent < bytes.length; ) {
      await this.#clock.sleep(1);
      const due = Math.min(bytes.length, Math.ceil(((this.#clock.monotonicMs() - startMs) * this.#baudRate) / BITS_PER_BYTE / 1000));
      if (due > sent) write(bytes.subarray(sent, due));
      sent = Math.max(sent, due);
    }
  }
}
