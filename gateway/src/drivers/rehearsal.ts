import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';
import type { Datagram, DatagramWire, Heard, PeerAddress, Wire, WireServer } from '../line.ts';
import type { Driver } from './driver.ts';

/** Stand-ins for time, wires and the journal: tests of drivers replay to the millisecond with them. */

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

/** Time that moves only when it is told to. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #wallStartMs: number;
  readonly #timers = new Set<Timer>();

  constructor(wallStartMs = Date.UTC(2026, 9, 1)) {
    this.#wallStartMs = wallStartMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer: Timer = {
        dueMs: this.#nowMs + ms,
        fire: () => {
          this.#timers.delete(timer);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener('abort', () => {
        this.#timers.delete(timer);
        reject(signal.reason);
      });
    });
  }

  /** Moves time on, timer by timer, and lets everything react to each. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms;
    await settled();
    while (true) {
      const due = [...this.#timers].filter(({ dueMs }) => dueMs <= targetMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.fire();
      await settled();
    }
    this.#nowMs = targetMs;
    await settled();
  }
}

class Queue<T> {
  readonly #items: T[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  end(error?: unknown): void {
    this.#ended = { error };
    this.#wake();
  }

  async *read(): AsyncGenerator<T> {
    while (true) {
      if (this.#items.length > 0) yield this.#items.shift()!;
      else if (this.#ended?.error) throw this.#ended.error;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** A wire whose far side is the test. */
export class ScriptedWire implements Wire {
  readonly name = 'scripted';
  readonly counters = { bytesIn: 0, bytesOut: 0 };
  readonly written: Uint8Array[] = [];
  readonly #queue = new Queue<Uint8Array>();
  readonly bytes = this.#queue.read();
  /** What the far side does when it is written to. */
  onWrite: (bytes: Uint8Array) => void = () => {};

  say(bytes: Uint8Array): void {
    this.#queue.put(bytes);
  }

  end(error?: unknown): void {
    this.#queue.end(error);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes.slice());
    this.onWrite(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }
}

/** A door whose callers are the test. */
export class ScriptedServer implements WireServer {
  readonly name = 'scripted';
  readonly port = 5200;
  readonly counters = { bytesIn: 0, bytesOut: 0, connections: 0, dropped: 0 };
  readonly #queue = new Queue<Wire>();
  readonly connections = this.#queue.read();

  call(): ScriptedWire {
    const wire = new ScriptedWire();
    this.#queue.put(wire);
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end();
  }
}

/** A UDP socket whose devices are the test. */
export class ScriptedSocket implements DatagramWire {
  readonly name = 'scripted';
  readonly port = 5683;
  readonly receiveBufferBytes = 4 << 20;
  readonly wantedBufferBytes = 4 << 20;
  readonly counters = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, dropped: 0 };
  readonly sent: Datagram[] = [];
  readonly #queue = new Queue<Datagram>();
  readonly datagrams = this.#queue.read();

  say(bytes: Uint8Array, port: number, address = '10.0.0.1'): void {
    this.#queue.put({ bytes, from: { address, port } });
  }

  async send(bytes: Uint8Array, to: PeerAddress): Promise<void> {
    this.sent.push({ bytes: bytes.slice(), from: to });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end();
  }
}

/** The line behind a driver: takes what it yields, commits when the test lets it, refuses when the test says so. */
export class ScriptedLine {
  readonly committed: Heard[] = [];
  /** What the journal holds and has not committed. */
  readonly waiting: Heard[] = [];
  readonly done: Promise<void>;
  failure: unknown;
  ended = false;
  #held = false;
  #refused: unknown;
  #release: () => void = () => {};

  constructor(driver: Driver) {
    this.done = this.#run(driver).then(
      () => {
        this.ended = true;
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** Commits take for ever, until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#release();
  }

  /** The commit that is held, or the next one, fails. */
  refuse(error: unknown = new Error('disk')): void {
    this.#refused = error;
    this.release();
  }

  /** Every observation committed, as `device what`. */
  said(): string[] {
    return this.committed.flatMap(({ device, observations }) =>
      observations.map(({ what, detail }) => `${device} ${what}${detail === undefined ? '' : ` ${detail}`}`),
    );
  }

  async #run(driver: Driver): Promise<void> {
    for await (const heard of driver) {
      this.waiting.push(...heard);
      if (this.#held)
        await new Promise<void>((resolve) => {
          this.#release = resolve;
        });
      if (this.#refused) throw this.#refused;
      this.committed.push(...this.waiting.splice(0));
    }
  }
}
