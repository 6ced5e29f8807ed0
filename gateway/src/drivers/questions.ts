import type { Clock } from '@fengsui/protocol';
import type { PeerAddress } from '../line.ts';

/** RFC 7252 ACK_TIMEOUT is 2 s; a radio that has to wake up needs more, and each repeat costs a device battery. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Then the device registers again by itself. */
const TRIES_MAX = 3;

interface Question {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly to: PeerAddress;
  dueMs: number;
  tries: number;
}

/** Confirmable requests of ours that wait for an answer, one for each endpoint, sent again with doubled patience. */
export class Questions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Question>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(endpoint: string, id: number, bytes: Uint8Array, to: PeerAddress): void {
    this.#open.set(endpoint, { id, bytes, to, dueMs: this.#clock.monotonicMs(), tries: 0 });
  }

  /** Acknowledged or rejected: it is over. */
  settle(id: number): void {
    for (const [endpoint, question] of this.#open) if (question.id === id) this.#open.delete(endpoint);
  }

  /** The endpoint answers, in a message of its own. */
  settleFor(endpoint: string): void {
    this.#open.delete(endpoint);
  }

  nextInMs(): number {
    const now = this.#clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#open.values()) next = Math.min(next, dueMs - now);
    return Math.max(0, next);
  }

  /** Those to send now. */
  due(): Question[] {
    const now = this.#clock.monotonicMs();
    const due: Question[] = [];
    for (const [endpoint, question] of this.#open) {
      if (question.dueMs > now) continue;
      if (question.tries >= TRIES_MAX) {
        this.#open.delete(endpoint);
        continue;
      }
      question.dueMs = now + ANSWER_TIMEOUT_MS * 2 ** question.tries;
      question.tries += 1;
      due.push(question);
    }
    return due;
  }
}
