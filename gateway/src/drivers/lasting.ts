import { ENDED_BY } from '@fengsui/protocol';
import type { Said } from '../line.ts';

/** So often must an interface say that it does not reach its panel: one such word among others is a moment, not a state. */
const LASTS_AFTER = 3;

/** A trouble that an interface answers for as long as it lasts: told once, and its end told with the next other word. */
export class Lasting {
  #times = 0;
  #told: readonly Said[] = [];
  #next: readonly Said[] | undefined;

  /** What is news when the interface says its trouble once more. `settle` once it is durable. */
  again(trouble: readonly Said[]): readonly Said[] {
    this.#times += 1;
    if (this.#times < LASTS_AFTER || this.#told.length > 0) return [];
    this.#next = trouble;
    return trouble;
  }

  /** What is news when the panel itself speaks. `settle` once it is durable. */
  over(): readonly Said[] {
    this.#times = 0;
    if (this.#told.length === 0) return [];
    this.#next = [];
    return this.#told.map((said) => ({ ...said, what: ENDED_BY[said.what] ?? said.what }));
  }

  settle(): void {
    this.#told = this.#next ?? this.#told;
    this.#next = undefined;
  }
}
