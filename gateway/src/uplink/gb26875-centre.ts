import { createHash } from 'node:crypto';
import { type Clock, Failure, type Order, type OrderState, toHex } from '@fengsui/protocol';
import { type Dialect, decodeFrame, decodeUnit, FRAME_BYTES_MIN, type Unit } from '@fengsui/protocol/gb26875';
import { fail } from '../failures.ts';
import { MADE_MS } from '../version.ts';
import type { CentreTimes } from './centre-times.ts';
import { answerTo, type Look } from './gb26875-answers.ts';
import { CONFIRM, DENIAL } from './gb26875-exchanges.ts';
import { CONTROL, type Station } from './gb26875-station.ts';
import type { UplinkNumbers } from './numbers.ts';

const REQUEST = 4;
const ANSWER = 5;
const [CLOCK, DUTY_CHECK] = [90, 91];

/** What became of an order so far. */
interface Standing {
  readonly id: string;
  readonly state: OrderState;
}

/** What a centre orders, with the serial of its frame, and why it must not be carried out where that is known already. */
export type CentreOrder = Order & { readonly serial?: number; readonly against?: string };

/** Whoever carries out what a centre orders, and says what it may know. */
export interface CentreOrders {
  /** Puts an order on the durable record and begins it once. Rejects with a Failure when it cannot be kept: it will come again. */
  take(order: CentreOrder, origin: string): Promise<Standing>;
  /** Hears what becomes of the orders of one origin; returns the way to stop that. */
  listen(origin: string, listener: (order: Standing) => void): () => void;
  /** Answers a question that changes nothing, without a record. */
  readonly look: Look;
}

export interface CentreDeskOptions {
  readonly name: string;
  readonly gateway: string;
  readonly orders: CentreOrders;
  readonly station: Station;
  readonly times: CentreTimes;
  readonly dialect: Dialect;
  readonly zoneMinutes: number;
  readonly clock: Clock;
  readonly numbers: Pick<UplinkNumbers, 'receiptsIgnored'>;
  readonly send: (packet: Uint8Array) => void;
  readonly trouble: (failure: Failure) => void;
}

/** An order that is not on time says nothing of what people want now. */
const ORDER_LIFE_MS = 10 * 60_000;
/** A frame and the time in it are made within moments; further apart, one of them is not of now (a clock of a centre that is wrong, a frame put together). */
const LABEL_APART_MS = 5 * 60_000;
/** What a centre asks and is not answered yet; more than that is nobody's question, and comes again. */
const WAITING_MAX = 64;
/** A clock that runs fast is put right by so much: it gains a few seconds a day. */
const CLOCK_BACK_MAX_MS = 60_000;
/** A control command is confirmed when it is carried out; one that takes longer than the centre waits is confirmed as taken. */
const CARRIED_OUT_WITHIN_MS = 5_000;

/**
 * Answers what a centre asks and orders (GB/T 26875.3-2011 §6.2, §6.4). Nothing of it reaches fire equipment: the gateway tells what
 * it knows, sets its own clock where the site allows that, and has people answer a duty check. Everything else is denied.
 */
export class CentreDesk {
  readonly #options: CentreDeskOptions;
  readonly #listening = new Map<string, (state: OrderState) => void>();
  readonly #stop: () => void;
  /** One after the other: what a time is held against must not change meanwhile. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: CentreDeskOptions) {
    this.#options = options;
    this.#stop = options.orders.listen(options.name, ({ id, state }) => {
      if (state !== 'delivered') this.#listening.get(id)?.(state);
    });
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** A packet of the centre that ends no exchange of ours. Never throws. */
  hear(packet: Uint8Array): void {
    if (packet.length < FRAME_BYTES_MIN || this.#waiting >= WAITING_MAX) return;
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(() => this.#answer(packet))
      .catch((error: unknown) => {
        // Not on the record is not taken: no answer, and the centre sends it again. Nobody's question ends the gateway.
        this.#options.trouble(error instanceof Failure ? error : fail('order-crashed', 'a question of the centre', error));
      })
      .finally(() => (this.#waiting -= 1));
  }

  async #answer(packet: Uint8Array): Promise<void> {
    const { station, send, dialect } = this.#options;
    const { control, unit } = decodeFrame(packet);
    // Carried out and confirmed, it would be done here and believed done there.
    if (control.destination !== station.address) return void (this.#options.numbers.receiptsIgnored.foreign += 1);
    const reply = (command: number, answer?: Uint8Array) => send(station.reply(control, command, answer));
    const asked = decodeUnit(unit, dialect.types);
    if (control.command === REQUEST) {
      const answer = asked && 'objects' in asked ? await answerTo(asked, this.#options.orders.look.bind(this.#options.orders)) : null;
      return answer ? reply(ANSWER, answer) : reply(DENIAL);
    }
    if (control.command === CONTROL && asked && 'objects' in asked) return reply((await this.#carryOut(packet, asked)) ? CONFIRM : DENIAL);
    reply(DENIAL);
  }

  /** Whether an order was taken and not refused. */
  async #carryOut(packet: Uint8Array, unit: Extract<Unit, { objects: unknown }>): Promise<boolean> {
    const order = await this.#orderOf(packet, unit);
    const isDone = await this.#take(order, unit);
    // Before the confirm: what was done is known also after a power cut, and the same frame or an older one is not done again.
    if (isDone && unit.type === CLOCK) await this.#noteTime(order.sentMs);
    return isDone;
  }

  async #take(order: CentreOrder, unit: Extract<Unit, { objects: unknown }>): Promise<boolean> {
    const { orders, name } = this.#options;
    const ended = Promise.withResolvers<OrderState>();
    this.#listening.set(order.id, ended.resolve);
    try {
      const { state } = await orders.take(order, name);
      // A duty check is confirmed as taken; who answers it comes later, as an upload of ours (§8.3.2.16).
      if (unit.type === DUTY_CHECK) return state !== 'refused' && state !== 'expired';
      if (state !== 'delivered') return state === 'done';
      const over = new AbortController();
      const late = this.#options.clock.sleep(CARRIED_OUT_WITHIN_MS, over.signal).then(
        () => 'done' as const,
        () => 'done' as const,
      );
      const outcome = await Promise.race([ended.promise, late]);
      over.abort();
      return outcome === 'done';
    } finally {
      this.#listening.delete(order.id);
    }
  }

  /** The order that a frame is. A frame that comes again is the same order: its id is made from the frame's own bytes. */
  async #orderOf(packet: Uint8Array, { type, objects }: Extract<Unit, { objects: unknown }>): Promise<CentreOrder> {
    const { gateway, clock, times: told, name } = this.#options;
    const id = createHash('sha256')
      .update(toHex(packet.subarray(2)))
      .digest('hex')
      .slice(0, 32);
    const nowMs = Math.round(clock.wallMs());
    const [object = {}] = objects as ReadonlyArray<{ readonly time?: number; readonly timeoutMinutes?: number }>;
    const { serial, time: label } = decodeFrame(packet).control;
    const givenMs = type === CLOCK ? this.#instantOf(object.time) : null;
    const centreMs = givenMs ?? nowMs;
    const times = { issuedMs: centreMs, sentMs: centreMs, expiresMs: Math.max(centreMs, nowMs) + ORDER_LIFE_MS };
    if (type === DUTY_CHECK)
      return { gateway, id, kind: 'duty-check', parameters: { timeoutMinutes: Math.max(1, object.timeoutMinutes ?? 0) }, ...times, serial };
    if (type === CLOCK) {
      const against = againstTime(givenMs, { labelMs: this.#instantOf(label), lastMs: await told.last(name), nowMs });
      return { gateway, id, kind: 'clock', parameters: { set: true }, ...times, serial, ...(against === null ? {} : { against }) };
    }
    // Initialising (89), a maker's remote control (129) and the like: on the record as what nobody here does.
    return { gateway, id, kind: `gb26875-${type}`, parameters: {}, ...times, serial };
  }

  async #noteTime(ms: number): Promise<void> {
    const { times, name, trouble } = this.#options;
    await times
      .note(name, ms)
      .catch((error: Error) => trouble(fail('order-crashed', `the time of the centre is not kept: ${error.message}`, error)));
  }

  /** A time tag as this dialect writes it; null: it is none. */
  #instantOf(tag: number | undefined): number | null {
    const { dialect, zoneMinutes } = this.#options;
    const text = tag === undefined ? null : dialect.clock.show(tag);
    return typeof text === 'string' ? Date.parse(`${text}Z`) - zoneMinutes * 60_000 : null;
  }
}

interface Beside {
  /** The label of the frame that brought it. */
  readonly labelMs: number | null;
  /** What this centre gave last, 0: nothing. */
  readonly lastMs: number;
  readonly nowMs: number;
}

/**
 * Why a time is not to be set; null: nothing speaks against it. A frame of another day that comes again agrees with its own label: it is known
 * by what was given since, or by what our clock says. So no centre of this standard, which proves nothing, ever puts the clock back. What was
 * given last and lies ahead of a clock that can be right was wrong: somebody put the clock right since.
 */
function againstTime(givenMs: number | null, { labelMs, lastMs, nowMs }: Beside): string | null {
  if (givenMs === null) return 'the centre gave no time that exists 中心所给时间无效';
  const given = new Date(givenMs).toISOString();
  const isLastBelieved = lastMs <= nowMs + CLOCK_BACK_MAX_MS || nowMs < MADE_MS;
  if (isLastBelieved && givenMs <= lastMs)
    return `the time to set is ${given}, this centre gave ${new Date(lastMs).toISOString()} before: an old frame 旧报文重放`;
  if (givenMs < nowMs - CLOCK_BACK_MAX_MS)
    return `the time to set is ${given}, behind this clock: a centre never puts it back; where this clock is wrong, set it on the box or by NTP 拒绝将时钟回拨`;
  if (labelMs !== null && Math.abs(labelMs - givenMs) <= LABEL_APART_MS) return null;
  const label = labelMs === null ? 'is no time' : `says ${new Date(labelMs).toISOString()}`;
  return `the time to set is ${given}, the label of its own frame ${label} 与报文自身时间标签不符`;
}
