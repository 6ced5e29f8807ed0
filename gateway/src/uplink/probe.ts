import { type Clock, Failure } from '@fengsui/protocol';
import type { Backoff } from '../backoff.ts';
import * as limits from '../limits.ts';
import type { Connection } from './connection.ts';

export interface ProbeOptions {
  /** Connects over the path in question, up to hearing its receipts. Rejects with a Failure. */
  readonly open: (signal: AbortSignal) => Promise<Connection>;
  readonly clock: Clock;
  /** Waiting times between tries. */
  readonly backoff: Backoff;
  /** Hears why the path cannot be used yet. */
  readonly failed: (failure: Failure) => void;
  readonly signal: AbortSignal;
}

/**
 * Tries a path that is down until it has stayed connected for a while. What is tried is what is needed, a session that hears receipts: a
 * path on which only a handshake gets through would be no use.
 */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #over = new AbortController();
  /** What is under way is given up. */
  readonly #cut = new AbortController();
  readonly #proven = Promise.withResolvers<void>();
  #connection: Connection | null = null;
  readonly #running: Promise<void>;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Resolves when the path has proven itself; never, when the probe is over before. */
  get proven(): Promise<void> {
    return this.#proven.promise;
  }

  /**
   * Ends the probe and answers the connection it has or is just making, proven or not: where both paths lead to one collector, the new
   * session has ended the other. Such a session is heard of in a moment; a try that takes longer is given up. Null when there is none.
   */
  async take(): Promise<Connection | null> {
    this.#over.abort();
    const done = new AbortController();
    const late = () => this.#cut.abort();
    void this.#options.clock.sleep(limits.TAKE_WITHIN_MS, done.signal).then(late, () => {});
    await this.#running;
    done.abort();
    return this.#connection;
  }

  async #run(): Promise<void> {
    const { clock, backoff, signal } = this.#options;
    const either = AbortSignal.any([signal, this.#over.signal]);
    while (!either.aborted) {
      await clock.sleep(backoff.nextMs(), either).catch(() => {});
      if (either.aborted) return;
      await this.#try(either);
    }
  }

  async #try(over: AbortSignal): Promise<void> {
    const { open, clock, failed, signal } = this.#options;
    try {
      const connection = await open(AbortSignal.any([signal, this.#cut.signal]));
      this.#connection = connection;
      const end = await Promise.race([connection.ended, clock.sleep(limits.PROVEN_AFTER_MS, over).catch(() => {})]);
      if (!end) return await this.#hold(over);
      failed(end);
      this.#connection = null;
      await connection[Symbol.asyncDispose]();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!this.#cut.signal.aborted) failed(error);
    }
  }

  /** It is proven, or wanted at once: whoever waits takes the connection over. */
  async #hold(over: AbortSignal): Promise<void> {
    this.#proven.resolve();
    if (!over.aborted) await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
  }
}
