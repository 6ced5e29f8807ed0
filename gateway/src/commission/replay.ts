import { type Clock, toHex } from '@fengsui/protocol';
import type { Posted, PushRequest } from '@fengsui/protocol/clouds';
import type { Datagram, DatagramWire, PushWire, Wire, WireServer } from '../line.ts';
import { REDACTED_SECRET } from './capture.ts';
import { type Capture, type CaptureChunk, peerOf } from './capture-text.ts';
import { quiet, ReplayClock } from './replay-clock.ts';

/**
 * What came after the gateway had written so many packets waits until the replaying driver has written as many: an answer
 * never comes before its question. A driver that no longer asks is waited for no longer than this.
 */
const QUESTION_WITHIN_MS = 10_000;

/** Bytes of the token under which a registered device is observed. */
const TOKEN_BYTES = 8;
/** RFC 7252 §3: the head before the token, and the code of a GET. */
const COAP_HEAD_BYTES = 4;
const COAP_GET = 0x01;

/** A source that is filled from outside and knows whether its reader waits. */
class Source<T> implements AsyncIterable<T>, AsyncIterator<T> {
  readonly #onPull: () => void;
  readonly #items: T[] = [];
  #pull: ((result: IteratorResult<T>) => void) | undefined;
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
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift()! });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#pull = resolve;
    });
  }

  give(value: T): void {
    const pull = this.#take();
    if (pull) pull({ done: false, value });
    else this.#items.push(value);
  }

  end(): void {
    this.#ended = true;
    this.#take()?.({ done: true, value: undefined });
  }

  #take(): ((result: IteratorResult<T>) => void) | undefined {
    const pull = this.#pull;
    this.#pull = undefined;
    return pull;
  }
}

/** A push as `recordedDoor` wrote it down. */
function pushOf(bytes: Uint8Array): PushRequest {
  const head = Buffer.from(bytes).indexOf('\r\n\r\n');
  const [method = '', target = ''] = String(Buffer.from(bytes.subarray(0, Math.max(0, head)))).split(' ');
  return { method, target, body: bytes.subarray(head < 0 ? bytes.length : head + 4) };
}

async function* withSecret(pushes: AsyncIterable<Posted>, secret: string): AsyncGenerator<Posted> {
  for await (const posted of pushes)
    yield { ...posted, target: posted.target.replace(`/push/${REDACTED_SECRET}`, `/push/${secret}`), answer: posted.answer };
}

/** Tokens of the registrations of a capture, in order: we asked each device that came to be observed under a new one. */
function registrationTokens({ header, chunks }: Capture): string[] {
  if (header.wire.kind !== 'udp') return [];
  const asked = chunks.flatMap(({ direction, bytes }) => {
    const isQuestion = direction === 'out' && bytes[1] === COAP_GET && (bytes[0]! & 0x0f) === TOKEN_BYTES;
    return isQuestion ? [toHex(bytes.subarray(COAP_HEAD_BYTES, COAP_HEAD_BYTES + TOKEN_BYTES))] : [];
  });
  const stems = new Set<string>();
  return asked.filter((token) => !stems.has(token.slice(0, -2)) && stems.add(token.slice(0, -2)));
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
  readonly #connections: Source<Wire>;
  readonly #pushes: Source<Posted>;
  /** Connections of a door, by who came. */
  readonly #callers = new Map<string, Source<Uint8Array>>();
  readonly counters = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, dropped: 0 };
  readonly #tokens: string[];
  #writtenNow = 0;
  #unasked = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
    this.#clock = new ReplayClock(capture.header.startedMs);
    this.#bytes = this.#source();
    this.#datagrams = this.#source();
    this.#connections = this.#source();
    this.#pushes = this.#source();
    this.#tokens = registrationTokens(capture);
  }

  get clock(): Clock {
    return this.#clock;
  }

  get wire(): Wire {
    return this.#wireOf('replay', this.#bytes);
  }

  get server(): WireServer {
    const [counters, connections] = [{ ...this.counters, connections: 0 }, this.#connections];
    return { name: 'replay', port: 0, counters, connections, [Symbol.asyncDispose]: async () => this.#end() };
  }

  get socket(): DatagramWire {
    return {
      ...{ name: 'replay', port: 0, receiveBufferBytes: 0, wantedBufferBytes: 0, counters: this.counters, datagrams: this.#datagrams },
      send: async (bytes) => this.#wrote(bytes),
      [Symbol.asyncDispose]: async () => this.#end(),
    };
  }

  /** `secret`: the last part of the path, which a capture does not hold. */
  door(secret: string): PushWire {
    const counters = { ...this.counters, requestsIn: 0 };
    const requests = withSecret(this.#pushes, secret);
    return { ...{ name: 'replay', port: 0, counters, requests }, [Symbol.asyncDispose]: async () => this.#end() };
  }

  /** The token that the next device got on site when it registered: its notifications carry it. */
  newToken(): string {
    return this.#tokens.shift() ?? '0'.repeat(16);
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
    const { bytes, peer } = chunk;
    if (this.#capture.header.wire.kind === 'udp') this.#datagrams.give({ bytes, from: peerOf(peer ?? '') });
    else if (this.#capture.header.wire.kind === 'tcp-server') this.#callerOf(peer ?? '').give(bytes);
    else if (this.#capture.header.wire.kind === 'http') this.#pushes.give(this.#posted(bytes));
    else this.#bytes.give(bytes);
  }

  #posted(bytes: Uint8Array): Posted {
    const answer: Posted['answer'] = ({ status, text }) => this.#wrote(Buffer.from(`${status} ${text}`));
    return { ...pushOf(bytes), answer };
  }

  #source<T>(): Source<T> {
    return new Source<T>(() => {
      this.#clock.activity += 1;
    });
  }

  #wireOf(name: string, bytes: Source<Uint8Array>): Wire {
    return {
      ...{ name, counters: this.counters, bytes },
      write: async (packet) => this.#wrote(packet),
      [Symbol.asyncDispose]: async () => bytes.end(),
    };
  }

  /** The connection of a caller; the first word of a new one opens it. */
  #callerOf(peer: string): Source<Uint8Array> {
    const known = this.#callers.get(peer);
    if (known) return known;
    const bytes = this.#source<Uint8Array>();
    this.#callers.set(peer, bytes);
    this.#connections.give(this.#wireOf(peer, bytes));
    return bytes;
  }

  /** What the drivers read from: of the three sorts only one is used. */
  #open(): ReadonlyArray<{ readonly waiting: boolean }> {
    const { kind } = this.#capture.header.wire;
    if (kind === 'udp') return [this.#datagrams];
    if (kind === 'http') return [this.#pushes];
    return kind === 'tcp-server' ? [this.#connections, ...this.#callers.values()] : [this.#bytes];
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
    return quiet(this.#clock, () => signal.aborted || this.#open().every(({ waiting }) => waiting));
  }

  #wrote(bytes: Uint8Array): void {
    this.#clock.activity += 1;
    this.#writtenNow += 1;
    this.counters.bytesOut += bytes.length;
  }

  #end(): void {
    for (const source of [this.#bytes, this.#datagrams, this.#connections, this.#pushes, ...this.#callers.values()]) source.end();
  }
}

type ReplayWait = ((ms: number) => Promise<void>) | undefined;
