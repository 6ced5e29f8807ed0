import { randomBytes } from 'node:crypto';
import { type Clock, decodeOrderReceipt, encodeOrder, type OrderKind, orderParameters } from '@fengsui/protocol';
import type { OrderRecord, Orders } from '../ledger/ledger.ts';
import { ORDER_ASK_AFTER_MS, ORDER_ASK_EVERY_MS, ORDER_LOOK_EVERY_MS, ORDER_RESEND_MS } from '../limits.ts';

/** What somebody asks of a gateway. */
export interface OrderRequest {
  readonly gateway: string;
  readonly kind: OrderKind;
  readonly parameters: unknown;
  /** How long it may take to arrive. */
  readonly expiresMs: number;
  readonly issuer: string;
}

export interface DeskOptions {
  readonly orders: Orders;
  readonly clock: Clock;
  /** Hands bytes to a gateway's order topic; false when it is not connected. */
  readonly tell: (gateway: string, payload: Uint8Array) => boolean;
}

interface Open {
  readonly order: OrderRecord;
  sentMs: number;
}

/**
 * Carries orders to gateways and learns what became of them. An order is durable before it leaves; it is sent again until the
 * gateway's receipt says that it has it, and then asked about, more rarely, until the receipt is final: a word that is lost on
 * the way back comes again. The gateway carries it out once, however often it comes.
 */
export class OrderDesk {
  readonly #options: DeskOptions;
  readonly #open = new Map<string, Open>();
  /** Receipts that were not believed, since start. */
  readonly ignored = { malformed: 0, foreign: 0 };

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Durable when it resolves. Answers the order, or what is wrong with it. */
  async issue({ gateway, kind, parameters, expiresMs, issuer }: OrderRequest): Promise<OrderRecord | { readonly wrong: string }> {
    const { orders, clock } = this.#options;
    const checked: object = orderParameters(kind, parameters);
    if ('wrong' in checked) return { wrong: String(checked.wrong) };
    const nowMs = Math.round(clock.wallMs());
    const id = randomBytes(16).toString('hex');
    const order = { id, gateway, kind, parameters: checked, issuer, issuedMs: nowMs, expiresMs: nowMs + expiresMs };
    await orders.issue(order);
    const record: OrderRecord = { ...order, state: 'issued', stateMs: nowMs, gatewayMs: null, result: null };
    this.#open.set(id, { order: record, sentMs: Number.NEGATIVE_INFINITY });
    this.#send(id);
    return record;
  }

  /** The latest orders. One that never arrived in time is shown as expired; a gateway's word that comes later all the same wins. */
  async list(query: { readonly gateway?: string; readonly max: number }): Promise<readonly OrderRecord[]> {
    const nowMs = this.#options.clock.wallMs();
    const listed = await this.#options.orders.list(query);
    return listed.map((order) => (order.state === 'issued' && order.expiresMs < nowMs ? { ...order, state: 'expired' as const } : order));
  }

  /** A gateway began to listen for orders: what is open for it goes out at once. */
  listening(gateway: string): void {
    for (const [id, { order }] of this.#open) if (order.gateway === gateway) this.#send(id);
  }

  /** Takes what a gateway published about an order. Durable when it resolves; what cannot be believed is counted and resolves too. */
  async receive(gateway: string, payload: Uint8Array): Promise<void> {
    const receipt = decodeOrderReceipt(payload);
    if ('malformed' in receipt) {
      this.ignored.malformed += 1;
      return;
    }
    const received = receipt.gateway === gateway ? await this.#options.orders.receive(receipt) : { changed: null, known: false };
    if (!received.changed) this.ignored.foreign += received.known ? 0 : 1;
    else if (received.changed.state === 'delivered') this.#keep(received.changed);
    else this.#open.delete(receipt.id);
  }

  /** Sends what is open until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { orders, clock } = this.#options;
    const nowMs = clock.wallMs();
    for (const order of await orders.open(nowMs - ORDER_ASK_AFTER_MS)) if (!this.#open.has(order.id)) this.#keep(order);
    while (!signal.aborted) {
      for (const [id, open] of this.#open) this.#look(id, open);
      await clock.sleep(ORDER_LOOK_EVERY_MS, signal).catch(() => {}); // aborted: the loop ends
    }
  }

  #keep(order: OrderRecord): void {
    this.#open.set(order.id, { order, sentMs: this.#open.get(order.id)?.sentMs ?? Number.NEGATIVE_INFINITY });
  }

  #look(id: string, { order, sentMs }: Open): void {
    const { clock } = this.#options;
    const againMs = order.state === 'issued' ? ORDER_RESEND_MS : ORDER_ASK_EVERY_MS;
    if (order.expiresMs + ORDER_ASK_AFTER_MS < clock.wallMs()) this.#open.delete(id);
    else if (clock.monotonicMs() - sentMs >= againMs) this.#send(id);
  }

  #send(id: string): void {
    const open = this.#open.get(id);
    if (!open) return;
    const { clock, tell } = this.#options;
    const { gateway, kind, parameters, issuedMs, expiresMs } = open.order;
    const payload = encodeOrder({ gateway, id, kind, parameters, issuedMs, expiresMs, sentMs: Math.round(clock.wallMs()) });
    if (tell(gateway, payload)) open.sentMs = clock.monotonicMs();
  }
}
