import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, decodeOrder, encodeOrderReceipt, type Order, type OrderReceipt } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import { ORDER_ASK_EVERY_MS, ORDER_RESEND_MS } from '../limits.ts';
import { OrderDesk } from './desk.ts';

let folder: string;
let ledger: Ledger;
let desk: OrderDesk;
let sent: Order[];
let isConnected: boolean;
let passedMs: number;
let stop: AbortController;
let running: Promise<void>;

/** A clock that is moved by hand, and on which a rest is short. */
const clock: Clock = {
  wallMs: () => 1_700_000_000_000 + passedMs,
  monotonicMs: () => passedMs,
  sleep: (_, signal) => machineClock.sleep(2, signal),
};

const ask = { gateway: 'gw-1', kind: 'read', parameters: {}, expiresMs: 600_000, issuer: 'test' } as const;
const say = (receipt: Partial<OrderReceipt> & Pick<OrderReceipt, 'id' | 'state'>, from = 'gw-1') =>
  desk.receive(from, encodeOrderReceipt({ gateway: 'gw-1', atMs: 5, result: null, ...receipt }));

function newDesk(): void {
  desk = new OrderDesk({
    orders: ledger.orders,
    clock,
    tell: (_, payload) => {
      if (isConnected) sent.push(decodeOrder(payload) as Order);
      return isConnected;
    },
  });
  stop = new AbortController();
  running = desk.run(stop.signal);
}

async function issued(): Promise<string> {
  const order = await desk.issue(ask);
  if ('wrong' in order) throw new Error(order.wrong);
  return order.id;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-desk-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  [sent, isConnected, passedMs] = [[], true, 0];
  newDesk();
});
afterEach(async () => {
  stop.abort();
  await running;
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the desk of orders', () => {
  it('sends an order at once, and again until the gateway has it, each time saying when that copy left', async () => {
    const id = await issued();
    expect(sent).toMatchObject([{ id, gateway: 'gw-1', kind: 'read', parameters: { what: 'state' } }]);
    passedMs += ORDER_RESEND_MS;
    await expect.poll(() => sent.length).toBe(2);
    expect(sent[1]!.sentMs - sent[0]!.sentMs).toBe(ORDER_RESEND_MS);
    await say({ id, state: 'delivered' });
    passedMs += ORDER_RESEND_MS;
    await machineClock.sleep(30);
    expect(sent).toHaveLength(2);
    passedMs += ORDER_ASK_EVERY_MS;
    await expect.poll(() => sent.length).toBe(3);
    await say({ id, state: 'done', result: [1] });
    passedMs += ORDER_ASK_EVERY_MS;
    await machineClock.sleep(30);
    expect(sent).toHaveLength(3);
    expect(await desk.list({ max: 1 })).toMatchObject([{ id, state: 'done', result: [1], gatewayMs: 5 }]);
  });

  it('shows how an order stands that waits, and never takes back its end', async () => {
    const id = await issued();
    const shown = async () => (await desk.list({ max: 1 }))[0];
    for (const result of [{ waiting: { tries: 0 } }, { sent: { tries: 1 } }]) {
      await say({ id, state: 'delivered', result });
      expect(await shown()).toMatchObject({ state: 'delivered', result });
    }
    await say({ id, state: 'done', result: 'answer' });
    await say({ id, state: 'delivered', result: { waiting: { tries: 2 } } });
    await say({ id, state: 'done', result: 'another' });
    expect(await shown()).toMatchObject({ state: 'done', result: 'answer' });
  });

  it('keeps an order for a gateway that is away, through its own restart, until it listens', async () => {
    isConnected = false;
    const id = await issued();
    stop.abort();
    await running;
    newDesk();
    await machineClock.sleep(20);
    isConnected = true;
    desk.listening('gw-2');
    desk.listening('gw-1');
    await expect.poll(() => sent.map((order) => order.id)).toContain(id);
  });

  it("never changes a final word, and counts words that are none or not that gateway's", async () => {
    const id = await issued();
    await say({ id, state: 'refused', result: { why: 'expired' } });
    await say({ id, state: 'done' });
    await say({ id, state: 'done', gateway: 'gw-2' }, 'gw-2');
    await say({ id, state: 'done', gateway: 'gw-1' }, 'gw-2');
    await say({ id: 'f'.repeat(32), state: 'done' });
    await desk.receive('gw-1', Buffer.from('no receipt'));
    expect(await desk.list({ max: 9 })).toMatchObject([{ id, state: 'refused', result: { why: 'expired' } }]);
    expect(desk.ignored).toEqual({ malformed: 1, foreign: 3 });
  });

  it('says what is wrong with an order and keeps nothing of it', async () => {
    expect(await desk.issue({ ...ask, kind: 'capture' })).toHaveProperty('wrong', expect.stringContaining('parameters'));
    expect(await desk.list({ max: 9 })).toEqual([]);
  });
});
