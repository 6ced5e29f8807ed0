import type { Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Waiting } from './outbox.ts';

interface Sent {
  readonly number: number;
  readonly epoch: number;
  readonly bytes: number;
  readonly sentMs: number;
}

/** What of one lane is on its way: sent over this connection and not yet confirmed by a receipt. Times are monotonic. */
export class LaneWindow {
  readonly lane: Lane;
  /** Everything up to this position has been sent over this connection or is settled. */
  cursor = 0;
  /** How often in a row rows of this lane got no receipt in time. */
  overdueInARow = 0;
  readonly #inFlight = new Map<string, Sent>();
  #bytes = 0;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  /** Rows that were sent and are not confirmed. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Rows and bytes of the next batch. */
  room(): { readonly rows: number; readonly bytes: number } {
    return {
      rows: Math.min(limits.BATCH_ROWS_MAX, limits.ROWS_IN_FLIGHT_MAX - this.#inFlight.size),
      bytes: Math.min(limits.BATCH_ROWS_BYTES_MAX, limits.BYTES_IN_FLIGHT_MAX - this.#bytes),
    };
  }

  get isFull(): boolean {
    const { rows, bytes } = this.room();
    return rows <= 0 || bytes <= 0;
  }

  sent({ epoch, rows, last }: Waiting, nowMs: number): void {
    this.cursor = last;
    for (const { number, frame } of rows) {
      this.#inFlight.set(`${epoch}/${number}`, { number, epoch, bytes: frame.length, sentMs: nowMs });
      this.#bytes += frame.length;
    }
  }

  /** Takes confirmed rows out of the window; answers the sending times of those that were in it. */
  confirm(epoch: number, numbers: readonly number[]): number[] {
    return numbers.flatMap((number) => {
      const key = `${epoch}/${number}`;
      const sent = this.#inFlight.get(key);
      if (!sent) return [];
      this.#inFlight.delete(key);
      this.#bytes -= sent.bytes;
      return [sent.sentMs];
    });
  }

  /** When the oldest unconfirmed row was sent; null when none is on its way. Rows are sent in order, so the first is the oldest. */
  oldestSentMs(): number | null {
    const [oldest] = this.#inFlight.values();
    return oldest?.sentMs ?? null;
  }

  /** Begins again from the lowest unconfirmed row. */
  rewind(): void {
    this.cursor = 0;
    this.#inFlight.clear();
    this.#bytes = 0;
  }
}
