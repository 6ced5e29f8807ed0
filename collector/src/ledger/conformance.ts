import assert from 'node:assert/strict';
import { type Batch, type Lane, PROFILES, type Receipt, type Row, type SiteEvent } from '@fengsui/protocol';
import type { Ledger } from './ledger.ts';

/** A place for one ledger: opened again it shows what was there when it was closed. */
export interface Site {
  open(): Promise<Ledger>;
}

/** One sentence about every ledger, and how to see that it holds. `holds` throws where it does not. */
export interface Promised {
  readonly says: string;
  readonly holds: (site: Site) => Promise<void>;
}

const PROFILE = 'db36-t1297-2020';

/** A fire with a number in its id, the same at every call. */
export function fireNumbered(number: number, lane: Lane = 'alarm'): SiteEvent {
  return {
    id: `${lane === 'alarm' ? 'a' : 'b'}${number.toString(16).padStart(31, '0')}`,
    kind: lane === 'alarm' ? 'fire' : 'reading',
    edge: lane === 'alarm' ? 'began' : 'momentary',
    time: { ms: 1_700_000_000_000 + number, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: number } },
    source: 'panel-1',
    place: '3号楼2层西侧走道',
  };
}

export function rowNumbered(number: number, lane: Lane = 'alarm', event: SiteEvent = fireNumbered(number, lane)): Row {
  const envelope = { serial: number % 65_536, source: 3_000_001, destination: 20, sentMs: 1_700_000_000_000, zoneMinutes: 480 };
  const frame = PROFILES.get(PROFILE)!.write(event, envelope);
  return { number, order: number, frame, boot: 1, monotonicMs: 10 * number, wallMs: 1_700_000_000_000, clockSynchronised: true };
}

export function batchOf(numbers: readonly number[], over: Partial<Batch> = {}): Batch {
  const lane = over.lane ?? 'alarm';
  return { gateway: 'gw-1', epoch: 1, lane, profile: PROFILE, rows: numbers.map((number) => rowNumbered(number, lane)), ...over };
}

const accepted = (receipts: readonly Receipt[]) => receipts.map((receipt) => receipt.accepted);

async function opened(site: Site, use: (ledger: Ledger) => Promise<void>): Promise<void> {
  const ledger = await site.open();
  try {
    await use(ledger);
  } finally {
    await ledger.close();
  }
}

function promise(says: string, use: (ledger: Ledger, site: Site) => Promise<void>): Promised {
  return { says, holds: (site) => opened(site, (ledger) => use(ledger, site)) };
}

async function isAborted(waiting: Promise<void>, reason: unknown): Promise<void> {
  await assert.rejects(waiting, (error) => error === reason);
}

const entries: readonly Promised[] = [
  promise('keeps every field of a row and the event its frame says', async (ledger) => {
    const batch = batchOf([1], { epoch: 7 });
    assert.deepEqual(await ledger.append([batch]), [{ gateway: 'gw-1', epoch: 7, lane: 'alarm', accepted: [1], rejected: [] }]);
    const [entry] = await ledger.after(0, 10);
    const { frame: _, order, ...row } = batch.rows[0]!;
    const { committedMs, ...rest } = entry!;
    assert.ok(committedMs > 0);
    const identity = { position: 1, gateway: 'gw-1', epoch: 7, lane: 'alarm', ordinal: order, profile: PROFILE };
    assert.deepEqual(rest, { ...identity, ...row, event: fireNumbered(1) });
  }),
  promise('accepts a known row again and does not store it again', async (ledger) => {
    await ledger.append([batchOf([1, 2])]);
    assert.deepEqual(accepted(await ledger.append([batchOf([1, 2, 3]), batchOf([3])])), [[1, 2, 3], [3]]);
    assert.deepEqual(
      (await ledger.after(0, 10)).map(({ number }) => number),
      [1, 2, 3],
    );
    assert.equal((await ledger.state()).repeated, 3);
  }),
  promise('tells gateways, epochs and lanes apart', async (ledger) => {
    const batches = [batchOf([1]), batchOf([1], { gateway: 'gw-2' }), batchOf([1], { epoch: 2 }), batchOf([1], { lane: 'ordinary' })];
    assert.deepEqual(accepted(await ledger.append(batches)), [[1], [1], [1], [1]]);
    assert.equal((await ledger.state()).entries, 4);
  }),
  promise('gives deliveries that are handed over at the same time a place each', async (ledger) => {
    const batches = [1, 2, 3, 4, 5].map((number) => batchOf([number]));
    await Promise.all(batches.map((batch) => ledger.append([batch])));
    assert.deepEqual(
      (await ledger.after(0, 10)).map(({ position, number }) => [position, number]),
      [1, 2, 3, 4, 5].map((number) => [number, number]),
    );
  }),
  promise('answers an empty batch with an empty receipt', async (ledger) => {
    assert.deepEqual(await ledger.append([batchOf([])]), [{ gateway: 'gw-1', epoch: 1, lane: 'alarm', accepted: [], rejected: [] }]);
    assert.deepEqual(await ledger.append([]), []);
  }),
  promise('shows at most as many entries as were asked for, from where it was asked', async (ledger) => {
    await ledger.append([batchOf([1, 2, 3, 4, 5])]);
    assert.deepEqual(
      (await ledger.after(2, 2)).map(({ position }) => position),
      [3, 4],
    );
    assert.deepEqual(await ledger.after(5, 2), []);
  }),
  promise('holds after being closed and opened what it held before', async (ledger, site) => {
    await ledger.append([batchOf([1, 2])]);
    const [before, state] = [await ledger.after(0, 10), await ledger.state()];
    await ledger.close();
    await opened(site, async (again) => {
      assert.deepEqual(await again.after(0, 10), before);
      assert.deepEqual(await again.state(), state);
      await again.append([batchOf([3])]);
      assert.equal((await again.state()).position, 3);
    });
  }),
];

const rejections: readonly Promised[] = [
  promise('rejects a frame that does not decode and accepts the good ones around it', async (ledger) => {
    const bad = { ...rowNumbered(2), frame: Uint8Array.of(0x40, 0x40, 1, 2, 3) };
    const [receipt] = await ledger.append([batchOf([], { rows: [rowNumbered(1), bad, rowNumbered(3)] })]);
    assert.deepEqual(receipt!.accepted, [1, 3]);
    assert.equal(receipt!.rejected.length, 1);
    assert.equal(receipt!.rejected[0]!.number, 2);
    assert.match(receipt!.rejected[0]!.reason, /no frame/);
    const { quarantined, series } = await ledger.state();
    assert.deepEqual([quarantined, series[0]!.contiguous, series[0]!.missing], [1, 3, 0]);
  }),
  promise('rejects what an unknown profile wrote', async (ledger) => {
    const [receipt] = await ledger.append([batchOf([1], { profile: 'db36-t1297-2099' })]);
    assert.match(receipt!.rejected[0]!.reason, /db36-t1297-2099 is not known/);
    assert.deepEqual(await ledger.after(0, 10), []);
  }),
  promise('rejects another frame under a known number and keeps the first', async (ledger) => {
    await ledger.append([batchOf([1])]);
    const other = rowNumbered(1, 'alarm', fireNumbered(99));
    const [receipt] = await ledger.append([batchOf([], { rows: [other] })]);
    assert.match(receipt!.rejected[0]!.reason, /another frame/);
    assert.deepEqual((await ledger.after(0, 10))[0]!.event, fireNumbered(1));
    assert.equal((await ledger.state()).quarantined, 1);
  }),
  promise('rejects a row whose counts are no whole numbers', async (ledger) => {
    const rows = [
      rowNumbered(1),
      { ...rowNumbered(2), wallMs: 2 ** 60 },
      { ...rowNumbered(3), boot: -1 },
      { ...rowNumbered(4), order: 0.5 },
    ];
    const [receipt] = await ledger.append([batchOf([], { rows })]);
    assert.deepEqual([receipt!.accepted, receipt!.rejected.map(({ number }) => number)], [[1], [2, 3, 4]]);
  }),
  promise('counts the same rejected row once however often it comes', async (ledger) => {
    for (let time = 0; time < 3; time += 1) await ledger.append([batchOf([1], { profile: '' })]);
    assert.equal((await ledger.state()).quarantined, 1);
  }),
  promise('accepts a number that was rejected when its frame can be read at last', async (ledger) => {
    await ledger.append([batchOf([1], { profile: 'later' })]);
    assert.deepEqual(accepted(await ledger.append([batchOf([1])])), [[1]]);
  }),
  promise('keeps bytes that are no batch, the same bytes once', async (ledger, site) => {
    const found = { gateway: 'gw-1', lane: 'alarm', reason: 'not protobuf', bytes: Uint8Array.of(1, 2, 3) } as const;
    await ledger.quarantine([found, found, { ...found, bytes: Uint8Array.of(4) }]);
    await ledger.quarantine([found]);
    assert.equal((await ledger.state()).quarantined, 2);
    await ledger.close();
    await opened(site, async (again) => assert.equal((await again.state()).quarantined, 2));
  }),
];

const following: readonly Promised[] = [
  promise('shows which numbers of a series are missing, until they come', async (ledger) => {
    await ledger.append([batchOf([1, 2, 5, 9])]);
    const { gaps, ...series } = (await ledger.state()).series[0]!;
    assert.deepEqual(
      gaps.map(({ first, last }) => [first, last]),
      [
        [3, 4],
        [6, 8],
      ],
    );
    assert.deepEqual([series.contiguous, series.highest, series.missing], [2, 9, 5]);
    await ledger.append([batchOf([7, 3, 8, 6, 4])]);
    const whole = (await ledger.state()).series[0]!;
    assert.deepEqual([whole.contiguous, whole.highest, whole.missing, whole.gaps], [9, 9, 0, []]);
  }),
  promise('wakes those who wait for something behind a position', async (ledger) => {
    const never = new AbortController().signal;
    const waiting = ledger.wait(0, never);
    await ledger.append([batchOf([1])]);
    await waiting;
    await ledger.wait(0, never);
  }),
  promise('lets those go who no longer want to wait, with their own reason', async (ledger) => {
    const stop = new AbortController();
    const waiting = ledger.wait(0, stop.signal);
    const reason = new Error('enough');
    stop.abort(reason);
    await isAborted(waiting, reason);
    await isAborted(ledger.wait(0, stop.signal), reason);
  }),
  promise('keeps a cursor an outlet that only grows', async (ledger, site) => {
    const cursor = ledger.cursor('municipal');
    assert.equal(await cursor.read(), 0);
    await cursor.move(5);
    await cursor.move(3);
    assert.deepEqual([await cursor.read(), await ledger.cursor('page').read()], [5, 0]);
    await ledger.close();
    await opened(site, async (again) => assert.equal(await again.cursor('municipal').read(), 5));
  }),
  promise('refuses every question once it is closed', async (ledger) => {
    const waiting = ledger.wait(0, new AbortController().signal);
    const letGo = assert.rejects(waiting, /ledger-closed/);
    await ledger.close();
    await letGo;
    await assert.rejects(ledger.append([batchOf([1])]), /ledger-closed/);
    await assert.rejects(ledger.after(0, 1), /ledger-closed/);
    await assert.rejects(ledger.cursor('page').read(), /ledger-closed/);
    await ledger.close();
  }),
];

const CLOUD = 'cloud-ctwing';

const numbered: readonly Promised[] = [
  promise('says where the numbers of a gateway of its own stand, after a restart too', async (ledger, site) => {
    assert.deepEqual(await ledger.numbering(CLOUD), { epoch: 1, order: 0, boot: 0, numbers: { alarm: 0, ordinary: 0 } });
    await ledger.append([batchOf([1, 2, 3], { gateway: CLOUD }), batchOf([7], { gateway: CLOUD, lane: 'ordinary' }), batchOf([99])]);
    const expected = { epoch: 1, order: 7, boot: 1, numbers: { alarm: 3, ordinary: 7 } };
    assert.deepEqual(await ledger.numbering(CLOUD), expected);
    await ledger.append([batchOf([2], { gateway: CLOUD, epoch: 4 })]);
    assert.deepEqual(await ledger.numbering(CLOUD), { epoch: 4, order: 2, boot: 1, numbers: { alarm: 2, ordinary: 0 } });
    await ledger.close();
    await opened(site, async (again) => assert.equal((await again.numbering(CLOUD)).epoch, 4));
  }),
  promise('counts rejected numbers as used', async (ledger) => {
    const bad = { ...rowNumbered(2), frame: Uint8Array.of(1) };
    await ledger.append([batchOf([], { gateway: CLOUD, rows: [rowNumbered(1), bad] })]);
    assert.deepEqual((await ledger.numbering(CLOUD)).numbers, { alarm: 2, ordinary: 0 });
  }),
  promise('says how far every series of a gateway has come, the newest epoch first, quarantine counted', async (ledger) => {
    const bad = { ...rowNumbered(9), frame: Uint8Array.of(1) };
    await ledger.append([batchOf([1, 2]), batchOf([4], { epoch: 3 }), batchOf([7], { gateway: 'gw-2', epoch: 9 })]);
    await ledger.append([batchOf([], { epoch: 3, lane: 'ordinary', rows: [bad] })]);
    assert.deepEqual(await ledger.holdings('gw-1'), [
      { epoch: 3, lane: 'alarm', highest: 4 },
      { epoch: 3, lane: 'ordinary', highest: 9 },
      { epoch: 1, lane: 'alarm', highest: 2 },
    ]);
    assert.deepEqual(await ledger.holdings('gw-3'), []);
  }),
  promise('knows the events of a gateway of its own again, and of no other', async (ledger) => {
    await ledger.append([batchOf([1, 2], { gateway: CLOUD }), batchOf([3], { gateway: 'cloud-onenet' })]);
    const ids = [1, 2, 3, 4].map((number) => fireNumbered(number).id);
    assert.deepEqual([...(await ledger.known(CLOUD, ids))], ids.slice(0, 2));
    assert.deepEqual([...(await ledger.known(CLOUD, []))], []);
  }),
];

/** What every ledger promises, whatever it stands on. */
export const PROMISES: readonly Promised[] = [...entries, ...rejections, ...following, ...numbered];
