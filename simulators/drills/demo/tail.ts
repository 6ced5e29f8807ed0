import { closeSync, existsSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 64 * 1024;

/** Reads the new whole lines of a growing file of JSON lines, each once. */
export class Tail<T> {
  readonly #path: string;
  #offset = 0;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Lines written since the last call. A file that does not exist yet has none. */
  read(): T[] {
    if (!existsSync(this.#path)) return [];
    const file = openSync(this.#path, 'r');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let count = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset); count > 0; ) {
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, count)]);
        this.#offset += count;
        count = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset);
      }
    } finally {
      closeSync(file);
    }
    const end = this.#rest.lastIndexOf('\n') + 1;
    const lines = this.#rest.subarray(0, end).toString('utf8').split('\n').filter(Boolean);
    this.#rest = this.#rest.subarray(end);
    return lines.map((line) => JSON.parse(line) as T);
  }
}
