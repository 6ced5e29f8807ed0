import type { Clock, Lane, Row } from '@fengsui/protocol';
import { Backoff } from '../backoff.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { OnItsWay } from './lane-window.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Waiting } from './outbox.ts';

export interface StragglersOptions {
  readonly clock: Clock;
  readonly numbers: Pick<UplinkNumbers, 'rowsUnanswered' | 'unansweredFailure'>;
  readonly receiptTimeoutMs: number;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
}

/** Positions between which rows stand: behind the one, and not behind the other. */
export interface Span {
  readonly after: number;
  readonly upTo: number;
}

/** What of a lane goes in one strand, and how far that has come. */
type Strand = Span & { readonly lane: Lane; readonly cursor: number };

interface Straggler {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
  span: Span;
  /** Times it went alone in vain. */
  tries: number;
  readonly backoff: Backoff;
  /** Monotonic: since when it is on its way, and until when it rests. */
  sentMs: number | null;
  restUntilMs: number;
  /** The session has come upon it: it still waits. */
  isSeen: boolean;
}

const nameOf = (lane: Lane, epoch: number, number: number) => `${lane}/${epoch}/${number}`;

/**
 * Rows that were passed over: what was sent after them has its receipt, and they have none. One row that the collector cannot digest must
 * not keep its batch from it, nor its batch the lane. So each goes alone, at once, and then ever more seldom, for as long as it waits;
 * the rest goes past it. Those that went alone in vain are told. Outlives sessions: over another path or to another collector each is
 * tried at once.
 */
export class Stragglers {
  readonly #options: StragglersOptions;
  readonly #rows = new Map<string, Straggler>();

  constructor(options: StragglersOptions) {
    this.#options = options;
  }

  /** A new session. Which of them still wait, it finds out as it takes the lanes from their lowest row. */
  begin(): void {
    for (const straggler of this.#rows.values()) Object.assign(straggler, { sentMs: null, restUntilMs: 0, isSeen: false });
  }

  /** So many rows of a strand are unanswered that it is the strand that is: nothing more of it goes past them. */
  isFull({ lane, after, upTo }: Strand): boolean {
    const isOurs = (one: Straggler) => one.isSeen && one.lane === lane && one.span.after >= after && one.span.upTo <= upTo;
    return this.#rows.size >= limits.ROWS_IN_FLIGHT_MAX && [...this.#rows.values()].filter(isOurs).length >= limits.ROWS_IN_FLIGHT_MAX;
  }

  /** Takes in rows that were passed over. */
  add(lane: Lane, rows: readonly OnItsWay[]): void {
    const { receiptTimeoutMs, random } = this.#options;
    for (const { epoch, number, after, upTo } of rows) {
      const backoff = new Backoff(receiptTimeoutMs, Math.max(receiptTimeoutMs, limits.UNANSWERED_REST_MAX_MS), random);
      const fresh = { tries: 0, backoff, sentMs: null, restUntilMs: 0, isSeen: true };
      this.#rows.set(nameOf(lane, epoch, number), { lane, epoch, number, span: { after, upTo }, ...fresh });
    }
  }

  /** Answers what of rows that a strand took goes in their batch. What the strand has come past and not come upon, waits no more. */
  sift({ lane, after, cursor }: Strand, { epoch, rows, last }: Waiting): readonly Row[] {
    if (this.#rows.size === 0) return rows;
    const inBatch = rows.filter(({ number }) => {
      const straggler = this.#rows.get(nameOf(lane, epoch, number));
      if (straggler && !straggler.isSeen) Object.assign(straggler, { isSeen: true, span: { after: cursor, upTo: last } });
      return straggler === undefined;
    });
    this.#forget((one) => one.lane === lane && !one.isSeen && one.span.after >= after && one.span.upTo <= last);
    return inBatch;
  }

  /** Where rows of a lane stand that are to go now; null: there are none. */
  due(lane: Lane): Span | null {
    for (const one of this.#rows.values()) if (one.lane === lane && this.#isDue(one)) return one.span;
    return null;
  }

  /** Answers those of the rows at a place that go now, each alone, and takes down that they do. What does not wait there any more is forgotten. */
  send(lane: Lane, { after, upTo }: Span, { epoch, rows }: Waiting): readonly Row[] {
    const isThere = (one: Straggler) => one.lane === lane && one.span.after === after && one.span.upTo === upTo && this.#isDue(one);
    const waiting = new Map(rows.map((row) => [nameOf(lane, epoch, row.number), row]));
    this.#forget((one, name) => isThere(one) && !waiting.has(name));
    const going = [...this.#rows].filter(([, one]) => isThere(one));
    for (const [, one] of going) one.sentMs = this.#options.clock.monotonicMs();
    return going.map(([name]) => waiting.get(name)!);
  }

  /** Takes confirmed rows out. */
  confirm(lane: Lane, epoch: number, numbers: readonly number[]): void {
    if (this.#rows.size === 0) return;
    const confirmed = new Set(numbers.map((number) => nameOf(lane, epoch, number)));
    this.#forget((_, name) => confirmed.has(name));
  }

  /** Lets those rest that got no receipt in time; answers how many, and whether it is an alarm's first time. */
  layBy(): { readonly rows: number; readonly isNewAlarm: boolean } {
    const { clock, receiptTimeoutMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const late = [...this.#rows.values()].filter(({ sentMs }) => sentMs !== null && nowMs - sentMs >= receiptTimeoutMs);
    for (const one of late) Object.assign(one, { tries: one.tries + 1, sentMs: null, restUntilMs: nowMs + one.backoff.nextMs() });
    if (late.length > 0) this.#tell();
    return { rows: late.length, isNewAlarm: late.some(({ lane, tries }) => lane === 'alarm' && tries === 1) };
  }

  /** Milliseconds until one of them is to be looked at, of these lanes be it to send it; infinite when there is none. */
  dueInMs(lanes: readonly Lane[]): number {
    const { clock, receiptTimeoutMs } = this.#options;
    const dueMs = [...this.#rows.values()].flatMap(({ lane, isSeen, sentMs, restUntilMs }) => {
      if (sentMs !== null) return sentMs + receiptTimeoutMs;
      return isSeen && lanes.includes(lane) ? restUntilMs : [];
    });
    return Math.min(...dueMs) - clock.monotonicMs();
  }

  #isDue({ isSeen, sentMs, restUntilMs }: Straggler): boolean {
    return isSeen && sentMs === null && restUntilMs <= this.#options.clock.monotonicMs();
  }

  #forget(isOver: (one: Straggler, name: string) => boolean): void {
    const over = [...this.#rows].filter(([name, one]) => isOver(one, name));
    for (const [name] of over) this.#rows.delete(name);
    if (over.length > 0) this.#tell();
  }

  #tell(): void {
    const { numbers } = this.#options;
    const [first, ...more] = [...this.#rows.values()].filter(({ tries }) => tries > 0);
    numbers.rowsUnanswered = first ? more.length + 1 : 0;
    const beside = more.length > 0 ? `, and ${more.length} more` : '';
    numbers.unansweredFailure = first
      ? fail('uplink-unanswered', `${first.lane} row ${first.number} of epoch ${first.epoch}${beside}`).message
      : null;
  }
}
