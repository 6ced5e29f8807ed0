import { type Clock, decodeReceipt, encodeBatch, Failure, type Lane, type Receipt } from '@fengsui/protocol';
import { Bell } from '../bell.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { LaneWindow } from './lane-window.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox, Waiting } from './outbox.ts';
import type { Sent } from './sent.ts';
import { Settling } from './settling.ts';
import { Strands } from './strands.ts';

export interface SessionOptions {
  readonly gateway: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly receiptTimeoutMs: number;
  /** An alarm without a receipt is not sent again here: there is another way for it. */
  readonly hasOtherWay: boolean;
  /** Outlives the session. */
  readonly sent: Sent;
  readonly publish: (topic: string, payload: Uint8Array) => void;
}

/**
 * Sends over one connection what waits, from the lowest unconfirmed row, and settles what the collector confirms. Alarms go
 * first: a reading is sent only while no alarm waits to be sent, and few readings are on their way at once, so an alarm that
 * comes meanwhile is soon on the wire. A row is done only with its receipt.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #alarm = new LaneWindow('alarm');
  readonly #ordinary = new Strands();
  readonly #settling: Settling;
  readonly #bell = new Bell();
  #ended: Failure | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#settling = new Settling((receipt) => this.#settle(receipt), options.clock);
  }

  /** Runs until `ended` resolves or the collector confirms nothing for too long; answers why it is over. */
  async run(ended: Promise<Failure>): Promise<Failure> {
    void ended.then((failure) => this.#end(failure));
    while (!this.#ended) {
      this.#lookAtDeadlines();
      try {
        if (!(await this.#sendNext())) await this.#idle();
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.#end(error);
      }
    }
    this.#settling.flush();
    return this.#ended;
  }

  /** Bytes heard on the topic of receipts. */
  hear(payload: Uint8Array): void {
    const { gateway, numbers } = this.#options;
    const receipt = decodeReceipt(payload);
    if ('malformed' in receipt) {
      numbers.receiptsIgnored.malformed += 1;
    } else if (receipt.gateway !== gateway) {
      numbers.receiptsIgnored.foreign += 1;
    } else if (this.#isBeyond(receipt)) {
      numbers.receiptsIgnored.beyond += 1;
    } else {
      this.#confirm(receipt);
    }
  }

  get #windows(): readonly LaneWindow[] {
    return [this.#alarm, ...this.#ordinary.windows];
  }

  #end(failure: Failure): void {
    this.#ended ??= failure;
    this.#bell.ring();
  }

  #isBeyond({ lane, epoch, accepted, rejected }: Receipt): boolean {
    const isSent = (number: number) => this.#options.sent.has(lane, epoch, number);
    return !accepted.every(isSent) || !rejected.every(({ number }) => isSent(number));
  }

  #confirm(receipt: Receipt): void {
    const { outbox, numbers, clock } = this.#options;
    const confirmed = [...receipt.accepted, ...receipt.rejected.map(({ number }) => number)];
    const windows = this.#windows.filter(({ lane }) => lane === receipt.lane);
    const sentTimes = windows.flatMap((window) => window.confirm(receipt.epoch, confirmed));
    for (const window of windows) window.overdueInARow = 0;
    numbers.receipts += 1;
    numbers.lastReceiptMs = clock.wallMs();
    if (sentTimes.length > 0) numbers.lastRoundTripMs = clock.monotonicMs() - Math.min(...sentTimes);
    if (receipt.lane === 'alarm') void this.#settle(receipt);
    else this.#settling.add(receipt, !windows.some((window) => window.inFlight > 0 || window.hasMore(outbox.newest('ordinary'))));
    this.#bell.ring();
  }

  async #settle(receipt: Receipt): Promise<void> {
    const { outbox, numbers } = this.#options;
    try {
      const { accepted, rejected } = await outbox.settle(receipt);
      numbers.rowsAccepted += accepted;
      numbers.rowsRejected += rejected;
    } catch (error) {
      // Not settled is not lost: the rows still wait and go out again over the next connection.
      this.#end(error instanceof Failure ? error : fail('journal-lost', (error as Error).message, error));
    }
  }

  /** Sends one batch; false when there is nothing that may be sent now. */
  async #sendNext(): Promise<boolean> {
    const { outbox } = this.#options;
    if (await this.#sendFrom(this.#alarm)) return true;
    if (this.#alarm.hasMore(outbox.newest('alarm'))) return false;
    this.#ordinary.arrange(outbox.newest('ordinary'));
    for (const window of this.#ordinary.windows) if (await this.#sendFrom(window)) return true;
    return false;
  }

  async #sendFrom(window: LaneWindow): Promise<boolean> {
    const { outbox, clock } = this.#options;
    if (window.isFull || !window.hasMore(outbox.newest(window.lane))) return false;
    const { rows, bytes } = window.room();
    const waiting = await outbox.take(window.lane, window.cursor, rows, bytes, window.upTo);
    window.sent(waiting, clock.monotonicMs());
    if (waiting.rows.length === 0) return false;
    if (!this.#ended) this.#publish(window.lane, waiting);
    return true;
  }

  #publish(lane: Lane, { epoch, profile, rows }: Waiting): void {
    const { gateway, numbers, sent, publish } = this.#options;
    sent.note(
      lane,
      epoch,
      rows.map(({ number }) => number),
    );
    publish(`up/${gateway}/${lane}`, encodeBatch({ gateway, epoch, lane, profile, rows }));
    numbers.batchesSent += 1;
    numbers.rowsSent += rows.length;
  }

  /** A batch without its receipt in time is sent again, from the lowest unconfirmed row; too often in a row, and the link counts as dead. */
  #lookAtDeadlines(): void {
    const { clock, numbers, receiptTimeoutMs, hasOtherWay } = this.#options;
    for (const window of this.#windows) {
      const sentMs = window.oldestSentMs();
      if (sentMs === null || clock.monotonicMs() - sentMs < receiptTimeoutMs) continue;
      numbers.rowsOverdue += window.inFlight;
      this.#settling.flush();
      window.rewind();
      window.overdueInARow += 1;
      if (window.overdueInARow > (window === this.#alarm && hasOtherWay ? 0 : limits.RESENDS_MAX))
        this.#end(fail('uplink-silent', `${window.overdueInARow} times no receipt within ${receiptTimeoutMs} ms`));
    }
  }

  /** Waits for a row that may be sent, a receipt, the next deadline or the end. */
  async #idle(): Promise<void> {
    const { outbox, clock, receiptTimeoutMs } = this.#options;
    const isBehindAlarms = this.#alarm.hasMore(outbox.newest('alarm'));
    const over = new AbortController();
    const sent = this.#windows.flatMap((window) => window.oldestSentMs() ?? []);
    const waits: Promise<unknown>[] = [this.#bell.rung()];
    if (sent.length > 0) waits.push(clock.sleep(Math.max(0, Math.min(...sent) + receiptTimeoutMs - clock.monotonicMs()), over.signal));
    for (const window of this.#windows.filter(({ isFull, cursor, upTo }) => !isFull && cursor < upTo))
      if (window === this.#alarm || !isBehindAlarms) waits.push(outbox.wait(window.lane, window.cursor, over.signal));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
    }
  }
}
