import type { Clock, OrderParameters, SiteEvent } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { type CarryOut, done, type Outcome, STOPPING } from './downlink.ts';
import type { KeptOrder } from './record.ts';

/** Type of a duty check (GB/T 26875.3-2011 8.3.2.16). */
const DUTY_CHECK = 91;

/** Who answered. */
export interface Answerer {
  readonly operator?: string;
  /** 操作员编号, 0–255. */
  readonly operatorNumber?: number;
}

export interface DutyOptions {
  readonly clock: Clock;
  /** Makes an event about the gateway itself durable. */
  readonly say: (event: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>) => Promise<unknown>;
  /** Turns the sounder and the lamp of a duty check on and off; resolves with what went wrong, or null. */
  readonly announce: (sign: 'on' | 'off') => Promise<string | null>;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly order: KeptOrder;
  readonly untilMs: number;
  readonly answered: (answerer: Answerer | 'replaced') => void;
}

/**
 * 查岗: somebody has to say within so many minutes that somebody is there. The answer, and that there was none, are events in
 * the journal like everything else, durable before the order counts as over. A newer check takes the place of one that waits
 * (GB 26875.1-2011: the sign holds until it is answered, a newer order comes or the time is over).
 */
export class DutyDesk implements CarryOut<'duty-check'> {
  readonly #options: DutyOptions;
  #waiting: Waiting | null = null;

  constructor(options: DutyOptions) {
    this.#options = options;
  }

  /** The check that waits for an answer, for those who are to give it; times are milliseconds since 1970-01-01 UTC. */
  waiting(): { readonly id: string; readonly sinceMs: number; readonly untilMs: number } | null {
    if (!this.#waiting) return null;
    const { order, untilMs } = this.#waiting;
    return { id: order.id, sinceMs: order.takenMs, untilMs };
  }

  /** Somebody says that somebody is there; false when nobody asked. */
  answer(answerer: Answerer): boolean {
    if (!this.#waiting) return false;
    this.#waiting.answered(answerer);
    return true;
  }

  begin(order: KeptOrder, parameters: OrderParameters<'duty-check'>): Promise<Outcome> {
    return this.#ask(order, parameters.timeoutMinutes * 60_000);
  }

  /** What is left of the time, by a clock that may have stepped: never more than the whole. */
  resume(order: KeptOrder, { timeoutMinutes }: OrderParameters<'duty-check'>): Promise<Outcome> {
    const passedMs = Math.max(0, this.#options.clock.wallMs() - order.takenMs);
    return this.#ask(order, Math.max(0, timeoutMinutes * 60_000 - passedMs));
  }

  async #ask(order: KeptOrder, withinMs: number): Promise<Outcome> {
    const { clock, announce, signal } = this.#options;
    this.#waiting?.answered('replaced');
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Answerer | 'replaced' | 'late'>();
    const waiting: Waiting = { order, untilMs: clock.wallMs() + withinMs, answered: resolve };
    this.#waiting = waiting;
    clock.sleep(withinMs, AbortSignal.any([signal, over.signal])).then(
      () => resolve('late'),
      () => resolve('replaced'),
    );
    const trouble = await announce('on');
    const answer = await promise;
    over.abort();
    if (signal.aborted) throw STOPPING;
    if (this.#waiting === waiting) {
      this.#waiting = null;
      await announce('off');
    }
    return typeof answer === 'object' ? this.#answered(order, answer, trouble) : this.#unanswered(order, answer, trouble);
  }

  async #answered(order: KeptOrder, answerer: Answerer, trouble: string | null): Promise<Outcome> {
    const atMs = Math.round(this.#options.clock.wallMs());
    await this.#keepSaying({ kind: 'duty-answer', edge: 'momentary', ...answerer, answers: referenceOf(order) });
    return done({ ...answerer, atMs, ...(trouble === null ? {} : { announce: trouble }) });
  }

  async #unanswered(order: KeptOrder, why: 'late' | 'replaced', trouble: string | null): Promise<Outcome> {
    const text =
      why === 'late' ? 'duty check: nobody answered in time 查岗超时无人应答' : 'duty check: a newer one took its place 被新查岗取代';
    await this.#keepSaying({ note: 'duty-unanswered', edge: 'momentary', text, answers: referenceOf(order) });
    return { state: 'unanswered', result: { why, ...(trouble === null ? {} : { announce: trouble }) } };
  }

  /** A person answered: that word is not lost because the disk was full for a moment. */
  async #keepSaying(event: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>): Promise<void> {
    const { clock, say, signal } = this.#options;
    for (;;) {
      try {
        await say(event);
        return;
      } catch {
        await clock.sleep(limits.RETELL_AFTER_MS, signal).catch(() => {});
        if (signal.aborted) throw STOPPING;
      }
    }
  }
}

/** What ties an answer to its order: the serial of the centre's frame, or the low 16 bits of the order's id. */
function referenceOf({ id, serial, issuedMs }: KeptOrder): NonNullable<SiteEvent['answers']> {
  return { serial: serial ?? Number.parseInt(id.slice(-4), 16), unitType: DUTY_CHECK, ms: Math.max(0, Math.round(issuedMs)) };
}
