import { type Clock, Failure } from '@fengsui/protocol';

/** How soon words about a link are tried again when the journal could not take them. */
const RETELL_AFTER_MS = 1_000;

export interface OutageOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** An outage shorter than this is no news. */
  readonly graceMs: number;
  /** Says that the link is lost (`began`) or back (`ended`); resolves when the word is durable. */
  readonly tell: (edge: 'began' | 'ended', why: string) => Promise<unknown>;
}

/**
 * Tells that a link is lost, once it has been so for a while, and that it is back. The first time it is there after a start
 * is told as well: whoever heard of a loss before the start hears that it is over.
 */
export class Outage {
  readonly #options: OutageOptions;
  #said: 'nothing' | 'began' | 'ended' = 'nothing';
  #is: 'lost' | 'there' | 'unknown' = 'unknown';
  #why = '';
  #telling: Promise<void> = Promise.resolve();

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The link is not there. Said again while it is so, it only renews the reason. */
  lost(why: string): void {
    this.#why = why;
    if (this.#is === 'lost') return;
    this.#is = 'lost';
    const { clock, signal, graceMs } = this.#options;
    clock.sleep(graceMs, signal).then(
      () => this.#tellLater(),
      () => {},
    );
  }

  returned(): void {
    if (this.#is === 'there') return;
    this.#is = 'there';
    this.#why = '';
    this.#tellLater();
  }

  /** Resolves when everything there is to say is said. */
  told(): Promise<void> {
    return this.#telling;
  }

  #tellLater(): void {
    this.#telling = this.#telling.then(() => this.#tell());
  }

  async #tell(): Promise<void> {
    const { clock, signal, tell } = this.#options;
    while (!signal.aborted) {
      const edge = this.#is === 'lost' ? 'began' : 'ended';
      if (this.#said === edge) return;
      try {
        await tell(edge, this.#why);
        this.#said = edge;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        await clock.sleep(RETELL_AFTER_MS, signal).catch(() => {});
      }
    }
  }
}
