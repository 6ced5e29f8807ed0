import type { Clock } from '@fengsui/protocol';
import { DAMAGED_AT_ONCE_MAX, KEEP_DAMAGED_AGAIN_MS } from '../limits.ts';
import type { Damaged } from './sqlite-entry.ts';

/**
 * Damaged entries on their way into quarantine. A disk that takes no evidence must not hold up what stands behind the damage: what could
 * not be written waits here, counts as damaged, and is tried again with a later read. Beyond the bound, and over a restart, it is found
 * again by whoever reads the rows next: they stay where they are.
 */
export class Evidence {
  readonly #write: (damaged: readonly Damaged[]) => Promise<void>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By position. */
  readonly #waiting = new Map<number, Damaged>();
  #failedMs = Number.NEGATIVE_INFINITY;

  constructor(write: (damaged: readonly Damaged[]) => Promise<void>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#write = write;
    this.#clock = clock;
  }

  /** Positions of the entries that are found and not yet in quarantine. */
  get waiting(): readonly number[] {
    return [...this.#waiting.keys()];
  }

  /** Writes what was found now and what waits; never rejects. */
  async keep(found: readonly Damaged[]): Promise<void> {
    const all = new Map([...this.#waiting.values(), ...found].map((one) => [one.row.position, one]));
    if (all.size === 0) return;
    if (await this.#isWritten([...all.values()])) for (const position of all.keys()) this.#waiting.delete(position);
    else for (const [position, one] of all) if (this.#waiting.size < DAMAGED_AT_ONCE_MAX) this.#waiting.set(position, one);
  }

  async #isWritten(damaged: readonly Damaged[]): Promise<boolean> {
    if (this.#clock.monotonicMs() - this.#failedMs < KEEP_DAMAGED_AGAIN_MS) return false;
    try {
      await this.#write(damaged);
      return true;
    } catch {
      this.#failedMs = this.#clock.monotonicMs();
      return false;
    }
  }
}
