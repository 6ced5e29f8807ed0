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
  #said: 'began' | 'ended' | null = null;
  /** What is to be said by now. */
  #due: 'began' | 'ended' | null = null;
  /** Counts the spells: a short one must not be taken for the rest of an earlier one. */
  #spell = 0;
  #isLost = false;
  #why = '';
  #telling: Promise<void> = Promise.resolve();

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The link is not there. Said again while it is so, it only renews the reason. */
  lost(why: string): void {
    this.#why = why;
    if (this.#isLost) return;
    this.#isLost = true;
    const spell = ++this.#spell;
    const { clock, signal, graceMs } = this.#options;
    clock.sleep(graceMs, signal).then(
      () => {
        if (spell === this.#spell) this.#tellLater('began');
      },
      () => {},
    );
  }

  returned(): void {
    this.#isLost = false;
    this.#spell += 1;
    this.#tellLater('ended');
  }

  /** Resolves when everything there is to say is said. */
  told(): Promise<void> {
    return this.#telling;
  }

  #tellLater(due: 'began' | 'ended'): void {
    this.#due = due;
    this.#telling = this.#telling.then(() => this.#tell());
  }

  async #tell(): Promise<void> {
    const { clock, signal, tell } = this.#options;
    while (!signal.aborted && this.#due !== null && this.#due !== this.#said) {
      const edge = this.#due;
      try {
        await tell(edge, edge === 'began' ? this.#why : '');
        this.#said = edge;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        await clock.sleep(RETELL_AFTER_MS, signal).catch(() => {});
      }
    }
  }
}
