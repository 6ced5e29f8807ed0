import type { Heard } from '../line.ts';
import type { Driver } from './driver.ts';

interface Step {
  readonly driver: Driver;
  readonly result: IteratorResult<readonly Heard[], void> | { readonly error: unknown };
}

/** Drivers whose words share one commit: bounds what one transaction takes. */
const BATCH_MAX = 64;

/**
 * Runs many drivers as one. What several of them heard at one moment is yielded together, and each goes on, to answer its
 * device, only after that: the promise of a driver holds for every one. One that waits keeps no other waiting. An error of
 * any ends all. At most `limit` run at once; until then the next is not taken from the source. The signal handed to `start`
 * aborts when it is over.
 */
export async function* sideBySide(
  start: (signal: AbortSignal) => AsyncIterable<Driver>,
  signal: AbortSignal,
  limit = Number.POSITIVE_INFINITY,
): Driver {
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const crowd = new Crowd(start(over), over, limit);
  try {
    while (true) {
      const steps = await crowd.take();
      if (steps.length === 0) return;
      const heard = steps.flatMap(heardIn);
      if (heard.length > 0) yield heard;
      for (const { driver, result } of steps) crowd.goOn(driver, result);
    }
  } finally {
    stop.abort();
    await crowd.end();
  }
}

function heardIn({ result }: Step): readonly Heard[] {
  if ('error' in result) throw result.error;
  return result.done ? [] : result.value;
}

class Crowd {
  readonly #running = new Set<Driver>();
  readonly #limit: number;
  readonly #arrived: Step[] = [];
  #closed = false;
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};
  #room: () => void = () => {};

  constructor(arrivals: AsyncIterable<Driver>, over: AbortSignal, limit: number) {
    this.#limit = limit;
    over.addEventListener('abort', () => this.#close(), { once: true });
    if (over.aborted) this.#closed = true;
    this.#admit(arrivals).then(
      () => this.#close(),
      (error: unknown) => this.#close({ error }),
    );
  }

  /** Steps that were made, at least one; empty when all is over. */
  async take(): Promise<Step[]> {
    while (this.#arrived.length === 0) {
      if (this.#broken) throw this.#broken.error;
      if (this.#closed && this.#running.size === 0) return [];
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#arrived.splice(0, BATCH_MAX);
  }

  goOn(driver: Driver, result: Step['result']): void {
    if ('error' in result || result.done) {
      this.#running.delete(driver);
      this.#room();
    } else this.#step(driver);
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#running].map((driver) => driver.return()));
  }

  async #admit(arrivals: AsyncIterable<Driver>): Promise<void> {
    for await (const driver of arrivals) {
      if (this.#closed) return;
      this.#running.add(driver);
      this.#step(driver);
      while (this.#running.size >= this.#limit && !this.#closed)
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
    }
  }

  #step(driver: Driver): void {
    const made = (result: Step['result']) => {
      this.#arrived.push({ driver, result });
      this.#wake();
    };
    driver.next().then(made, (error: unknown) => made({ error }));
  }

  #close(broken?: { readonly error: unknown }): void {
    this.#closed = true;
    this.#broken ??= broken;
    this.#wake();
    this.#room();
  }
}
