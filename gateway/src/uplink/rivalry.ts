import type { Clock, Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { UplinkNumbers } from './numbers.ts';

export interface RivalryOptions {
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly signal: AbortSignal;
}

/**
 * Whether another box seems to use our certificate: the collector says so, or one that never says such things lets us in and ends the
 * session soon after, again and again, which is all that is seen of a rival then. It stands until nothing of it was seen for a while.
 */
export class Rivalry {
  readonly #options: RivalryOptions;
  /** Sessions in a row that the far side ended soon after it had let us in. */
  #endedSoon = 0;
  /** This collector is one that says it. */
  #isTold = false;
  #seen = 0;
  #why = '';

  constructor(options: RivalryOptions) {
    this.#options = options;
  }

  /** The collector says whether it has seen another box under our name just now. */
  told(isSeen: boolean): void {
    this.#isTold = true;
    if (isSeen) this.#stands('the collector sees it come in between');
  }

  /** A session is over; answers why, by what is known of rivals. */
  after(failure: Failure, openedMs: number): Failure {
    const { clock, numbers, signal } = this.#options;
    if (failure.code !== 'uplink-lost' || signal.aborted) return failure;
    // A link that flaps looks the same from here: where the collector says how it is, nothing is guessed.
    const isSoon = !this.#isTold && clock.monotonicMs() - openedMs < limits.RIVAL_SESSION_MS;
    this.#endedSoon = isSoon ? this.#endedSoon + 1 : 0;
    if (this.#endedSoon >= limits.RIVAL_SESSIONS)
      this.#stands(`${this.#endedSoon} sessions in a row were let in and ended within a minute`);
    return numbers.identityFailure === null ? failure : fail('uplink-shared', this.#why, failure);
  }

  #stands(why: string): void {
    const { clock, numbers, signal } = this.#options;
    this.#why = `another box seems to use this gateway's certificate: ${why}`;
    numbers.identityFailure = fail('uplink-shared', this.#why).message;
    const seen = ++this.#seen;
    clock.sleep(limits.RIVAL_STANDS_MS, signal).then(
      () => {
        if (seen === this.#seen) numbers.identityFailure = null;
      },
      () => {},
    );
  }
}
