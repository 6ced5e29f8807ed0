import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type OrderParameters, toHex } from '@fengsui/protocol';
import { CaptureFile, type Gate, type Recorder, recordedDoor, recordedServer, recordedSocket, recordedWire } from './commission/capture.ts';
import type { LineConfiguration } from './config.ts';
import { type CarryOut, done, type Outcome, refused, STOPPING } from './downlink/downlink.ts';
import type { KeptOrder } from './downlink/record.ts';
import { fail } from './failures.ts';
import { SITE_WIRES, type Wires } from './lines.ts';

const EVERYTHING: Gate = () => true;
/** So much of what was heard travels in the receipt, as hex digits; all of it is in the file. */
const HEAD_DIGITS = 8_192;
/** Captures kept; older ones make room. */
const FILES_KEPT = 20;

/** One capture that runs: its file, what it counted, and how it hears that the file failed it. */
interface Running {
  readonly file: CaptureFile;
  readonly counted: { bytesIn: number; bytesOut: number; head: string };
  readonly failed: (error: Error) => void;
}

/** Writes to every capture that runs on a line just now. A file that fails ends its own capture, never the line. */
class Tap implements Recorder {
  readonly running = new Set<Running>();

  heard: Recorder['heard'] = (bytes, from) =>
    this.#write(({ file, counted }) => {
      file.heard(bytes, from);
      counted.bytesIn += bytes.length;
      if (counted.head.length < HEAD_DIGITS) counted.head = (counted.head + toHex(bytes)).slice(0, HEAD_DIGITS);
    });

  wrote: Recorder['wrote'] = (bytes, withheld, to) =>
    this.#write(({ file, counted }) => {
      file.wrote(bytes, withheld, to);
      counted.bytesOut += bytes.length;
    });

  #write(write: (running: Running) => void): void {
    for (const running of this.running) {
      try {
        write(running);
      } catch (error) {
        this.running.delete(running);
        running.failed(error as Error);
      }
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

  /** Records the bytes of a line for so many seconds into `<data>/captures/<order>.jsonl`, as `gateway replay` reads them. */
  async begin({ id }: KeptOrder, { line: name, seconds }: OrderParameters<'capture'>): Promise<Outcome> {
    const line = this.#lines.find((one) => one.name === name);
    const tap = this.#taps.get(name);
    if (!line || !tap) return refused(`no line has this name; lines: ${this.#lines.map((one) => one.name).join(', ')}`);
    const file = join(this.#folder, `${id}.jsonl`);
    using capture = await this.#open(file, line);
    const counted = { bytesIn: 0, bytesOut: 0, head: '' };
    const failure = await new Promise<Error | null>((resolve) => {
      tap.running.add({ file: capture, counted, failed: resolve });
      const enough = [this.#clock.sleep(seconds * 1000, this.#signal).catch(() => {}), capture.full];
      void Promise.race(enough).then(() => resolve(null));
    });
    for (const running of tap.running) if (running.file === capture) tap.running.delete(running);
    if (this.#signal.aborted) throw STOPPING;
    if (failure) throw fail('capture-unwritable', file, failure);
    capture.finish('stopped', []);
    return done({ file, ...counted });
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
