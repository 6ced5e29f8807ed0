import { type Clock, decodeHoldings, Failure, type Holdings } from '@fengsui/protocol';
import { BATCH_BYTES_MAX } from '../limits.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import type { Rivalry } from './rivalry.ts';
import type { Sent } from './sent.ts';

export interface GreetingOptions {
  readonly gateway: string;
  readonly instance: string;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly outbox: Pick<Outbox, 'outrank'>;
  readonly numbers: UplinkNumbers;
  /** What this run has sent over any uplink: collectors may share a ledger. */
  readonly sentOverAll: Sent;
  readonly rivalry: Rivalry;
  /** Takes what comes on the topics of receipts and of orders. */
  readonly receipt: (payload: Uint8Array) => void;
  readonly order: (payload: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** Which way to take, and what it is known of it. */
export type Way = Pick<ConnectionOptions, 'path' | 'urgent' | 'withinMs' | 'dialled' | 'signal'>;

/** Opens connections and heeds what the far side says first: what it holds of us. An older collector says nothing of it. */
export class Greeting {
  readonly #options: GreetingOptions;
  readonly #held = new WeakMap<Connection, Holdings>();

  constructor(options: GreetingOptions) {
    this.#options = options;
  }

  /** Resolves when receipts are heard, and everything the far side says first. Rejects with a Failure. */
  async open(way: Way): Promise<Connection> {
    const { gateway, instance, clock, random, receipt, order } = this.#options;
    let told: Holdings | null = null;
    const hear = new Map([
      [`down/${gateway}/receipt`, receipt],
      [`down/${gateway}/order`, order],
      [`down/${gateway}/holdings`, (payload: Uint8Array) => void (told ??= holdingsOf(gateway, payload))],
    ]);
    const connection = await openConnection({ ...way, gateway, instance, clock, random, hear });
    if (told) this.#held.set(connection, told);
    return connection;
  }

  /**
   * Lets the journal know what the far side of a connection holds, before anything is sent over it. What the disk says against that keeps no
   * alarm back: one that is told as older than it is, is better than none.
   */
  async heed(connection: Connection): Promise<void> {
    const { outbox, numbers, sentOverAll, rivalry, signal } = this.#options;
    const held = this.#held.get(connection);
    if (!held) return;
    rivalry.told(held.rivalMs > 0);
    try {
      await outbox.outrank(held.series, sentOverAll.series(), signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      numbers.lastFailure = error.message;
      numbers.lastFailureCode = error.code;
    }
  }
}

/** What is not for us, is longer than any message of ours, or cannot be read, says nothing. */
function holdingsOf(gateway: string, payload: Uint8Array): Holdings | null {
  const holdings = payload.length > BATCH_BYTES_MAX ? null : decodeHoldings(payload);
  return holdings === null || 'malformed' in holdings || holdings.gateway !== gateway ? null : holdings;
}
