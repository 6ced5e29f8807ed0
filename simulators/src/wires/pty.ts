import { closeSync, readSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SerialPort } from 'serialport';
import { failure } from '../failures.ts';
import type { Peer, SimulatedWire } from './wire.ts';

interface NativePty {
  open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
}

/**
 * The library's public `open()` reads both ends itself: its reading of the slave swallows what the device says, and its
 * stream over the master closes for good when the last host leaves. So only its `openpty` is taken, and the master read here.
 */
function openPty(): ReturnType<NativePty['open']> {
  try {
    const require = createRequire(import.meta.url);
    const { requireBinary } = require('@lydell/node-pty/requireBinary.js') as { requireBinary(name: string): NativePty };
    return requireBinary('pty.node').open(80, 24);
  } catch (error) {
    throw failure('SIM_PTY_UNAVAILABLE', (error as Error).message, error);
  }
}

/** Gives the slave the raw line of a UART, which lasts as long as the pair, so that nothing is echoed or rewritten before the host sets it. */
async function makeRaw(path: string, baudRate: number): Promise<void> {
  const port = new SerialPort({ path, baudRate, autoOpen: false, lock: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  await new Promise<void>((resolve, reject) => port.close((error) => (error ? reject(error) : resolve())));
}

/** A UART hands over a byte a millisecond at 9600 baud; looking every 2 ms is as good as being told. */
const LOOK_EVERY_MS = 2;
/** Nobody is there: the host may open the line at any time, but not many times a second. */
const LOOK_FOR_HOST_EVERY_MS = 20;
/** A host that just opened the line still sets it up. */
const SETTLE_MS = 60;

/** A serial line: a pseudo-terminal pair whose slave the host opens like a serial port. */
export class PtyWire implements SimulatedWire {
  readonly #link: string | null;
  readonly #baudRate: number;
  readonly #buffer = Buffer.alloc(4096);
  readonly #peer: Peer = { write: (bytes) => this.write(bytes) };
  #master: number | null = null;
  #path = '';
  #hostSinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #listener: (bytes: Uint8Array, from: Peer) => void = () => {};
  /** Bytes a full line would not take: a UART drops them as well. */
  overrunBytes = 0;

  constructor(plan: { readonly link: string | null; readonly baudRate: number }) {
    this.#link = plan.link;
    this.#baudRate = plan.baudRate;
  }

  get address(): string {
    return this.#link ?? this.#path;
  }

  get attached(): boolean {
    return this.#hostSinceMs !== null && performance.now() - this.#hostSinceMs >= SETTLE_MS;
  }

  listen(listener: (bytes: Uint8Array, from: Peer) => void): void {
    this.#listener = listener;
  }

  async open(): Promise<void> {
    const { master, slave, pty } = openPty();
    closeSync(slave);
    await makeRaw(pty, this.#baudRate);
    this.#master = master;
    this.#path = pty;
    if (this.#link !== null) {
      rmSync(this.#link, { force: true });
      symlinkSync(pty, this.#link);
    }
    this.#look();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#master === null || !this.attached) return false;
    try {
      this.overrunBytes += bytes.length - writeSync(this.#master, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      this.overrunBytes += bytes.length;
    }
    return true;
  }

  async unplug(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#link !== null) rmSync(this.#link, { force: true });
    if (this.#master !== null) closeSync(this.#master);
    this.#master = null;
    this.#hostSinceMs = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
  }

  #look(): void {
    const host = this.#drain();
    if (!host) this.#hostSinceMs = null;
    else this.#hostSinceMs ??= performance.now();
    if (this.#master !== null) this.#timer = setTimeout(() => this.#look(), host ? LOOK_EVERY_MS : LOOK_FOR_HOST_EVERY_MS);
  }

  /** Reads what waits; false when no host holds the slave open (EIO). */
  #drain(): boolean {
    while (this.#master !== null) {
      try {
        const count = readSync(this.#master, this.#buffer);
        if (count === 0) return true;
        this.#hostSinceMs = Number.NEGATIVE_INFINITY; // a host that speaks has set up its line
        this.#listener(Uint8Array.from(this.#buffer.subarray(0, count)), this.#peer);
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EAGAIN';
      }
    }
    return false;
  }
}
