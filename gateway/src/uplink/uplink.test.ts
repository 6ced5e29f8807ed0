import { rmSync } from 'node:fs';
import { type Batch, encodeReceipt, type Lane, type Receipt } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventOf, type FollowedJournal, open, systemTime, temporaryFolder } from '../journal/journal.fixture.ts';
import * as limits from '../limits.ts';
import { accepting, Peer } from './peer.fixture.ts';
import { runUplink, Sent, UplinkNumbers } from './uplink.ts';

const GATEWAY = 'gw-1';

const noOrders = { hear: async () => {}, listen: () => () => {}, receiptOf: () => new Uint8Array() };

const upTo = (newest: number) => Array.from({ length: newest }, (_, index) => index + 1);
const named = { name: 'collector', kind: 'mqtt' } as const;
const soon = { timeout: 60_000, interval: 20 };

let peer: Peer;
let journal: FollowedJournal;
let directory: string;
let stop: AbortController;
let running: Promise<void>;
let numbers: UplinkNumbers;
let links: string[];

beforeEach(async () => {
  peer = new Peer(GATEWAY);
  directory = temporaryFolder();
  journal = await open(directory);
  stop = new AbortController();
  running = Promise.resolve();
  numbers = new UplinkNumbers();
  links = [];
});

afterEach(async () => {
  stop.abort();
  await running;
  await journal.close();
  await peer.stop();
  rmSync(directory, { recursive: true, force: true });
});

function run(port: number, receiptTimeoutMs = 10_000): void {
  running = runUplink({
    sentOverAll: new Sent(),
    name: 'collector',
    orders: noOrders,
    configuration: { ...named, url: `mqtt://127.0.0.1:${port}`, keepaliveS: 20, reconnectMinMs: 50, reconnectMaxMs: 200, receiptTimeoutMs },
    gateway: GATEWAY,
    instance: 'a',
    outbox: journal,
    clock: systemTime,
    numbers,
    outage: { lost: (why) => links.push(`lost ${why.slice(0, 18)}`), returned: () => links.push('returned') },
    random: Math.random,
    signal: stop.signal,
  });
}

const waiting = async (lane: Lane) => (await journal.state()).lanes[lane].waiting;

describe('the uplink', () => {
  it('sends what waits and what comes, and settles it with the receipts', async () => {
    await peer.start();
    await journal.append(upTo(150).map((address) => eventOf('reading', address)));
    run(peer.port);
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    await journal.append([eventOf('fire')]);
    await vi.waitFor(async () => expect(await waiting('alarm')).toBe(0), soon);
    expect(peer.firsts('ordinary')).toEqual(upTo(150));
    expect(numbers).toMatchObject({ state: 'up', rowsAccepted: 151, rowsOverdue: 0, connections: 1 });
    expect(links).toEqual(['returned']);
  });

  it('keeps every message within 16 KiB', async () => {
    await peer.start();
    await journal.append(
      upTo(200).map((address) => eventOf('reading', address, { place: '很长的地点'.repeat(15), text: '说明'.repeat(60) })),
    );
    run(peer.port);
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    expect(Math.max(...peer.batches.map(({ bytes }) => bytes))).toBeLessThanOrEqual(16 * 1024);
    expect(Math.max(...peer.batches.map(({ rows }) => rows.length))).toBeLessThanOrEqual(64);
  });

  it('settles nothing on the acknowledgement of the broker', async () => {
    await peer.start();
    peer.answer = () => null;
    await journal.append(upTo(200).map((address) => eventOf('fire', address)));
    run(peer.port);
    await vi.waitFor(() => expect(peer.rows.length).toBe(64), soon);
    expect(await waiting('alarm')).toBe(200);
    expect(numbers.rowsSent).toBe(64);
  });

  it('sends again, from the lowest row, what was not confirmed in time, and gives the link up when that is in vain', async () => {
    await peer.start();
    peer.answer = () => null;
    await journal.append([eventOf('fire', 1), eventOf('fire', 2)]);
    run(peer.port, 150);
    await vi.waitFor(() => expect(peer.connects).toBeGreaterThan(1), soon);
    expect(numbers.lastFailureCode).toBe('uplink-silent');
    expect(peer.rows.slice(0, 4).map(({ number }) => number)).toEqual([1, 2, 1, 2]);
    peer.answer = accepting;
    await vi.waitFor(async () => expect(await waiting('alarm')).toBe(0), soon);
  });

  it('lets what is new go beside a long backlog, each in its order, and sends nothing twice', async () => {
    await peer.start();
    const old = limits.BACKLOG_LONG_ROWS * 2;
    for (let from = 0; from < old; from += 512) await journal.append(upTo(512).map((address) => eventOf('reading', address)));
    let isHeld = true;
    let held: Batch | null = null;
    peer.answer = (batch) => {
      if (!isHeld || batch.rows.some(({ number }) => number > old)) return accepting(batch);
      held ??= batch;
      return null; // the backlog stands still
    };
    run(peer.port);
    await vi.waitFor(() => expect(held).not.toBeNull(), soon);
    for (let turn = 1; turn <= 30; turn++) {
      await journal.append([eventOf('reading', turn)]);
      await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(old), soon);
    }
    isHeld = false;
    for (const { rows } of peer.batches.filter((batch) => batch.rows[0]!.number <= old))
      peer.say(encodeReceipt({ ...accepting(held!), accepted: rows.map(({ number }) => number) }));
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    const numbersOf = (isOld: boolean) => peer.rows.map(({ number }) => number).filter((number) => number <= old === isOld);
    expect(numbersOf(true)).toEqual(upTo(old));
    expect(numbersOf(false)).toEqual(upTo(old + 30).slice(old));
    // The backlog is through: one strand again.
    await journal.append(upTo(200).map((address) => eventOf('reading', address)));
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    expect(peer.firsts('ordinary').slice(-200)).toEqual(upTo(old + 230).slice(old + 30));
  });

  it('keeps the order of a backlog that is soon gone', async () => {
    await peer.start();
    for (let turn = 0; turn < 2; turn++) await journal.append(upTo(limits.BACKLOG_LONG_ROWS / 2).map((at) => eventOf('reading', at)));
    run(peer.port);
    await vi.waitFor(() => expect(peer.rows.length).toBeGreaterThan(0), soon);
    await journal.append([eventOf('reading', 1)]);
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    expect(peer.firsts('ordinary')).toEqual(upTo(limits.BACKLOG_LONG_ROWS + 1));
  });

  it('lets a fire pass a backlog of readings', async () => {
    await peer.start();
    for (let turn = 0; turn < 4; turn++) await journal.append(upTo(500).map((address) => eventOf('reading', address)));
    const held: Batch[] = [];
    peer.answer = (batch) => {
      if (batch.lane === 'alarm') return accepting(batch);
      held.push(batch);
      return null;
    };
    run(peer.port);
    await vi.waitFor(() => expect(held.length).toBeGreaterThan(0), soon);
    const before = peer.rows.length;
    await journal.append([eventOf('fire')]);
    await vi.waitFor(async () => expect(await waiting('alarm')).toBe(0), soon);
    expect(before).toBeLessThanOrEqual(64);
    expect(peer.rows.findIndex(({ lane }) => lane === 'alarm')).toBeLessThanOrEqual(64);
    peer.answer = accepting;
    for (const batch of held) peer.say(encodeReceipt(accepting(batch)));
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
  });

  it('sends no reading while an alarm waits to be sent', async () => {
    await peer.start();
    await journal.append(upTo(100).flatMap((address) => [eventOf('reading', address), eventOf('fire', address)]));
    run(peer.port);
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
    const lastAlarm = peer.rows.map(({ lane }) => lane).lastIndexOf('alarm');
    const firstReading = peer.rows.findIndex(({ lane }) => lane === 'ordinary');
    expect(lastAlarm).toBeLessThan(firstReading);
  });

  it('loses nothing and keeps the order over thirty cuts', async () => {
    await peer.start();
    let batches = 0;
    peer.answer = (batch) => {
      batches += 1;
      if (batches % 3 === 0) setImmediate(() => peer.cut());
      return batches % 4 === 0 ? null : accepting(batch);
    };
    run(peer.port, 1_000);
    for (let turn = 0; turn < 60; turn++) {
      await journal.append([eventOf('fire', turn), eventOf('reading', turn), eventOf('fire', turn)]);
      await systemTime.sleep(15);
    }
    peer.answer = accepting;
    await vi.waitFor(async () => expect([await waiting('alarm'), await waiting('ordinary')]).toEqual([0, 0]), soon);
    expect(peer.connects).toBeGreaterThan(5);
    expect(peer.firsts('alarm')).toEqual(upTo(120));
    expect(peer.firsts('ordinary')).toEqual(upTo(60));
  });

  it('comes back after refusals and after a collector that was not there', async () => {
    await peer.start();
    const { port } = peer;
    await peer.stop();
    await journal.append([eventOf('fire')]);
    run(port);
    await vi.waitFor(() => expect(numbers.lastFailureCode).toBe('uplink-unreachable'), soon);
    peer.refusals = 3;
    await peer.start(port);
    await vi.waitFor(() => expect(numbers.lastFailureCode).toBe('uplink-refused'), soon);
    await vi.waitFor(async () => expect(await waiting('alarm')).toBe(0), soon);
    expect(links.at(-1)).toBe('returned');
  });

  it('believes no receipt for another gateway, beyond what it sent, or that cannot be read', async () => {
    await peer.start();
    peer.answer = () => null;
    await journal.append([eventOf('fire'), eventOf('fire')]);
    run(peer.port);
    await vi.waitFor(() => expect(peer.rows.length).toBe(2), soon);
    const { epoch } = peer.rows[0]!;
    const forged: Receipt[] = [
      { gateway: 'gw-2', epoch, lane: 'alarm', accepted: [1, 2], rejected: [] },
      { gateway: GATEWAY, epoch: epoch + 1, lane: 'alarm', accepted: [1, 2], rejected: [] },
      { gateway: GATEWAY, epoch, lane: 'alarm', accepted: [1, 2, 3], rejected: [] },
      { gateway: GATEWAY, epoch, lane: 'ordinary', accepted: [1], rejected: [] },
    ];
    for (const receipt of forged) peer.say(encodeReceipt(receipt));
    peer.say(Buffer.from('no receipt at all'));
    await vi.waitFor(() => expect(numbers.receiptsIgnored).toEqual({ malformed: 1, foreign: 1, beyond: 3 }), soon);
    expect(await waiting('alarm')).toBe(2);
  });

  it('keeps what was rejected with its reason and is not held up by it', async () => {
    await peer.start();
    peer.answer = ({ gateway, epoch, lane, rows }) => {
      const odd = rows.map(({ number }) => number).filter((number) => number % 2 === 1);
      const accepted = rows.map(({ number }) => number).filter((number) => number % 2 === 0);
      return { gateway, epoch, lane, accepted, rejected: odd.map((number) => ({ number, reason: 'undecodable' })) };
    };
    run(peer.port);
    await journal.append(upTo(9).map((address) => eventOf('fire', address)));
    await vi.waitFor(async () => expect(await waiting('alarm')).toBe(0), soon);
    expect((await journal.state()).lanes.alarm.rejected).toBe(5);
    expect(numbers).toMatchObject({ rowsAccepted: 4, rowsRejected: 5 });
  });
});

describe('a row that the collector passes over', () => {
  /** Answers everything but these numbers of a lane; a batch with one of them gets no receipt at all. */
  const passOver =
    (lane: Lane, isPassed: (number: number) => boolean) =>
    (batch: Batch): Receipt | null =>
      batch.lane === lane && batch.rows.some(({ number }) => isPassed(number)) ? null : accepting(batch);
  const alone = (number: number) => peer.batches.filter(({ rows }) => rows.length === 1 && rows[0]!.number === number).length;

  it.each(['alarm', 'ordinary'] as const)('keeps neither its batch nor its %s lane from the collector, and is named', async (lane) => {
    await peer.start();
    peer.answer = passOver(lane, (number) => number === 5);
    await journal.append(upTo(120).map((address) => eventOf(lane === 'alarm' ? 'fire' : 'reading', address)));
    run(peer.port, 500);
    await vi.waitFor(async () => expect(await waiting(lane)).toBe(1), soon);
    await vi.waitFor(() => expect(numbers.rowsUnanswered).toBe(1), soon);
    expect(numbers.unansweredFailure).toMatch(new RegExp(`${lane} row 5 of epoch \\d+`));
    await journal.append([eventOf('fire', 200), eventOf('reading', 200)]);
    await vi.waitFor(async () => expect([await waiting('alarm'), await waiting('ordinary')].sort()).toEqual([0, 1]), soon);
    expect(alone(5)).toBeGreaterThan(0);
    peer.answer = accepting;
    await vi.waitFor(async () => expect(await waiting(lane)).toBe(0), soon);
    expect(numbers).toMatchObject({ rowsUnanswered: 0, unansweredFailure: null });
  });

  it('is waited for without an end where it is the whole backlog, and what is new goes on', async () => {
    await peer.start();
    const old = limits.BACKLOG_LONG_ROWS * 2;
    for (let from = 0; from < old; from += 512) await journal.append(upTo(512).map((address) => eventOf('reading', address)));
    peer.answer = passOver('ordinary', (number) => number <= old);
    run(peer.port, 500);
    await vi.waitFor(() => expect(peer.rows.length).toBeGreaterThan(0), soon);
    let address = 0;
    await vi.waitFor(async () => {
      await journal.append([eventOf('reading', ++address)]);
      expect(numbers.rowsUnanswered).toBeGreaterThanOrEqual(limits.ROWS_IN_FLIGHT_MAX);
    }, soon);
    // Nothing more of the backlog goes past so many; what is new does.
    const seen = peer.firsts('ordinary').filter((number) => number <= old).length;
    expect(seen).toBeLessThan(limits.ROWS_IN_FLIGHT_MAX * 2);
    for (let turn = 1; turn <= 20; turn++) {
      await journal.append([eventOf('reading', turn)]);
      await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(old), soon);
    }
    expect(peer.firsts('ordinary').filter((number) => number <= old)).toHaveLength(seen);
    peer.answer = accepting;
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), { ...soon, timeout: 60_000 });
    expect(numbers.unansweredFailure).toBeNull();
  });

  it('hides no link that is dead', async () => {
    await peer.start();
    peer.answer = passOver('ordinary', (number) => number === 2);
    await journal.append(upTo(40).map((address) => eventOf('reading', address)));
    run(peer.port, 300);
    await vi.waitFor(() => expect(numbers.rowsUnanswered).toBe(1), soon);
    peer.answer = () => null;
    await journal.append([eventOf('reading', 41)]);
    await vi.waitFor(() => expect(numbers.lastFailureCode).toBe('uplink-silent'), soon);
    peer.answer = accepting;
    await vi.waitFor(async () => expect(await waiting('ordinary')).toBe(0), soon);
  });
});
