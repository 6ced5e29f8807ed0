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
  /** When the wait that is on is over, and when the alarm rings; Infinity: none is on, it is not set. */
  #untilMs = Number.POSITIVE_INFINITY;
  #ringsMs = Number.POSITIVE_INFINITY;
  #alarm: AbortController | undefined;

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
    this.#alarm?.abort(WOKEN);
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
    this.#untilMs = this.#clock.monotonicMs() + withinMs;
    if (this.#untilMs < this.#ringsMs) this.#setAlarm();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#untilMs = Number.POSITIVE_INFINITY;
  }

  /**
   * One alarm for every wait: one that rings too early is set again, and what comes before it costs no timer. Of a line whose packets come
   * in pieces every piece is waited for.
   */
  #setAlarm(): void {
    this.#alarm?.abort(WOKEN);
    if (this.#untilMs === Number.POSITIVE_INFINITY) return;
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#ringsMs = this.#untilMs;
    this.#clock.sleep(Math.max(0, this.#untilMs - this.#clock.monotonicMs()), alarm.signal).then(
      () => this.#rang(),
      () => {}, // set anew, or the inbox is closed
    );
  }

  #rang(): void {
    this.#ringsMs = Number.POSITIVE_INFINITY;
    this.#alarm = undefined; // it has rung: to abort it would only make an event nobody hears
    // A timer of the machine may be early by part of a millisecond.
    if (this.#untilMs - this.#clock.monotonicMs() < 1) this.#wake();
    else this.#setAlarm();
  }
}
