import { replaceDurably } from '../durable-file.ts';
import { jsonIn, readOwn } from '../own-files.ts';

/** The last time that each centre gave and that the clock was set by, kept over restarts: one that is not later is an old frame. */
export class CentreTimes {
  readonly #file: string;
  #known: Promise<Map<string, number>> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** Of an uplink; milliseconds since 1970-01-01 UTC, 0 where it gave none. */
  async last(uplink: string): Promise<number> {
    return (await this.#read()).get(uplink) ?? 0;
  }

  /** Durable when it resolves. Rejects with the file system's error: then it is known until the process ends. */
  async note(uplink: string, ms: number): Promise<void> {
    const known = await this.#read();
    known.set(uplink, ms);
    this.#writing = this.#writing.catch(() => {}).then(() => replaceDurably(this.#file, JSON.stringify(Object.fromEntries(known))));
    await this.#writing;
  }

  #read(): Promise<Map<string, number>> {
    this.#known ??= readOwn(this.#file, timesIn).then(
      (times) => times ?? new Map(),
      () => new Map(),
    );
    return this.#known;
  }
}

/** What stands in a text; null where no gateway wrote it. */
function timesIn(text: string): Map<string, number> | null {
  const times = jsonIn(text);
  if (typeof times !== 'object' || times === null || Array.isArray(times)) return null;
  return new Map(Object.entries(times).filter(([, ms]) => Number.isSafeInteger(ms)));
}
