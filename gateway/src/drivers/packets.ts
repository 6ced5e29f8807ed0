import { type CutRule, PacketCutter } from '@fengsui/protocol';
import type { Wire } from '../line.ts';
import type { Surroundings } from './driver.ts';
import { Inbox } from './inbox.ts';

/** The packets of one stream; what is none is counted and kept. */
export class Packets implements AsyncDisposable {
  readonly #inbox: Inbox<Uint8Array>;
  readonly #cutter: PacketCutter;
  readonly #wire: Pick<Wire, 'expect'>;
  readonly #gapMs: number;
  readonly #surroundings: Surroundings;
  readonly #from: string | undefined;
  #bytesMs: number;

  /** A gap longer than `gapMs` ends a packet. `from`: whose stream it is, where one door has many. */
  constructor(wire: Pick<Wire, 'bytes' | 'expect'>, cut: CutRule, gapMs: number, surroundings: Surroundings, from?: string) {
    this.#from = from;
    this.#wire = wire;
    this.#inbox = new Inbox(wire.bytes, surroundings.clock, surroundings.signal);
    this.#cutter = new PacketCutter(cut);
    this.#gapMs = gapMs;
    this.#surroundings = surroundings;
    this.#bytesMs = surroundings.clock.monotonicMs();
  }

  /** Monotonic clock of the last byte, of whatever kind; before the first, of the beginning. */
  get bytesMs(): number {
    return this.#bytesMs;
  }

  /** True in the middle of a packet. */
  get underway(): boolean {
    return this.#cutter.pendingBytes > 0;
  }

  /** What comes next, within a time; 'end' when the stream has finished. Throws what the stream throws. */
  async take(withinMs: number): Promise<Uint8Array[] | 'end'> {
    const { clock, counters } = this.#surroundings;
    const startedMs = clock.monotonicMs();
    const gap = this.underway;
    const arrival = await this.#inbox.take(gap ? Math.min(this.#gapMs, withinMs) : withinMs);
    if (arrival === 'end') return 'end';
    if (arrival !== 'silence') this.#bytesMs = clock.monotonicMs();
    const silent = gap && arrival === 'silence' && clock.monotonicMs() - startedMs >= this.#gapMs;
    const cuts = arrival === 'silence' ? (silent ? this.#cutter.idle() : []) : this.#cutter.feed(arrival.item);
    this.#wire.expect?.(this.#cutter.missingBytes);
    return cuts.flatMap((cut) => {
      if (cut.kind === 'packet') {
        counters.show(cut.bytes, this.#from);
        return [cut.bytes];
      }
      counters.count(cut.why, clock.wallMs(), cut.bytes);
      return [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inbox[Symbol.asyncDispose]();
  }
}
