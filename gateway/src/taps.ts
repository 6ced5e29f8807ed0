import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type OrderParameters, toHex } from '@fengsui/protocol';
import { CaptureFile, type Gate, type Recorder, recordedDoor, recordedServer, recordedSocket, recordedWire } from './commission/capture.ts';
import type { LineConfiguration } from './config.ts';
import { type CarryOut, done, type Outcome, refused, STOPPING } from './downlink/downlink.ts';
import type { KeptOrder } from './downlink/record.ts';
import { fail } from './failures.ts';
import { SITE_WIRES, type Wires } from './site-wires.ts';

const EVERYTHING: Gate = () => true;
/** So much of what was heard travels in the receipt, as hex digits; all of it is in the file. */
const HEAD_DIGITS = 8_192;
/** Captures kept; older ones make room. */
const FILES_KEPT = 20;

/** Tells everybody who listens to a line just now what crosses its wire; nobody listening, it costs a look. */
class Tap implements Recorder {
  readonly listeners = new Set<Recorder>();

  heard: Recorder['heard'] = (bytes, from) => {
    for (const listener of this.listeners) listener.heard(bytes, from);
  };

  wrote: Recorder['wrote'] = (bytes, withheld, to) => {
    for (const listener of this.listeners) listener.wrote(bytes, withheld, to);
  };
}

/** A capture that runs: its file and what it counted. A file that fails ends its own capture, never the line. */
class Capturing implements Recorder {
  readonly counted = { bytesIn: 0, bytesOut: 0, head: '' };
  /** Resolves with what went wrong with the file, if anything does. */
  readonly failed: Promise<Error>;
  readonly #file: CaptureFile;
  #fail: (error: Error) => void = () => {};

  constructor(file: CaptureFile) {
    this.#file = file;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  heard: Recorder['heard'] = (bytes, from) =>
    this.#write(() => {
      this.#file.heard(bytes, from);
      const { counted } = this;
      counted.bytesIn += bytes.length;
      if (counted.head.length < HEAD_DIGITS) counted.head = (counted.head + toHex(bytes)).slice(0, HEAD_DIGITS);
    });

  wrote: Recorder['wrote'] = (bytes, withheld, to) =>
    this.#write(() => {
      this.#file.wrote(bytes, withheld, to);
      this.counted.bytesOut += bytes.length;
    });

  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#fail(error as Error);
    }
  }
}

/** Taps on the running lines: what crosses a wire can be written down while its driver goes on undisturbed. */
export class Taps implements CarryOut<'capture'> {
  readonly #taps = new Map<string, Tap>();
  readonly #lines: readonly LineConfiguration[];
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(lines: readonly LineConfiguration[], data: string, clock: Clock, signal: AbortSignal) {
    this.#lines = lines;
    this.#folder = join(data, 'captures');
    this.#clock = clock;
    this.#signal = signal;
  }

  /** The site's wires of one line, tapped. */
  wires(line: string, wires: Wires = SITE_WIRES): Wires {
    const { openStream, openDatagrams, openServer, openDoor } = wires;
    const tap = new Tap();
    this.#taps.set(line, tap);
    return {
      ...wires,
      openStream: async (...order) => recordedWire(await openStream(...order), tap, EVERYTHING),
      openDatagrams: async (...order) => recordedSocket(await openDatagrams(...order), tap, EVERYTHING),
      openServer: async (...order) => recordedServer(await openServer(...order), tap, EVERYTHING),
      openDoor: async (...order) => recordedDoor(await openDoor(...order), tap),
    };
  }

  /** Lets somebody look at what crosses a line's wire, who must neither throw nor take long; returns the way to stop that. null: no such line. */
  watch(line: string, watcher: Recorder): (() => void) | null {
    const tap = this.#taps.get(line);
    tap?.listeners.add(watcher);
    return tap ? () => void tap.listeners.delete(watcher) : null;
  }

  /** Records the bytes of a line for so many seconds into `<data>/captures/<order>.jsonl`, as `gateway replay` reads them. */
  async begin({ id }: KeptOrder, { line: name, seconds }: OrderParameters<'capture'>): Promise<Outcome> {
    const line = this.#lines.find((one) => one.name === name);
    const tap = this.#taps.get(name);
    if (!line || !tap) return refused(`no line has this name; lines: ${this.#lines.map((one) => one.name).join(', ')}`);
    const file = join(this.#folder, `${id}.jsonl`);
    using capture = await this.#open(file, line);
    const capturing = new Capturing(capture);
    const enough = [this.#clock.sleep(seconds * 1000, this.#signal).catch(() => {}), capture.full];
    tap.listeners.add(capturing);
    const failure = await Promise.race([capturing.failed, Promise.race(enough).then(() => null)]);
    tap.listeners.delete(capturing);
    if (this.#signal.aborted) throw STOPPING;
    if (failure) throw fail('capture-unwritable', file, failure);
    capture.finish('stopped', []);
    return done({ file, ...capturing.counted });
  }

  async #open(file: string, { wire, devices }: LineConfiguration): Promise<CaptureFile> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#makeRoom();
      const family = devices[0]?.family;
      return new CaptureFile(file, { wire, ...(family === undefined ? {} : { family }) }, this.#clock);
    } catch (error) {
      throw fail('capture-unwritable', file, error);
    }
  }

  async #makeRoom(): Promise<void> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.jsonl')).map((name) => join(this.#folder, name));
    const ages = await Promise.all(files.map(async (file) => ({ file, ms: (await stat(file)).mtimeMs })));
    for (const { file } of ages.sort((one, other) => other.ms - one.ms).slice(FILES_KEPT - 1)) await rm(file);
  }
}
