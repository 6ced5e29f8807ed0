import type { Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Waiting } from './outbox.ts';

/** A row on its way. */
export interface OnItsWay {
  readonly number: number;
  readonly epoch: number;
  readonly bytes: number;
  readonly sentMs: number;
  /** Which batch of the session it went with. */
  readonly turn: number;
  /** It was not sent before over this connection: only then a receipt says which sending it answers. */
  readonly isFirst: boolean;
  /** It stands behind this position, and not behind the other. */
  readonly after: number;
  readonly upTo: number;
}

/** What of one lane is on its way: sent over this connection and not yet confirmed by a receipt. Times are monotonic. */
export class LaneWindow {
  readonly lane: Lane;
  /** Everything up to this position, from the one it begins behind, has been sent over this connection or is settled. */
  cursor: number;
  /** How often in a row its oldest batch got no receipt in time, and nothing of its own got one meanwhile. */
  overdueInARow = 0;
  readonly #inFlight = new Map<string, OnItsWay>();
  /** Rows that were on their way when it last began again. */
  #again: ReadonlySet<string> = new Set();
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

  /** Where it begins: only rows behind this position are its own. */
  get after(): number {
    return this.#after;
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

  /** What was taken behind the cursor is on its way. */
  sent({ epoch, rows, last }: Waiting, turn: number, nowMs: number): void {
    const span = { after: this.cursor, upTo: last };
    this.cursor = last;
    for (const { number, frame } of rows) {
      const key = `${epoch}/${number}`;
      const isFirst = !this.#again.has(key);
      this.#inFlight.set(key, { number, epoch, bytes: frame.length, sentMs: nowMs, turn, isFirst, ...span });
      this.#bytes += frame.length;
    }
  }

  /** Takes confirmed rows out of the window; answers those that were in it. */
  confirm(epoch: number, numbers: readonly number[]): OnItsWay[] {
    const confirmed = this.#leave(numbers.flatMap((number) => this.#inFlight.get(`${epoch}/${number}`) ?? []));
    if (confirmed.length > 0) this.overdueInARow = 0;
    return confirmed;
  }

  /** The oldest unconfirmed row; null when none is on its way. Rows are sent in order, so it is the first. */
  oldest(): OnItsWay | null {
    const [oldest] = this.#inFlight.values();
    return oldest ?? null;
  }

  /** Takes what is unconfirmed of one batch out of the window. */
  letGo(turn: number): OnItsWay[] {
    return this.#leave([...this.#inFlight.values()].filter((row) => row.turn === turn));
  }

  /** Begins again from the lowest unconfirmed row. */
  rewind(): void {
    this.cursor = this.#after;
    this.#again = new Set(this.#inFlight.keys());
    this.#inFlight.clear();
    this.#bytes = 0;
  }

  #leave(rows: OnItsWay[]): OnItsWay[] {
    for (const { epoch, number, bytes } of rows) {
      this.#inFlight.delete(`${epoch}/${number}`);
      this.#bytes -= bytes;
    }
    return rows;
  }
}
