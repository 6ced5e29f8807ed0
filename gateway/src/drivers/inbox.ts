import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@fengsui/protocol';

/** Why a wait is over; one for all, for a reason made anew would carry a stack trace. */
const WOKEN = new Error('woken');

export type Arrival<T> = { readonly item: T } | 'silence' | 'end';

/**
 * Takes items from an async source one by one, each within a time. At most one item is asked for ahead, so a source that
 * holds its sender back keeps doing so.
 */
export class Inbox<T> implements AsyncDisposable {
  readonly #source: AsyncIterator<T>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #asked = false;
  #arrived: IteratorResult<T> | undefined;
  #failed: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};
  readonly #onAbort = () => this.#wake();

  constructor(source: AsyncIterable<T>, clock: Clock, signal: AbortSignal) {
    this.#source = source[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The next item, 'silence' when none comes within the time, 'end' when the source has finished or the signal aborted. Throws what the source throws. */
  async take(withinMs: number): Promise<Arrival<T>> {
    this.#ask();
    if (!this.#settled() && withinMs > 0) await this.#wait(withinMs);
    // Timers run before the operating system is asked: what has arrived meanwhile is not silence.
    if (!this.#settled()) await setImmediate();
    if (this.#signal.aborted) return 'end';
    if (this.#failed) throw this.#failed.error;
    if (!this.#arrived) return 'silence';
    if (this.#arrived.done) return 'end';
    const item = this.#arrived.value;
    this.#arrived = undefined;
    return { item };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  #settled(): boolean {
    return this.#arrived !== undefined || this.#failed !== undefined || this.#signal.aborted;
  }

  #ask(): void {
    if (this.#asked || this.#arrived || this.#failed) return;
    this.#asked = true;
    this.#source.next().then(
      (result) => {
        this.#asked = false;
        this.#arrived = result;
        this.#wake();
      },
      (error: unknown) => {
        this.#failed = { error };
        this.#wake();
      },
    );
  }

  async #wait(withinMs: number): Promise<void> {
    const timer = new AbortController();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (Number.isFinite(withinMs)) this.#clock.sleep(withinMs, timer.signal).then(resolve, () => resolve());
    });
    timer.abort(WOKEN);
  }
}
