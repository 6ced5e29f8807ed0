import type { Clock } from '@fengsui/protocol';
import type { Datagram, DatagramWire, PeerAddress, Wire, WireServer } from '../line.ts';
import type { Capture, CaptureChunk } from './capture-text.ts';
import { quiet, ReplayClock } from './replay-clock.ts';

/**
 * What came after the gateway had written so many packets waits until the replaying driver has written as many: an answer
 * never comes before its question. A driver that no longer asks is waited for no longer than this.
 */
const QUESTION_WITHIN_MS = 10_000;

interface Pull<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
}

/** A source that is filled from outside and knows whether its reader waits. */
class Source<T> implements AsyncIterable<T>, AsyncIterator<T> {
  readonly #onPull: () => void;
  #pull: Pull<T> | undefined;
  #ended = false;

  constructor(onPull: () => void) {
    this.#onPull = onPull;
  }

  get waiting(): boolean {
    return this.#pull !== undefined || this.#ended;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    this.#onPull();
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#pull = { resolve };
    });
  }

  give(value: T): void {
    this.#take()?.resolve({ done: false, value });
  }

  end(): void {
    this.#ended = true;
    this.#take()?.resolve({ done: true, value: undefined });
  }

  #take(): Pull<T> | undefined {
    const pull = this.#pull;
    this.#pull = undefined;
    return pull;
  }
}

function peerOf(text: string | undefined): PeerAddress {
  const at = text?.lastIndexOf(':') ?? -1;
  return { address: text?.slice(0, at) ?? '', port: Number(text?.slice(at + 1)) };
}

/** How far replayed drivers wrote what was written on site. */
export interface ReplayCount {
  readonly chunks: number;
  readonly writtenOnSite: number;
  readonly writtenNow: number;
  /** Chunks that came though the driver had not asked as often as on site: it behaves otherwise than the one that was captured. */
  readonly unasked: number;
}

/** A capture as a wire: drivers read it like the site, in the time of the site, and what they write goes nowhere. */
export class Replay {
  readonly #capture: Capture;
  readonly #clock: ReplayClock;
  readonly #bytes: Source<Uint8Array>;
  readonly #datagrams: Source<Datagram>;
  readonly counters = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, dropped: 0 };
  #writtenNow = 0;
  #unasked = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
    this.#clock = new ReplayClock(capture.header.startedMs);
    const stir = () => {
      this.#clock.activity += 1;
    };
    this.#bytes = new Source(stir);
    this.#datagrams = new Source(stir);
  }

  get clock(): Clock {
    return this.#clock;
  }

  get wire(): Wire {
    const write = async (bytes: Uint8Array) => this.#wrote(bytes);
    return { name: 'replay', counters: this.counters, bytes: this.#bytes, write, [Symbol.asyncDispose]: async () => this.#end() };
  }

  /** The same as the only connection of a door. */
  get server(): WireServer {
    const { wire } = this;
    async function* connections() {
      yield wire;
    }
    const counters = { ...this.counters, connections: 1 };
    return { name: 'replay', port: 0, counters, connections: connections(), [Symbol.asyncDispose]: async () => this.#end() };
  }

  get socket(): DatagramWire {
    return {
      ...{ name: 'replay', port: 0, receiveBufferBytes: 0, counters: this.counters, datagrams: this.#datagrams },
      send: async (bytes) => this.#wrote(bytes),
      [Symbol.asyncDispose]: async () => this.#end(),
    };
  }

  get count(): ReplayCount {
    const { chunks } = this.#capture;
    const writtenOnSite = chunks.filter(({ direction }) => direction === 'out').length;
    return { chunks: chunks.length, writtenOnSite, writtenNow: this.#writtenNow, unasked: this.#unasked };
  }

  /**
   * Lets everything happen again, then ends the wire. `wait` waits in real time before a step of so many milliseconds of the
   * site's time; without it the replay goes as fast as the drivers work.
   */
  async run(signal: AbortSignal, wait?: (ms: number) => Promise<void>): Promise<void> {
    let written = 0;
    for (const chunk of this.#capture.chunks) {
      if (chunk.direction === 'out') written += 1;
      else await this.#deliver(chunk, written, signal, wait);
      if (signal.aborted) return this.#end();
    }
    await this.#advance(this.#capture.end?.ms ?? this.#clock.monotonicMs(), signal, wait);
    this.#end();
  }

  async #deliver(chunk: CaptureChunk, written: number, signal: AbortSignal, wait: ReplayWait): Promise<void> {
    await this.#advance(chunk.ms, signal, wait);
    const untilMs = chunk.ms + QUESTION_WITHIN_MS;
    while (this.#writtenNow < written && this.#clock.dueMs() <= untilMs && !signal.aborted)
      await this.#step(this.#clock.dueMs(), signal, wait);
    if (this.#writtenNow < written) this.#unasked += 1;
    this.counters.bytesIn += chunk.bytes.length;
    if (chunk.peer === undefined) this.#bytes.give(chunk.bytes);
    else this.#datagrams.give({ bytes: chunk.bytes, from: peerOf(chunk.peer) });
  }

  /** Time goes on to a moment, with a stop wherever somebody waits for an earlier one. */
  async #advance(toMs: number, signal: AbortSignal, wait: ReplayWait): Promise<void> {
    await this.#quiet(signal);
    while (!signal.aborted && this.#clock.monotonicMs() < toMs) await this.#step(Math.min(toMs, this.#clock.dueMs()), signal, wait);
  }

  async #step(toMs: number, signal: AbortSignal, wait: ReplayWait): Promise<void> {
    await wait?.(Math.max(0, toMs - this.#clock.monotonicMs()));
    this.#clock.moveTo(toMs);
    await this.#quiet(signal);
  }

  #quiet(signal: AbortSignal): Promise<void> {
    return quiet(this.#clock, () => this.#bytes.waiting || this.#datagrams.waiting || signal.aborted);
  }

  #wrote(bytes: Uint8Array): void {
    this.#clock.activity += 1;
    this.#writtenNow += 1;
    this.counters.bytesOut += bytes.length;
  }

  #end(): void {
    this.#bytes.end();
    this.#datagrams.end();
  }
}

type ReplayWait = ((ms: number) => Promise<void>) | undefined;
