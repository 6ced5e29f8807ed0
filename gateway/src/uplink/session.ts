import { type Clock, decodeReceipt, encodeBatch, Failure, LANES, type Lane, type Receipt } from '@fengsui/protocol';
import { Bell } from '../bell.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { LaneWindow } from './lane-window.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox, Waiting } from './outbox.ts';
import type { Sent } from './sent.ts';
import { Settling } from './settling.ts';
import type { Stragglers } from './stragglers.ts';
import { Strands } from './strands.ts';

export interface SessionOptions {
  readonly gateway: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly receiptTimeoutMs: number;
  /** An alarm without a receipt is not sent again here: there is another way for it. */
  readonly hasOtherWay: boolean;
  /** These outlive the session. */
  readonly sent: Sent;
  readonly stragglers: Stragglers;
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
  /** Batches sent; the last of them that is known to be answered: the collector takes them in order, so those before were passed over. */
  #turn = 0;
  #answered = 0;
  #ended: Failure | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#settling = new Settling((receipt) => this.#settle(receipt), options.clock);
    options.stragglers.begin();
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

  /** An alarm is on its way without its receipt. */
  get isAlarmOut(): boolean {
    return this.#alarm.inFlight > 0;
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
    const { outbox, numbers, clock, stragglers } = this.#options;
    const confirmed = [...receipt.accepted, ...receipt.rejected.map(({ number }) => number)];
    const windows = this.#windows.filter(({ lane }) => lane === receipt.lane);
    const rows = windows.flatMap((window) => window.confirm(receipt.epoch, confirmed));
    stragglers.confirm(receipt.lane, receipt.epoch, confirmed);
    for (const { turn, isFirst } of rows) if (isFirst) this.#answered = Math.max(this.#answered, turn);
    numbers.receipts += 1;
    numbers.lastReceiptMs = clock.wallMs();
    if (rows.length > 0) numbers.lastRoundTripMs = clock.monotonicMs() - Math.min(...rows.map(({ sentMs }) => sentMs));
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
    if ((await this.#sendFrom(this.#alarm)) || (await this.#sendAlone('alarm'))) return true;
    if (this.#isBehindAlarms) return false;
    this.#ordinary.arrange(outbox.newest('ordinary'));
    for (const window of this.#ordinary.windows) if (await this.#sendFrom(window)) return true;
    return this.#sendAlone('ordinary');
  }

  /** An alarm waits to be sent. */
  get #isBehindAlarms(): boolean {
    const { outbox, stragglers } = this.#options;
    return this.#alarm.hasMore(outbox.newest('alarm')) && !stragglers.isFull(this.#alarm);
  }

  async #sendFrom(window: LaneWindow): Promise<boolean> {
    const { outbox, clock, stragglers } = this.#options;
    const { lane } = window;
    if (window.isFull || stragglers.isFull(window) || !window.hasMore(outbox.newest(lane))) return false;
    const { rows, bytes } = window.room();
    const taken = await outbox.take(lane, window.cursor, rows, bytes, window.upTo);
    const waiting = { ...taken, rows: stragglers.sift(window, taken) };
    this.#turn += 1;
    window.sent(waiting, this.#turn, clock.monotonicMs());
    if (waiting.rows.length > 0 && !this.#ended) this.#publish(lane, waiting);
    return taken.rows.length > 0;
  }

  /** Sends rows that were passed over, each alone. */
  async #sendAlone(lane: Lane): Promise<boolean> {
    const { outbox, stragglers } = this.#options;
    const span = stragglers.due(lane);
    if (!span) return false;
    const waiting = await outbox.take(lane, span.after, limits.BATCH_ROWS_MAX, limits.BATCH_ROWS_BYTES_MAX, span.upTo);
    for (const row of stragglers.send(lane, span, waiting)) if (!this.#ended) this.#publish(lane, { ...waiting, rows: [row] });
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

  /** What is without its receipt in time goes again. */
  #lookAtDeadlines(): void {
    const { numbers, receiptTimeoutMs, stragglers } = this.#options;
    for (const window of this.#windows) this.#lookAt(window);
    const { rows, isNewAlarm } = stragglers.layBy();
    numbers.rowsOverdue += rows;
    // Another session may go over another path, or come to another collector.
    if (isNewAlarm) this.#end(fail('uplink-unanswered', `no receipt for an alarm within ${receiptTimeoutMs} ms`));
  }

  /**
   * A batch without its receipt in time is sent again, from the lowest unconfirmed row; too often in a row, and the link counts as dead.
   * Where one that was sent after it has its receipt, it was passed over: then its rows go alone, and say nothing of the link.
   */
  #lookAt(window: LaneWindow): void {
    const { clock, numbers, receiptTimeoutMs, hasOtherWay, stragglers } = this.#options;
    const oldest = window.oldest();
    if (!oldest || clock.monotonicMs() - oldest.sentMs < receiptTimeoutMs) return;
    this.#settling.flush();
    if (oldest.turn <= this.#answered) {
      const rows = window.letGo(oldest.turn);
      numbers.rowsOverdue += rows.length;
      stragglers.add(window.lane, rows);
    } else {
      numbers.rowsOverdue += window.inFlight;
      window.rewind();
      window.overdueInARow += 1;
    }
    if (window.overdueInARow > limits.RESENDS_MAX || (window === this.#alarm && hasOtherWay))
      this.#end(fail('uplink-silent', `${Math.max(1, window.overdueInARow)} times no receipt within ${receiptTimeoutMs} ms`));
  }

  /** Waits for a row that may be sent, a receipt, the next deadline or the end. */
  async #idle(): Promise<void> {
    const { outbox, clock, receiptTimeoutMs, stragglers } = this.#options;
    const over = new AbortController();
    const nowMs = clock.monotonicMs();
    const overdueInMs = this.#windows.map((window) => (window.oldest()?.sentMs ?? Number.POSITIVE_INFINITY) + receiptTimeoutMs - nowMs);
    const isBehindAlarms = this.#isBehindAlarms;
    const lookInMs = Math.min(...overdueInMs, stragglers.dueInMs(isBehindAlarms ? ['alarm'] : LANES));
    const waits: Promise<unknown>[] = [this.#bell.rung()];
    if (Number.isFinite(lookInMs)) waits.push(clock.sleep(Math.max(0, lookInMs), over.signal));
    for (const window of this.#windows)
      if (!window.isFull && !stragglers.isFull(window) && window.cursor < window.upTo && (window === this.#alarm || !isBehindAlarms))
        waits.push(outbox.wait(window.lane, window.cursor, over.signal));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
    }
  }
}
