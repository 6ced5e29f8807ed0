import { Failure, type Receipt } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { INTAKE_GROUP_MAX, INTAKE_QUEUE_MAX } from '../limits.ts';
import type { Delivery } from './delivery.ts';

/** What became of a delivery: durable, with a receipt where it was a batch, or not durable. */
export type Outcome = { readonly receipt: Receipt | null } | { readonly failure: Failure };

interface Waiting {
  readonly delivery: Delivery;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Carries deliveries into the ledger: one group in flight, in the order in which they came, so that one fsync serves many and
 * nothing overtakes. When a group fails everything behind it fails too: the gateways send all of it again, in order.
 */
export class Pump {
  readonly #ledger: Pick<Ledger, 'append' | 'quarantine'>;
  readonly #failed: (failure: Failure) => void;
  readonly #queue: Waiting[] = [];
  #flight: Promise<void> | null = null;

  constructor(ledger: Pick<Ledger, 'append' | 'quarantine'>, failed: (failure: Failure) => void) {
    this.#ledger = ledger;
    this.#failed = failed;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Calls `settle` once, after the delivery is durable or has failed. */
  take(delivery: Delivery, settle: (outcome: Outcome) => void): void {
    if (this.#queue.length < INTAKE_QUEUE_MAX) {
      this.#queue.push({ delivery, settle });
      this.#flight ??= this.#fly();
    } else {
      const failure = fail('intake-busy', `${this.#queue.length} wait`);
      this.#failed(failure);
      settle({ failure });
    }
  }

  /** Resolves when nothing is in flight and nothing waits. */
  async idle(): Promise<void> {
    while (this.#flight) await this.#flight;
  }

  async #fly(): Promise<void> {
    await null; // what the same turn of the event loop brings goes with it
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, INTAKE_GROUP_MAX);
      const outcomes = await this.#store(group);
      if ('failure' in outcomes) {
        this.#failed(outcomes.failure);
        for (const { settle } of [...group, ...this.#queue.splice(0)]) settle(outcomes);
      } else for (const [index, { settle }] of group.entries()) settle(outcomes[index]!);
    }
    this.#flight = null;
  }

  async #store(group: readonly Waiting[]): Promise<readonly Outcome[] | { readonly failure: Failure }> {
    const found = group.flatMap(({ delivery }) => ('found' in delivery ? [delivery.found] : []));
    const batches = group.flatMap(({ delivery }) => ('batch' in delivery ? [delivery.batch] : []));
    try {
      if (found.length > 0) await this.#ledger.quarantine(found);
      const receipts = batches.length > 0 ? [...(await this.#ledger.append(batches))] : [];
      return group.map(({ delivery }) => ({ receipt: 'batch' in delivery ? receipts.shift()! : null }));
    } catch (error) {
      if (error instanceof Failure) return { failure: error };
      throw error;
    }
  }
}
