import {
  type Clock,
  decodeOrder,
  encodeOrderReceipt,
  Failure,
  isOrderKind,
  ORDER_RECEIPT_BYTES_MAX,
  type Order,
  type OrderKind,
  type OrderParameters,
  type OrderState,
  orderParameters,
} from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Log } from '../supervision.ts';
import type { KeptOrder, OrderRecord } from './record.ts';

/** How an order ended. */
export interface Outcome {
  readonly state: Exclude<OrderState, 'delivered'>;
  readonly result: unknown;
}

/** How one kind of order is carried out. */
export interface CarryOut<K extends OrderKind> {
  /** Once per order. Trouble with the surroundings may be thrown as a Failure and refuses the order. */
  begin(order: KeptOrder, parameters: OrderParameters<K>): Promise<Outcome>;
  /** Goes on after a restart of the gateway. Absent: an order that a restart interrupted is refused, never begun again. */
  resume?(order: KeptOrder, parameters: OrderParameters<K>): Promise<Outcome>;
  /** How an order stands that is not over: it goes with the word that it is delivered. */
  standing?(order: KeptOrder): unknown;
  /** Orders of this kind that may be open, where they have room of their own because they may wait for days. */
  readonly openMax?: number;
}

export type CarryOutAll = { readonly [K in OrderKind]: CarryOut<K> };

export interface DownlinkOptions {
  readonly gateway: string;
  readonly record: OrderRecord;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly carryOut: CarryOutAll;
  readonly log: Log;
}

/** What the downlink has counted since the gateway started. */
export class DownlinkNumbers {
  taken = 0;
  /** Orders that came again. */
  repeated = 0;
  /** Not believed, by reason. */
  readonly ignored = { malformed: 0, foreign: 0 };
  readonly ended: Record<Outcome['state'], number> = { done: 0, refused: 0, expired: 0, unanswered: 0 };
}

/** An order as whoever read it hands it over: with the serial it had, and what speaks against it where that is known already. */
type Given = Order & { readonly serial?: number; readonly against?: string };

/**
 * The line backwards: takes orders, puts each on the durable record before anything is done about it, carries it out once, and
 * says what became of it to whoever gave it, again whenever the order comes again.
 */
export class Downlink {
  readonly numbers = new DownlinkNumbers();
  readonly #options: DownlinkOptions;
  readonly #listeners = new Map<string, Set<(order: KeptOrder) => void>>();
  /** What became of orders while nobody of their origin listened. */
  readonly #untold = new Map<string, KeptOrder>();
  /** Orders whose first copy is just being written. */
  readonly #taking = new Map<string, Promise<KeptOrder>>();
  /** By which uplinks an order came again: an uplink may have got another name since, and an answer goes where it is asked for. */
  readonly #askedBy = new Map<string, Set<string>>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  /** Goes on with what a restart interrupted. */
  resume(): void {
    for (const order of this.#options.record.all())
      if (order.state === 'delivered') this.#run(order, (kind, given) => this.#resumed(order, kind, given));
  }

  /** Hears what becomes of the orders of one origin; returns the way to stop that. */
  listen(origin: string, listener: (order: KeptOrder) => void): () => void {
    const listeners = this.#listeners.get(origin) ?? new Set();
    this.#listeners.set(origin, listeners.add(listener));
    for (const order of this.#untold.values()) {
      if (order.origin !== origin) continue;
      this.#untold.delete(order.id);
      listener(order);
    }
    return () => void listeners.delete(listener);
  }

  /** Takes an order as bytes of unknown honesty. Rejects with a Failure when the record cannot be written: it will come again. */
  async hear(payload: Uint8Array, origin: string): Promise<void> {
    const order = decodeOrder(payload);
    if ('malformed' in order) this.numbers.ignored.malformed += 1;
    else if (order.gateway !== this.#options.gateway) this.numbers.ignored.foreign += 1;
    else this.#answer(await this.take(order, origin), origin);
  }

  #answer(order: KeptOrder, origin: string): void {
    if (origin !== order.origin) this.#askedBy.set(order.id, (this.#askedBy.get(order.id) ?? new Set()).add(origin));
    this.#tell(order, [origin]);
  }

  /** Takes an order; answers it as it stands on the record. */
  async take(order: Given, origin: string): Promise<KeptOrder> {
    const known = this.#options.record.get(order.id) ?? this.#taking.get(order.id);
    if (known) {
      this.numbers.repeated += 1;
      return known;
    }
    const taking = this.#take(order, origin).finally(() => this.#taking.delete(order.id));
    this.#taking.set(order.id, taking);
    return taking;
  }

  /** Answers a question that changes nothing: without a record, so that one who asks often fills no disk. Never rejects. */
  async look(what: OrderParameters<'read'>): Promise<Outcome> {
    const atMs = Math.round(this.#options.clock.wallMs());
    const moment = { issuedMs: atMs, takenMs: atMs, aheadMs: 0, atMs };
    const asked: KeptOrder = {
      id: '0'.repeat(32),
      kind: 'read',
      parameters: what,
      origin: '',
      ...moment,
      state: 'delivered',
      result: null,
    };
    return (
      (await this.#outcomeOf(asked, (_, given) => this.#options.carryOut.read.begin(asked, given as typeof what))) ?? refused('stopping')
    );
  }

  /** What of the receipt travels: a result that is too long is left out, and said to be. */
  receiptOf(order: KeptOrder): Uint8Array {
    const { gateway, carryOut } = this.#options;
    const { id, kind, state, atMs } = order;
    const result = state === 'delivered' && isOrderKind(kind) ? (carryOut[kind].standing?.(order) ?? null) : order.result;
    const whole = encodeOrderReceipt({ gateway, id, state, atMs: Math.round(atMs), result });
    if (whole.length <= ORDER_RECEIPT_BYTES_MAX) return whole;
    return encodeOrderReceipt({ gateway, id, state, atMs: Math.round(atMs), result: { tooLong: whole.length } });
  }

  /** Resolves when nothing is being carried out that ends by itself. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  async #take(order: Given, origin: string): Promise<KeptOrder> {
    const { record, clock } = this.#options;
    const { id, kind, parameters, issuedMs, serial } = order;
    const nowMs = Math.round(clock.wallMs());
    const moment = { issuedMs, takenMs: nowMs, aheadMs: nowMs - order.sentMs, atMs: nowMs };
    const kept = { id, kind, parameters, origin, ...moment, ...(serial === undefined ? {} : { serial }) };
    const over = order.against === undefined ? this.#againstIt(order) : refused(order.against);
    const taken: KeptOrder = over ? { ...kept, ...over } : { ...kept, state: 'delivered', result: null };
    await record.take(taken);
    this.numbers.taken += 1;
    if (over) this.#count(id, kind, over);
    else this.#run(taken, (name, given) => this.#options.carryOut[name].begin(taken, given as never));
    return taken;
  }

  /** Why an order is over before it begins; null: it is not. */
  #againstIt({ kind, parameters, expiresMs, sentMs }: Order): Outcome | null {
    const { record, clock, clockSynchronised } = this.#options;
    const isLate = sentMs >= expiresMs || (clockSynchronised() && clock.wallMs() >= expiresMs);
    if (isLate) return { state: 'expired', result: null };
    if (!isOrderKind(kind)) return refused(`this version knows no order ${kind}`);
    const given: object = orderParameters(kind, parameters);
    if ('wrong' in given) return refused(String(given.wrong));
    const { openMax } = this.#options.carryOut[kind];
    const isBeside = (other: KeptOrder) => (openMax === undefined ? !this.#hasOwnRoom(other) : other.kind === kind);
    const open = record.all().filter((other) => other.state === 'delivered' && isBeside(other)).length;
    return open >= (openMax ?? limits.ORDERS_OPEN_MAX) ? refused(`${open} orders are being carried out`) : null;
  }

  #hasOwnRoom({ kind }: KeptOrder): boolean {
    return isOrderKind(kind) && this.#options.carryOut[kind].openMax !== undefined;
  }

  #resumed(order: KeptOrder, kind: OrderKind, given: object): Promise<Outcome> {
    const carryOut = this.#options.carryOut[kind];
    return carryOut.resume ? carryOut.resume(order, given as never) : Promise.resolve(refused('a restart of the gateway interrupted it'));
  }

  #run(order: KeptOrder, begin: (kind: OrderKind, given: object) => Promise<Outcome>): void {
    const running = this.#carryOut(order, begin).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #carryOut(order: KeptOrder, begin: (kind: OrderKind, given: object) => Promise<Outcome>): Promise<void> {
    const { log } = this.#options;
    log.info({ id: order.id, kind: order.kind, origin: order.origin }, 'order begun');
    const outcome = await this.#outcomeOf(order, begin);
    if (outcome) await this.#settle(order, outcome);
  }

  /** null: the gateway stops, and goes on with it at its next start. */
  async #outcomeOf(order: KeptOrder, begin: (kind: OrderKind, given: object) => Promise<Outcome>): Promise<Outcome | null> {
    if (!isOrderKind(order.kind)) return refused(`this version knows no order ${order.kind}`);
    const given: object = orderParameters(order.kind, order.parameters);
    if ('wrong' in given) return refused(String(given.wrong));
    try {
      return await begin(order.kind, given);
    } catch (error) {
      if (error === STOPPING) return null;
      if (error instanceof Failure) return refused(error.message);
      const failure = fail('order-crashed', order.kind, error);
      this.#options.log.error({ id: order.id, code: failure.code, error: (error as Error).stack }, failure.message);
      return refused(failure.message);
    }
  }

  async #settle({ id }: KeptOrder, { state, result }: Outcome): Promise<void> {
    const { record, clock, log } = this.#options;
    try {
      const settled = await record.settle({ id, state, result, atMs: Math.round(clock.wallMs()) });
      this.#count(id, settled.kind, { state, result });
      this.#tell(settled);
    } catch (error) {
      // Not on the record is not over: the next start finds it interrupted, and says so.
      if (!(error instanceof Failure)) throw error;
      log.warn({ id, code: error.code }, error.message);
    }
  }

  #count(id: string, kind: string, { state, result }: Outcome): void {
    const { why } = (result ?? {}) as { readonly why?: unknown };
    this.numbers.ended[state] += 1;
    this.#options.log.info({ id, kind, state, ...(why === undefined ? {} : { why }) }, 'order ended');
  }

  #tell(order: KeptOrder, origins = [order.origin, ...(this.#askedBy.get(order.id) ?? [])]): void {
    const listeners = origins.flatMap((origin) => [...(this.#listeners.get(origin) ?? [])]);
    if (listeners.length === 0) this.#untold.set(order.id, order);
    for (const listener of listeners) listener(order);
  }
}

/** Thrown by what is being carried out when the gateway stops before it is over. */
export const STOPPING = Symbol('the gateway is stopping');

/** The next start goes on with the order. */
export function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stopped = () => reject(STOPPING);
    if (signal.aborted) stopped();
    else signal.addEventListener('abort', stopped, { once: true });
  });
}

export function done(result: unknown = null): Outcome {
  return { state: 'done', result };
}

export function refused(why: string): Outcome {
  return { state: 'refused', result: { why } };
}
