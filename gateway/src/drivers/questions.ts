import type { Clock } from '@fengsui/protocol';
import type { PeerAddress } from '../line.ts';

/** RFC 7252 ACK_TIMEOUT is 2 s; a radio that has to wake up needs more, and each repeat costs a device battery. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Then the device registers again by itself, or sleeps until its next word. */
const TRIES_MAX = 3;
/** An empty acknowledgement promises an answer of its own; it comes before the device sleeps or not at all. */
const SEPARATE_ANSWER_MS = 30_000;

export interface Question<About> {
  readonly endpoint: string;
  readonly id: number;
  /** Hex. */
  readonly token: string;
  readonly bytes: Uint8Array;
  readonly to: PeerAddress;
  readonly about: About;
}

interface Open<About> extends Question<About> {
  dueMs: number;
  tries: number;
}

/** Confirmable requests of ours that wait for an answer, one for each endpoint (RFC 7252 NSTART 1), sent again with doubled patience. */
export class Questions<About> {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open<About>>();
  #givenUp: Array<Question<About>> = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(question: Question<About>): void {
    this.#open.set(question.endpoint, { ...question, dueMs: this.#clock.monotonicMs(), tries: 0 });
  }

  isOpen(endpoint: string): boolean {
    return this.#open.has(endpoint);
  }

  /** The question a message answers: by the number of an acknowledgement, or by the token of an answer of its own. */
  answeredBy({ type, id, token }: { readonly type: string; readonly id: number; readonly token: string }): Question<About> | undefined {
    const byId = type === 'ACK' || type === 'RST';
    return [...this.#open.values()].find((question) => (byId ? question.id === id : question.token === token));
  }

  settle({ endpoint }: Pick<Question<About>, 'endpoint'>): void {
    this.#open.delete(endpoint);
  }

  /** It arrived, and its answer comes later: it is not sent again. */
  arrived({ endpoint }: Pick<Question<About>, 'endpoint'>): void {
    const question = this.#open.get(endpoint);
    if (!question) return;
    question.tries = TRIES_MAX;
    question.dueMs = this.#clock.monotonicMs() + SEPARATE_ANSWER_MS;
  }

  /** When `due` or `takeGivenUp` have something. */
  nextInMs(): number {
    if (this.#givenUp.length > 0) return 0;
    const now = this.#clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#open.values()) next = Math.min(next, dueMs - now);
    return Math.max(0, next);
  }

  /** Those that were in vain since the last time this was asked. */
  takeGivenUp(): Array<Question<About>> {
    const givenUp = this.#givenUp;
    this.#givenUp = [];
    return givenUp;
  }

  /** Those to send now. Those sent often enough are given up. */
  due(): Array<Question<About>> {
    const now = this.#clock.monotonicMs();
    const due: Array<Question<About>> = [];
    for (const [endpoint, question] of this.#open) {
      if (question.dueMs > now) continue;
      if (question.tries >= TRIES_MAX) {
        this.#open.delete(endpoint);
        this.#givenUp.push(question);
        continue;
      }
      question.dueMs = now + ANSWER_TIMEOUT_MS * 2 ** question.tries;
      question.tries += 1;
      due.push(question);
    }
    return due;
  }
}
