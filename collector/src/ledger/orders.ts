import type { OrderReceipt, OrderState } from '@fengsui/protocol';

/** An order somebody gave, and what is known of it. All times are milliseconds since 1970-01-01 UTC. */
export interface OrderRecord {
  /** 32 lower-case hex digits. */
  readonly id: string;
  readonly gateway: string;
  readonly kind: string;
  readonly parameters: unknown;
  /** Who gave it, as far as that is known. */
  readonly issuer: string;
  readonly issuedMs: number;
  /** A gateway that gets it later refuses it. */
  readonly expiresMs: number;
  /** `issued` until the gateway has it on its own record. */
  readonly state: 'issued' | OrderState;
  /** When the state was last changed, by the collector's clock. */
  readonly stateMs: number;
  /** The same by the gateway's clock; null before its first word. */
  readonly gatewayMs: number | null;
  readonly result: unknown;
}

export type NewOrder = Pick<OrderRecord, 'id' | 'gateway' | 'kind' | 'parameters' | 'issuer' | 'issuedMs' | 'expiresMs'>;

/** What became of a receipt: it changed an order, told nothing new, or names an order that this gateway was never given. */
export type Received = { readonly changed: OrderRecord } | { readonly changed: null; readonly known: boolean };

/** The durable record of orders, in the same file as the ledger. Rejects with a `Failure`; then nothing was changed. */
export interface Orders {
  /** Durable when it resolves. */
  issue(order: NewOrder): Promise<void>;
  /** Takes a gateway's word. A final state is never changed again. Durable when it resolves. */
  receive(receipt: OrderReceipt): Promise<Received>;
  /** Orders without a final state that may still be carried out or asked about: of all gateways, oldest first. */
  open(notBeforeMs: number): Promise<readonly OrderRecord[]>;
  /** The latest orders, newest first. */
  list(query: { readonly gateway?: string; readonly max: number }): Promise<readonly OrderRecord[]>;
}
