import type { Clock, Receipt } from '@fengsui/protocol';
import * as limits from '../limits.ts';

/**
 * Receipts of readings on their way into the journal. While a backlog drains they are gathered for a moment, because each settlement
 * waits for the disk and the next readings wait behind it. What a crash takes from us here is sent once more, and counted once.
 */
export class Settling {
  readonly #settle: (receipt: Receipt) => Promise<void>;
  readonly #clock: Clock;
  #gathered: Receipt | null = null;
  #wait: AbortController | null = null;

  constructor(settle: (receipt: Receipt) => Promise<void>, clock: Clock) {
    this.#settle = settle;
    this.#clock = clock;
  }

  /** Takes a receipt in. `isLast`: nothing more is on its way, so there is nothing to gather for. */
  add(receipt: Receipt, isLast: boolean): void {
    if (this.#gathered && this.#gathered.epoch !== receipt.epoch) this.flush();
    const { accepted, rejected } = this.#gathered ?? { accepted: [], rejected: [] };
    this.#gathered = { ...receipt, accepted: [...accepted, ...receipt.accepted], rejected: [...rejected, ...receipt.rejected] };
    const rows = this.#gathered.accepted.length + this.#gathered.rejected.length;
    if (isLast || rows >= limits.SETTLE_ROWS) this.flush();
    else if (!this.#wait) this.#flushLater();
  }

  /** Hands over what is gathered. */
  flush(): void {
    this.#wait?.abort();
    this.#wait = null;
    const gathered = this.#gathered;
    this.#gathered = null;
    if (gathered) void this.#settle(gathered);
  }

  #flushLater(): void {
    const wait = new AbortController();
    this.#wait = wait;
    this.#clock.sleep(limits.SETTLE_WITHIN_MS, wait.signal).then(
      () => this.#wait === wait && this.flush(),
      () => {},
    );
  }
}
