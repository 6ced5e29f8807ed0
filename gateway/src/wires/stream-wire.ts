import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../failures.ts';
import { STREAM_BYTES_PER_SECOND_MAX } from './limits.ts';
import type { Wire } from './wire.ts';

/** How a kind of stream is let go, beyond what every stream has. */
export interface StreamEnds {
  /** True until the stream is gone. */
  readonly isOpen: () => boolean;
  /** Lets go; the stream's 'close' event tells when it is done. */
  readonly close: () => void;
}

/**
 * A wire over a Node stream. Reading pulls: while nobody asks, the stream fills to its high-water mark and then stops
 * reading from the operating system, so a babbling device cannot fill the memory.
 */
export function streamWire(name: string, stream: Duplex, ends: StreamEnds, signal: AbortSignal): Wire {
  const counters = { bytesIn: 0, bytesOut: 0 };
  let released = false;
  // Errors reach the caller by the reading and the writing; without a listener Node would end the process.
  stream.on('error', () => {});

  const release = async () => {
    signal.removeEventListener('abort', onAbort);
    released = true;
    if (!ends.isOpen()) return;
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
    ends.close();
    await closed;
  };
  const onAbort = () => void release();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();

  const pace = new Pace(STREAM_BYTES_PER_SECOND_MAX);

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        counters.bytesIn += chunk.length;
        yield chunk;
        await pace.rest(chunk.length, signal);
      }
    } catch (cause) {
      if (!released) throw fail('wire-lost', name, cause);
    }
  }

  return {
    name,
    counters,
    bytes: read(),
    async write(bytes) {
      if (released || !ends.isOpen()) throw fail('wire-lost', name);
      await written(stream, bytes, name);
      counters.bytesOut += bytes.length;
    },
    [Symbol.asyncDispose]: release,
  };
}

/** Holds back who sends more than so many bytes a second; a second's worth may come at once. */
class Pace {
  readonly #perSecond: number;
  #spentMs = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Rests until the bytes fit into their time; an aborted signal ends the rest. */
  async rest(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#spentMs = Math.max(this.#spentMs, now - 1_000) + (bytes / this.#perSecond) * 1_000;
    if (this.#spentMs > now) await sleep(this.#spentMs - now, undefined, { signal }).catch(() => {});
  }
}

/** A stream that closes while it writes may never call back: its 'close' counts as the answer. */
function written(stream: Duplex, bytes: Uint8Array, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(fail('wire-lost', name));
    stream.once('close', onClose);
    stream.write(bytes, (error) => {
      stream.off('close', onClose);
      if (error) reject(fail('wire-lost', name, error));
      else resolve();
    });
  });
}
