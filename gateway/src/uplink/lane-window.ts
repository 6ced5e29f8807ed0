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
  /** Everything up to this position, from the one it begins behind, has been sent over this connection or is settled. */
  cursor: number;
  /** How often in a row rows of this lane got no receipt in time. */
  overdueInARow = 0;
  readonly #inFlight = new Map<string, Sent>();
  readonly #after: number;
  #share = 1;
  #upTo = Number.MAX_SAFE_INTEGER;
  #bytes = 0;

  /** `after`: the position behind which it begins. */
  constructor(lane: Lane, after = 0) {
    this.lane = lane;
    this.#after = after;
    this.cursor = after;
  }

  /** Leaves it a share of what may be on its way, and rows up to a position. */
  narrow(share: number, upTo = this.#upTo): void {
    this.#share = share;
    this.#upTo = upTo;
  }

  /** Gives it all that may be on its way. */
  widen(): void {
    this.#share = 1;
  }

  /** Where it ends: rows behind this position are not its own. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Whether everything there is for it was sent and is confirmed. */
  get isThrough(): boolean {
    return this.cursor >= this.#upTo && this.#inFlight.size === 0;
  }

  /** Whether there is something to send. `newest` is the position of the last row of the lane. */
  hasMore(newest: number): boolean {
    return Math.min(newest, this.#upTo) > this.cursor;
  }

  /** Rows that were sent and are not confirmed. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Rows and bytes of the next batch. */
  room(): { readonly rows: number; readonly bytes: number } {
    const of = (whole: number) => Math.floor(whole * this.#share);
    return {
      rows: Math.min(of(limits.BATCH_ROWS_MAX), of(limits.ROWS_IN_FLIGHT_MAX) - this.#inFlight.size),
      bytes: Math.min(limits.BATCH_ROWS_BYTES_MAX, of(limits.BYTES_IN_FLIGHT_MAX) - this.#bytes),
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
    this.cursor = this.#after;
    this.#inFlight.clear();
    this.#bytes = 0;
  }
}
