import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, decodeOrderReceipt, encodeOrder, type Order, type OrderReceipt } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CarryOutAll, Downlink, done, STOPPING } from './downlink.ts';
import { type KeptOrder, OrderRecord } from './record.ts';

const ID = '0123456789abcdef0123456789abcdef';
const soon = { timeout: 60_000, interval: 5 };
let logged: unknown[];
const log = { info: (about: object, text: string) => void logged.push({ ...about, text }), warn: () => {}, error: () => {} };

let folder: string;
let record: OrderRecord;
let downlink: Downlink;
let begun: string[];
let said: OrderReceipt[];
let wallMs: number;
let isSynchronised: boolean;

const clock: Clock = {
  wallMs: () => wallMs,
  monotonicMs: () => wallMs,
  sleep: (_, signal) => sleep(1, undefined, signal ? { signal } : {}),
};
const never = new Promise<never>(() => {});
const nobody = { begin: () => Promise.reject(new Error('not in this test')) };

/** Kinds as this test needs them: a read ends at once, a duty check never, a restart is over when it goes on, a capture is a mistake. */
const carryOut: CarryOutAll = {
  read: {
    async begin({ id }) {
      begun.push(id);
      return done({ read: true });
    },
  },
  'duty-check': {
    begin: ({ id }) => {
      begun.push(id);
      return never;
    },
    resume: async () => done('went on'),
  },
  capture: { begin: () => Promise.reject(new RangeError('a mistake')) },
  restart: { begin: () => Promise.reject(STOPPING), resume: async () => done('runs again') },
  clock: nobody,
  'device-read': { openMax: 2, begin: () => never, standing: () => ({ waiting: true }) },
  configuration: { begin: () => never },
};

async function open(): Promise<void> {
  record = await OrderRecord.open(join(folder, 'orders.jsonl'), wallMs);
  downlink = new Downlink({ gateway: 'gw-1', record, clock, clockSynchronised: () => isSynchronised, carryOut, log });
  downlink.listen('uplink', (order) => said.push(decodeOrderReceipt(downlink.receiptOf(order)) as OrderReceipt));
}

const order = (over: Partial<Order> = {}): Order => ({
  ...{ gateway: 'gw-1', id: ID, kind: 'read', parameters: {}, issuedMs: wallMs, expiresMs: wallMs + 60_000, sentMs: wallMs },
  ...over,
});
const hear = (over: Partial<Order> = {}) => downlink.hear(encodeOrder(order(over)), 'uplink');
const states = () => said.map(({ state }) => state);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-downlink-'));
  [begun, said, logged, wallMs, isSynchronised] = [[], [], [], 1_700_000_000_000, true];
  await open();
});
afterEach(async () => {
  await record.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the downlink', () => {
  it('refuses on the record what its reader has something against, with that reason', async () => {
    const refused = { state: 'refused', result: { why: 'not of now' } };
    expect(await downlink.take({ ...order(), against: 'not of now' }, 'uplink')).toMatchObject(refused);
    expect(record.get(ID)).toMatchObject(refused);
    expect(begun).toEqual([]);
    expect(logged).toEqual([{ id: ID, kind: 'read', state: 'refused', why: 'not of now', text: 'order ended' }]);
  });

  it('says how an order stands that waits, and gives those that wait for days room of their own', async () => {
    const id = (number: number) => String(number).padStart(32, '0');
    const read = (number: number) => hear({ id: id(number), kind: 'device-read', parameters: { device: 'a', path: '/3/0/9' } });
    for (let number = 0; number < 3; number++) await read(number);
    await vi.waitFor(() => expect(states()).toEqual(['delivered', 'delivered', 'refused']), soon);
    expect(said[0]!.result).toEqual({ waiting: true });
    await hear({ id: id(3) });
    await vi.waitFor(() => expect(states().at(-1)).toBe('done'), soon);
  });

  it('says that it has an order, carries it out, and says what became of it', async () => {
    await hear();
    await vi.waitFor(() => expect(states()).toEqual(['delivered', 'done']), soon);
    expect(said[1]).toEqual({ gateway: 'gw-1', id: ID, state: 'done', atMs: wallMs, result: { read: true } });
  });

  it('carries an order out once, even when it comes twice at once, again later, and again after a restart', async () => {
    await Promise.all([hear(), hear()]);
    await vi.waitFor(() => expect(states()).toContain('done'), soon);
    await hear();
    expect(said.at(-1)).toMatchObject({ state: 'done', result: { read: true } });
    await record.close();
    await open();
    downlink.resume();
    await hear();
    expect(said.at(-1)).toMatchObject({ state: 'done', result: { read: true } });
    expect(begun).toEqual([ID]);
    expect(downlink.numbers.repeated).toBe(1);
  });

  it('answers by the uplink that asks, when the one that brought the order has another name since', async () => {
    await hear({ kind: 'restart' });
    await record.close();
    await open();
    const elsewhere: Array<string | undefined> = [];
    downlink.listen('city', (order) => elsewhere.push(order.state));
    await downlink.hear(encodeOrder(order({ kind: 'restart' })), 'city');
    downlink.resume();
    await vi.waitFor(() => expect(elsewhere).toEqual(['delivered', 'done']), soon);
  });

  it('refuses what a restart interrupted, unless its kind knows how to go on, and begins neither again', async () => {
    await hear({ kind: 'configuration', parameters: { version: 1, text: 'x', signature: `${'A'.repeat(86)}==` } });
    await hear({ id: ID.replaceAll('0', '1'), kind: 'duty-check' });
    await hear({ id: ID.replaceAll('0', '2'), kind: 'restart' });
    await vi.waitFor(() => expect(begun).toHaveLength(1), soon);
    await record.close();
    said = [];
    await open();
    downlink.resume();
    await vi.waitFor(() => expect(said).toHaveLength(3), soon);
    const results = said.map(({ state, result }) => [state, result]);
    expect(results).toContainEqual(['refused', { why: 'a restart of the gateway interrupted it' }]);
    expect(results).toContainEqual(['done', 'went on']);
    expect(results).toContainEqual(['done', 'runs again']);
    expect(begun).toHaveLength(1);
  });

  it('survives a record whose last line was torn by a power cut', async () => {
    await hear();
    await vi.waitFor(() => expect(states()).toContain('done'), soon);
    await record.close();
    appendFileSync(join(folder, 'orders.jsonl'), `{"id":"${ID}","state":"ref`);
    await open();
    expect(record.get(ID)).toMatchObject({ state: 'done' });
    await hear({ id: ID.replaceAll('0', '1') });
    await vi.waitFor(() => expect(begun).toHaveLength(2), soon);
    await vi.waitFor(
      () =>
        expect(
          readFileSync(join(folder, 'orders.jsonl'), 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ).toHaveLength(3),
      soon,
    );
  });

  it.each<readonly [string, Partial<Order>, object]>([
    ['that came too late by its own account', { sentMs: 1_700_000_060_000 }, { state: 'expired' }],
    ['that came too late by a clock that is right', { issuedMs: 1, expiresMs: 1_699_999_999_999, sentMs: 2 }, { state: 'expired' }],
    [
      'of a kind that only a newer version knows',
      { kind: 'dance' },
      { state: 'refused', result: { why: 'this version knows no order dance' } },
    ],
    ['to silence a panel', { kind: 'silence' }, { state: 'refused' }],
    ['whose parameters do not fit', { parameters: { what: 'secrets' } }, { state: 'refused' }],
  ])('does not begin an order %s', async (_, over, receipt) => {
    await hear(over);
    expect(said).toMatchObject([receipt]);
    expect(begun).toEqual([]);
  });

  it('trusts the age an order carries where its own clock is not set', async () => {
    isSynchronised = false;
    await hear({ issuedMs: 1, expiresMs: 60_000, sentMs: 2 });
    await vi.waitFor(() => expect(states()).toEqual(['delivered', 'done']), soon);
  });

  it('believes no order for another gateway and no bytes that are none', async () => {
    await hear({ gateway: 'gw-2' });
    await downlink.hear(Buffer.from('no order'), 'uplink');
    expect([said, begun, downlink.numbers.ignored]).toEqual([[], [], { malformed: 1, foreign: 1 }]);
  });

  it('refuses an order that an error of this program ended, and lives on', async () => {
    await hear({ kind: 'capture', parameters: { line: 'a' } });
    await vi.waitFor(
      () => expect(said.at(-1)).toMatchObject({ state: 'refused', result: { why: expect.stringContaining('order-crashed') } }),
      soon,
    );
  });

  it('bounds what may be open at once', async () => {
    for (let number = 0; number < 40; number++) await hear({ id: ID.slice(2) + String(number).padStart(2, '0'), kind: 'duty-check' });
    expect(begun.length).toBeLessThan(40);
    expect(said.at(-1)).toMatchObject({ state: 'refused' });
  });

  it('carries out nothing that is not on its record', async () => {
    await record.close();
    rmSync(folder, { recursive: true });
    await expect(hear()).rejects.toMatchObject({ code: 'orders-unwritable' });
    expect(begun).toEqual([]);
  });

  it('leaves a result that is too long for a receipt out, and says so', () => {
    const long: KeptOrder = { ...(order() as unknown as KeptOrder), state: 'done', atMs: 1, result: 'x'.repeat(20_000) };
    expect(decodeOrderReceipt(downlink.receiptOf(long))).toMatchObject({ state: 'done', result: { tooLong: expect.any(Number) } });
  });
});
