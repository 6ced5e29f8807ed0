import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, type OrderState } from '@fengsui/protocol';
import { replaceDurably, syncFolder } from '../durable-file.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { readOwn } from '../own-files.ts';

/** An order as the gateway keeps it. Times are milliseconds since 1970-01-01 UTC. */
export interface KeptOrder {
  readonly id: string;
  readonly kind: string;
  readonly parameters: unknown;
  /** Who gave it: the name of an uplink. */
  readonly origin: string;
  /** By the clock of whoever gave it. */
  readonly issuedMs: number;
  /** By our clock, when it arrived. */
  readonly takenMs: number;
  /** How far our clock was ahead of the issuer's when it arrived; the way here counts in it. */
  readonly aheadMs: number;
  /** Serial of the centre's frame (GB/T 26875.3-2011), where it came in one. */
  readonly serial?: number;
  readonly state: OrderState;
  readonly atMs: number;
  readonly result: unknown;
}

type Settled = Pick<KeptOrder, 'id' | 'state' | 'atMs' | 'result'>;

/**
 * The gateway's durable record of orders: lines of JSON, only ever appended and synced, the last line about an id counts. An
 * order is on it before anything is done about it, so that one that comes again, also after a kill, is known.
 */
export class OrderRecord {
  readonly #path: string;
  readonly #orders: Map<string, KeptOrder>;
  #file: FileHandle | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, orders: Map<string, KeptOrder>) {
    this.#path = path;
    this.#orders = orders;
  }

  /** Opens or creates the record; old orders that are over are forgotten. Rejects with Failure `orders-unreadable` or `-unwritable`. */
  static async open(path: string, nowMs: number): Promise<OrderRecord> {
    const orders = await readOwn(path, read).catch((cause: unknown) => {
      throw fail('orders-unreadable', path, cause);
    });
    const record = new OrderRecord(path, kept(orders ?? new Map(), nowMs));
    await record.#begin();
    return record;
  }

  get(id: string): KeptOrder | undefined {
    return this.#orders.get(id);
  }

  all(): KeptOrder[] {
    return [...this.#orders.values()];
  }

  /** Durable when it resolves. Rejects with Failure `orders-unwritable`; then the order is not known. */
  async take(order: KeptOrder): Promise<void> {
    await this.#append(order);
    this.#orders.set(order.id, order);
  }

  /** Durable when it resolves. Answers the order as it stands now. */
  async settle({ id, state, atMs, result }: Settled): Promise<KeptOrder> {
    await this.#append({ id, state, atMs, result });
    const settled = { ...this.#orders.get(id)!, state, atMs, result };
    this.#orders.set(id, settled);
    return settled;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {}); // whoever asked for that writing has its failure
    await this.#file?.close();
    this.#file = null;
  }

  /** Writes anew what is kept: a line torn by a power cut and what is forgotten are gone. */
  async #begin(): Promise<void> {
    try {
      await replaceDurably(this.#path, this.all().map(lineOf).join(''));
      this.#file = await open(this.#path, 'a', 0o600);
      await syncFolder(dirname(this.#path));
    } catch (cause) {
      throw fail('orders-unwritable', this.#path, cause);
    }
  }

  #append(line: object): Promise<void> {
    const written = this.#writing.then(() => this.#write(line));
    this.#writing = written.catch(() => {}); // the next line is tried all the same
    return written;
  }

  /** After an error nothing is known of the end of the file: it is written anew, and the caller hears of the error. */
  async #write(line: object): Promise<void> {
    try {
      if (!this.#file) await this.#begin();
      await this.#file!.appendFile(lineOf(line));
      await this.#file!.datasync();
    } catch (cause) {
      await this.#file?.close().catch(() => {});
      this.#file = null;
      throw cause instanceof Failure ? cause : fail('orders-unwritable', this.#path, cause);
    }
  }
}

const lineOf = (line: object) => `${JSON.stringify(line)}\n`;

/** The orders of a record's text; lines that are none (a power cut tears the last) are left out. null: the text is none of ours. */
function read(text: string): Map<string, KeptOrder> | null {
  const orders = new Map<string, KeptOrder>();
  for (const line of text.split('\n')) {
    const said = lineFrom(line);
    if (!said) continue;
    const known = orders.get(said.id);
    if (known || 'kind' in said) orders.set(said.id, { ...known, ...said } as KeptOrder);
  }
  return orders.size === 0 && text !== '' && !text.startsWith('{') ? null : orders;
}

function lineFrom(line: string): (Partial<KeptOrder> & Settled) | null {
  try {
    const said = JSON.parse(line) as Partial<KeptOrder> | null;
    return typeof said?.id === 'string' && typeof said.state === 'string' ? (said as KeptOrder) : null;
  } catch {
    return null;
  }
}

/** What may still come again, what is not over, and the latest. */
function kept(orders: Map<string, KeptOrder>, nowMs: number): Map<string, KeptOrder> {
  const latest = new Set([...orders.keys()].slice(-limits.ORDERS_KEPT));
  const isKept = (order: KeptOrder) =>
    order.state === 'delivered' || (latest.has(order.id) && nowMs - order.takenMs < limits.ORDERS_KEPT_MS) || nowMs < order.takenMs;
  return new Map([...orders].filter(([, order]) => isKept(order)));
}
