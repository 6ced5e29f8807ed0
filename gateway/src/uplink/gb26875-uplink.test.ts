import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { cutAll, PacketCutter, toHex } from '@fengsui/protocol';
import { DIALECTS, decodeFrame, encodeFrame, FRAME_CUT, heartbeatOf, parseTimeTag, STANDARD, streamView } from '@fengsui/protocol/gb26875';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventOf, open, systemTime, temporaryFolder } from '../journal/journal.fixture.ts';
import type { Journal } from '../journal/journal.ts';
import * as limits from '../limits.ts';
import { CentreTimes } from './centre-times.ts';
import type { CentreOrder } from './gb26875-centre.ts';
import { Exchanges } from './gb26875-exchanges.ts';
import { stationOf } from './gb26875-station.ts';
import { runCentreUplink } from './gb26875-uplink.ts';
import { UplinkNumbers } from './numbers.ts';

const soon = { timeout: 60_000, interval: 20 };

/** A centre on a real port: what it heard, and what it is told to answer. */
class Centre {
  readonly heard: Uint8Array[] = [];
  answer: (packet: Uint8Array, times: number) => number | null = () => 3;
  port = 0;
  #server!: Server;
  #socket: Socket | null = null;

  async start(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#socket = socket;
      const cutter = new PacketCutter(FRAME_CUT);
      socket.on('error', () => {});
      socket.on('data', (bytes: Uint8Array) => {
        for (const { bytes: packet } of cutter.feed(bytes)) this.#hear(packet);
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as { port: number }).port;
  }

  send(packet: Uint8Array): void {
    this.#socket?.write(packet);
  }

  drop(): void {
    this.#socket?.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #hear(packet: Uint8Array): void {
    this.heard.push(packet);
    const { control } = decodeFrame(packet);
    if (control.command === 3 || control.command === 5 || control.command === 6) return;
    const command = this.answer(packet, this.heard.filter((other) => toHex(other) === toHex(packet)).length);
    if (command !== null)
      this.send(encodeFrame({ ...control, source: control.destination, destination: control.source, command }, new Uint8Array(0)));
  }

  /** Uploads of components, without signs of life. */
  get told(): number[] {
    return this.#addresses(2);
  }

  /** Uploads of readings. */
  get read(): number[] {
    return this.#addresses(3);
  }

  /** Types of the uploads, of components and of readings. */
  get sorts(): number[] {
    return this.#units.map(({ type }) => type);
  }

  #addresses(sort: number): number[] {
    return this.#units.flatMap(({ type, objects }) => (type === sort ? [objects![0]!['componentAddress']!] : []));
  }

  get #units() {
    return this.heard.flatMap((packet) => {
      const { unit } = streamView(packet, STANDARD)[0] as { unit: null | { type: number; objects?: Array<Record<string, number>> } };
      return unit?.type === 2 || unit?.type === 3 ? [unit] : [];
    });
  }
}

let centre: Centre;
let journal: Journal;
let directory: string;
let stop: AbortController;
let running: Promise<void>;
let numbers: UplinkNumbers;
let links: string[];
let taken: CentreOrder[];
let skewMs: number;
let wallMs: () => number;

beforeEach(async () => {
  centre = new Centre();
  directory = temporaryFolder();
  journal = await open(directory);
  stop = new AbortController();
  running = Promise.resolve();
  numbers = new UplinkNumbers();
  links = [];
  taken = [];
  skewMs = 0;
  wallMs = systemTime.wallMs;
  await centre.start();
});
afterEach(async () => {
  stop.abort();
  await running;
  await journal.close();
  await centre.stop();
  rmSync(directory, { recursive: true, force: true });
});

const isOf = (packet: Uint8Array, address: number) => toHex(packet).includes(`2a0${address}000000`);
const at = (kind: 'fire' | 'fault' | 'feedback', address: number) => eventOf(kind, address);

function run(over: object = {}): void {
  running = runCentreUplink({
    name: 'collector',
    orders: {
      take: async (order) => {
        taken.push(order);
        return { id: order.id, state: order.against === undefined && !order.kind.startsWith('gb26875') ? 'done' : 'refused' };
      },
      listen: () => () => {},
      look: async () => ({ state: 'refused', result: null }),
    },
    configuration: {
      ...{
        name: 'collector',
        kind: 'gb26875',
        transport: 'tcp',
        host: '127.0.0.1',
        port: centre.port,
        unencrypted: true,
        dialect: 'standard',
      },
      ...{ heartbeatS: 1, replyTimeoutMs: 200, resends: 3, reconnectMinMs: 50, reconnectMaxMs: 200, ...over },
    },
    gateway: 'gw-1',
    ...{ source: 3_000_001, destination: 20, zoneMinutes: 480 },
    times: new CentreTimes(join(directory, 'centre-times.json')),
    outbox: journal.outbox('collector'),
    clock: { ...systemTime, wallMs: () => wallMs(), monotonicMs: () => systemTime.monotonicMs() + skewMs },
    numbers,
    outage: { lost: (why) => links.push(`lost ${why.slice(0, 12)}`), returned: () => links.push('returned') },
    refusals: { lost: (why) => links.push(`denied ${why}`), returned: () => {} },
    random: Math.random,
    signal: stop.signal,
  });
}
const lanes = async () => (await journal.state()).lanes;

describe('the uplink to a city centre', () => {
  it('tells what waits, alarms before everything, in the order they were heard, one at a time', async () => {
    await journal.append([at('fault', 1), at('fault', 2), at('fire', 3), at('fire', 4)]);
    run();
    await vi.waitFor(() => expect(centre.told).toEqual([3, 4, 1, 2]), soon);
    await vi.waitFor(async () => expect((await lanes()).ordinary.waiting).toBe(0), soon);
    expect(numbers).toMatchObject({ state: 'up', rowsAccepted: 4, rowsRejected: 0 });
    const serials = centre.heard.map((packet) => decodeFrame(packet).control.serial);
    expect(serials.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(decodeFrame(centre.heard[0]!).control).toMatchObject({ source: 3_000_001, destination: 20, mainVersion: 1, command: 2 });
  });

  it('tells what is no reading before the readings that wait, each in its order; after seven of the others a reading has its turn', async () => {
    const measured = { quantity: 'pressure-kpa', value: 312.5, quality: 'good' } as const;
    const readings = Array.from({ length: 300 }, (_, index) => eventOf('reading', 1_000 + index, { edge: 'momentary', measured }));
    const faults = Array.from({ length: 10 }, (_, index) => at('fault', 1 + index));
    await journal.append([...readings, ...faults]);
    run();
    await vi.waitFor(async () => expect((await lanes()).ordinary.waiting).toBe(0), soon);
    expect(centre.sorts.slice(0, 12)).toEqual([2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 3]);
    expect(centre.told).toEqual(faults.map((_, index) => 1 + index));
    expect(centre.sorts.filter((type) => type === 3)).toHaveLength(300);
    expect(centre.read).toEqual(readings.map((_, index) => 1_000 + index));
    await journal.append([at('fault', 11), readings[0]!, at('fault', 12)]);
    await vi.waitFor(async () => expect((await lanes()).ordinary.waiting).toBe(0), soon);
    expect([centre.told.slice(10), centre.read.length]).toEqual([[11, 12], 301]);
  });

  it('tells readings of now beside a long backlog of them, with a share of the turns, each in its order, and no row twice', async () => {
    const measured = { quantity: 'pressure-kpa', value: 312.5, quality: 'good' } as const;
    const readingAt = (address: number) => eventOf('reading', address, { edge: 'momentary', measured });
    const backlog = Array.from({ length: limits.BACKLOG_LONG_ROWS + 400 }, (_, index) => index + 1);
    for (let from = 0; from < backlog.length; from += 500) await journal.append(backlog.slice(from, from + 500).map(readingAt));
    let isLater = false;
    centre.answer = () => (isLater ? 3 : null);
    run({ replyTimeoutMs: 2_000 });
    await vi.waitFor(() => expect(centre.read.length).toBeGreaterThan(0), soon);
    const now = Array.from({ length: 20 }, (_, index) => 50_001 + index);
    await journal.append(now.map(readingAt));
    isLater = true;
    await vi.waitFor(async () => expect((await lanes()).ordinary.waiting).toBe(0), soon);
    const read = [...new Set(centre.read)];
    expect([read.filter((address) => address < 50_000), read.filter((address) => address > 50_000)]).toEqual([backlog, now]);
    const last = read.indexOf(now.at(-1)!);
    const since = read.slice(read.indexOf(now[0]!), last + 1);
    expect(since.filter((address) => address < 50_000).length / since.length).toBeCloseTo(1 - limits.FRESH_SHARE, 1);
    expect(read.length - last).toBeGreaterThan(500);
  });

  it('sends the same bytes again until they are confirmed, and goes on over a lost connection where it was', async () => {
    centre.answer = (_, times) => (times < 3 ? null : 3);
    await journal.append([at('fire', 1)]);
    run();
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect(centre.told).toEqual([1, 1, 1]);
    expect(numbers.rowsOverdue).toBeGreaterThanOrEqual(2);
    centre.answer = () => 3;
    centre.drop();
    await journal.append([at('fire', 2)]);
    await vi.waitFor(() => expect(centre.told.at(-1)).toBe(2), soon);
    expect(links.slice(0, 2)).toEqual(['returned', expect.stringMatching(/^lost/)]);
  });

  it('takes a centre that is silent after all re-sends for lost, keeps the row and tells it later', async () => {
    centre.answer = () => null;
    await journal.append([at('fire', 1)]);
    run({ resends: 1 });
    await vi.waitFor(() => expect(numbers.lastFailureCode).toBe('uplink-silent'), soon);
    expect((await lanes()).alarm.waiting).toBe(1);
    centre.answer = () => 3;
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
  });

  it('rejects an ordinary row that is denied to the last, sent again only after the time of an answer, and tells the next', async () => {
    const sentMs: number[] = [];
    centre.answer = (packet) => {
      if (!isOf(packet, 1)) return 3;
      sentMs.push(performance.now());
      return 6;
    };
    await journal.append([at('fault', 1), at('fault', 2)]);
    run();
    await vi.waitFor(async () => expect((await lanes()).ordinary.waiting).toBe(0), soon);
    expect(centre.told.filter((address) => address === 1)).toHaveLength(4);
    expect(sentMs.at(-1)! - sentMs[0]!).toBeGreaterThan(400);
    expect(numbers).toMatchObject({ rowsAccepted: 1, rowsRejected: 1, rowsUntold: 0 });
    expect(links).not.toContainEqual(expect.stringMatching(/^denied/));
  });

  it('keeps an alarm that is denied, tells the others meanwhile, and rejects it only after half an hour of denials, as a trouble', async () => {
    centre.answer = (packet) => (isOf(packet, 1) ? 6 : 3);
    await journal.append([at('fire', 1), at('fire', 2)]);
    run({ replyTimeoutMs: 50, resends: 1 });
    await vi.waitFor(() => expect(centre.told.filter((address) => address === 1).length).toBeGreaterThan(4), soon);
    expect(centre.told.slice(0, 2)).toEqual([1, 2]);
    expect((await lanes()).alarm.waiting).toBe(1);
    skewMs = 30 * 60_000;
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect(numbers).toMatchObject({ rowsAccepted: 1, rowsRejected: 1 });
    expect(links).toContainEqual(expect.stringMatching(/^denied alarm 1: denied by the centre/));
  });

  it('tells an alarm that was denied for a while and is then taken', async () => {
    centre.answer = (_, times) => (times < 2 ? 6 : 3);
    await journal.append([at('fire', 1)]);
    run();
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect(numbers).toMatchObject({ rowsAccepted: 1, rowsRejected: 0 });
  });

  it.each([
    ['feedback', 'fire'],
    ['fault', 'fault'],
  ] as const)('sets a %s that is never answered behind the others of its lane, and goes on trying it', async (silent, other) => {
    centre.answer = (packet) => (isOf(packet, 7) ? null : 3);
    await journal.append([at(silent, 7), at(other, 8), at(other, 9)]);
    run({ replyTimeoutMs: 100, resends: 1 });
    await vi.waitFor(() => expect(centre.told.filter((address) => address !== 7)).toEqual([8, 9]), soon);
    const lane = silent === 'fault' ? 'ordinary' : 'alarm';
    await vi.waitFor(async () => expect((await lanes())[lane].waiting).toBe(1), soon);
    centre.answer = () => 3;
    await vi.waitFor(async () => expect((await lanes())[lane].waiting).toBe(0), soon);
    expect(numbers).toMatchObject({ rowsAccepted: 3, rowsRejected: 0 });
  });

  it('tells no end of a fire after the fire that began since: the centre would take that for over', async () => {
    let count = 0;
    centre.answer = () => (++count === 2 ? null : 3);
    const ended = { ...at('fire', 7), edge: 'ended' as const };
    await journal.append([at('fire', 7), ended, at('fire', 7)]);
    run({ replyTimeoutMs: 100, resends: 0 });
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect(numbers).toMatchObject({ rowsAccepted: 2, rowsUntold: 1, rowsRejected: 0 });
    expect(centre.told).toEqual([7, 7, 7]);
  });

  it.each([{ uplinks: ['collector'] }, { uplinks: ['collector', 'second'] }])(
    'tells no such end after a new start either, with $uplinks',
    async ({ uplinks }) => {
      await journal.close();
      const begin = async () => {
        journal = await open(directory, { uplinks });
      };
      await begin();
      const ended = { ...at('fire', 7), edge: 'ended' as const };
      const other = { ...at('fire', 8), edge: 'ended' as const };
      const [{ epoch } = { epoch: 0 }] = await journal.append([at('fire', 7), ended, other, at('fire', 7)]);
      // As a run leaves it to which the centre gave no word on the ends.
      await journal.outbox('collector').settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [1, 4], rejected: [] });
      await journal.close();
      await begin();
      run();
      await vi.waitFor(async () => expect((await lanes()).alarm.uplinks['collector']!.waiting).toBe(0), soon);
      expect([numbers.rowsUntold, numbers.rowsAccepted, centre.told]).toEqual([1, 1, [8]]);
    },
  );

  it.each([
    ['a test of the same point', { ...at('fire', 7), test: ['maintenance'] as const }, false],
    ['another point, where the rows of an older version name none', at('fire', 8), true],
  ])('tells an end after %s: that the centre was not told, or not of this', async (_, newer, isNameless) => {
    const ended = { ...at('fire', 7), edge: 'ended' as const };
    const [{ epoch } = { epoch: 0 }] = await journal.append([at('fire', 7), ended, newer]);
    await journal.outbox('collector').settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [1, 3], rejected: [] });
    await journal.close();
    if (isNameless) {
      const database = new Database(join(directory, 'alarm.sqlite'));
      database.exec('UPDATE rows SET point = NULL');
      database.close();
    }
    journal = await open(directory);
    run();
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect([numbers.rowsUntold, centre.told]).toEqual([0, [7]]);
  });

  it('tells a fire before other alarms once one of these was never answered', async () => {
    centre.answer = (packet) => (isOf(packet, 9) ? 3 : null);
    await journal.append([at('feedback', 7), at('feedback', 8), at('fire', 9)]);
    run({ replyTimeoutMs: 100, resends: 0 });
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(2), soon);
    expect(centre.told.slice(0, 2)).toEqual([7, 9]);
  });

  it.each(['fault', 'feedback'] as const)('lets no new fire wait for a %s without an answer', async (silent) => {
    centre.answer = (packet) => (isOf(packet, 7) ? null : 3);
    await journal.append([at(silent, 7)]);
    const isOrdinary = silent === 'fault';
    run(isOrdinary ? { replyTimeoutMs: 60_000 } : { replyTimeoutMs: 500, resends: 0 });
    await vi.waitFor(() => expect(centre.told.length).toBeGreaterThanOrEqual(isOrdinary ? 1 : 2), soon);
    await journal.append([at('fire', 8)]);
    await vi.waitFor(() => expect(centre.told).toContain(8), soon);
    await vi.waitFor(() => expect(numbers.rowsAccepted).toBe(1), soon);
    expect((await lanes())[isOrdinary ? 'ordinary' : 'alarm'].waiting).toBe(1);
  });

  it('settles what the standard has no word for and every test as untold: no row of it goes out, none is rejected', async () => {
    const nowhere = { part: { systemType: 0, systemAddress: 0 } };
    await journal.append([
      eventOf('gateway', 0, { note: 'started', ...nowhere }),
      eventOf('heartbeat', 1),
      eventOf('test', 1),
      eventOf('fire', 0, { test: ['maintenance'], text: 'test alarm', ...nowhere }),
      eventOf('fire', 5, { test: ['not-in-service'] }),
      eventOf('fire', 5, { test: ['drill'], edge: 'ended' }),
      eventOf('fire', 6, { test: [] }),
    ]);
    run();
    await vi.waitFor(async () => expect([(await lanes()).alarm.waiting, (await lanes()).ordinary.waiting]).toEqual([0, 0]), soon);
    expect(centre.told).toEqual([6]);
    const units = centre.heard.map((packet) => (streamView(packet, STANDARD)[0] as { unit: null | { type: number } }).unit?.type);
    expect(units.filter((type) => type !== undefined)).toEqual([2]);
    expect(numbers).toMatchObject({ rowsAccepted: 1, rowsRejected: 0, rowsUntold: 6 });
    expect([(await lanes()).alarm.rejected, (await lanes()).ordinary.rejected]).toEqual([0, 0]);
  });

  it('tells a fire of a device nobody listed, by its name', async () => {
    const part = { systemType: 0, systemAddress: 0 };
    await journal.append([eventOf('fire', 0, { part, source: 'unknown-86', family: 'jbf-193k/1' })]);
    run();
    await vi.waitFor(async () => expect((await lanes()).alarm.waiting).toBe(0), soon);
    expect(streamView(centre.heard[0]!, STANDARD)[0]).toMatchObject({
      unit: { type: 2, objects: [{ states: ['normal', 'fire'], text: 'unknown-86' }] },
    });
    expect(numbers).toMatchObject({ rowsAccepted: 1, rowsRejected: 0, rowsUntold: 0 });
  });

  it('shows that it lives when there is nothing to say, and denies what nobody may ask', async () => {
    run();
    await vi.waitFor(() => expect(centre.heard.length).toBeGreaterThanOrEqual(2), soon);
    expect(centre.heard.every((packet) => heartbeatOf(packet, STANDARD) === 'empty-send')).toBe(true);
    const { control } = decodeFrame(centre.heard[0]!);
    const order = { ...control, source: 20, destination: 3_000_001, serial: 77 };
    for (const [command, unit] of [
      [1, [89, 1, 0]],
      [4, [99, 1, 0]],
      [99, []],
      [1, [200, 1, 5]],
    ] as const) {
      centre.heard.length = 0;
      centre.send(encodeFrame({ ...order, command }, Uint8Array.from(unit)));
      await vi.waitFor(
        () =>
          expect(centre.heard.map((packet) => decodeFrame(packet).control)).toContainEqual(
            expect.objectContaining({ command: 6, serial: 77, source: 3_000_001 }),
          ),
        soon,
      );
    }
  });
});

it('tells a fire also where the clock of the box was lost: its signs of life carry no time, in any dialect', async () => {
  wallMs = () => 60_000;
  await journal.append([at('fire', 1)]);
  run();
  await vi.waitFor(() => expect(centre.told).toEqual([1]), soon);
  await vi.waitFor(() => expect(centre.heard.length).toBeGreaterThan(1), soon);
  expect(decodeFrame(centre.heard.at(-1)!).control.time).toBe(0);
  for (const dialect of DIALECTS.values()) {
    const clock = { ...systemTime, wallMs: () => 60_000 };
    expect(stationOf({ dialect, source: 1, destination: 2, zoneMinutes: 480, clock }).heartbeat().length).toBeGreaterThan(0);
  }
});

describe('an order of a centre', () => {
  const TIME = parseTimeTag('2027-03-05T14:30:30')!;
  /** What is answered to it, by command; the serial tells it from everything else. */
  async function answered(serial: number, over: object, unit: readonly number[]): Promise<number[]> {
    await vi.waitFor(() => expect(centre.heard.length).toBeGreaterThanOrEqual(1), soon);
    const { control } = decodeFrame(centre.heard[0]!);
    const order = { ...control, source: 20, destination: 3_000_001, command: 1, time: TIME, serial, ...over };
    centre.send(encodeFrame(order, Uint8Array.from(unit)));
    // What is asked after it is answered after it.
    centre.send(encodeFrame({ ...order, destination: 3_000_001, command: 4, serial: serial + 1 }, Uint8Array.of(99, 1, 0)));
    const controls = () => centre.heard.map((packet) => decodeFrame(packet).control);
    await vi.waitFor(() => expect(controls().some((each) => each.serial === serial + 1 && each.command === 6)).toBe(true), soon);
    return controls().flatMap((each) => (each.serial === serial ? [each.command] : []));
  }
  const clockOf = (...time: number[]) => [90, 1, ...time];

  it('to another address is neither carried out nor answered, and counted', async () => {
    run();
    expect(await answered(700, { destination: 777 }, [91, 1, 5])).toEqual([]);
    expect(await answered(710, { destination: 777, command: 4 }, [81, 1, 0])).toEqual([]);
    expect(taken).toEqual([]);
    expect(numbers.receiptsIgnored.foreign).toBe(2);
    expect(await answered(720, {}, [91, 1, 5])).toEqual([3]);
    expect(taken).toMatchObject([{ kind: 'duty-check' }]);
  });

  it('to set the clock is taken where its time is near the label of its own frame, and refused with the reason where not', async () => {
    run();
    expect(await answered(800, {}, clockOf(10, 33, 14, 5, 3, 27))).toEqual([3]);
    expect(taken[0]).toMatchObject({ kind: 'clock', sentMs: Date.UTC(2027, 2, 5, 6, 33, 10) });
    expect(taken[0]).not.toHaveProperty('against');
    for (const [serial, over, unit] of [
      [810, {}, clockOf(30, 30, 14, 5, 3, 28)],
      [820, {}, clockOf(31, 35, 14, 5, 3, 27)],
      [830, { time: 0 }, clockOf(30, 40, 14, 5, 3, 27)],
      [840, {}, clockOf(99, 99, 99, 99, 99, 99)],
    ] as const)
      expect(await answered(serial, over, unit), String(serial)).toEqual([6]);
    const reasons = taken.slice(1).map(({ against }) => against);
    expect(reasons).toEqual([
      expect.stringMatching(/2028-03-05T06:30:30.*label of its own frame says 2027-03-05T06:30:30/),
      expect.stringMatching(/label of its own frame says/),
      expect.stringMatching(/label of its own frame is no time/),
      expect.stringMatching(/gave no time that exists/),
    ]);
  });

  it('to set the clock is refused where its frame is an old one, though time and label agree, over a new start too', async () => {
    const label = (time: string) => ({ time: parseTimeTag(time)! });
    run();
    expect(await answered(850, label('2027-03-05T14:30:30'), clockOf(30, 30, 14, 5, 3, 27))).toEqual([3]);
    wallMs = () => Date.UTC(2027, 2, 5, 6, 30, 30);
    stop.abort();
    await running;
    [stop, centre.heard.length] = [new AbortController(), 0];
    run();
    expect(await answered(860, label('2027-03-05T14:30:29'), clockOf(29, 30, 14, 5, 3, 27))).toEqual([6]);
    expect(await answered(870, label('2027-03-05T14:30:30'), clockOf(30, 30, 14, 5, 3, 27))).toEqual([6]);
    expect(await answered(880, label('2027-03-05T14:30:31'), clockOf(31, 30, 14, 5, 3, 27))).toEqual([3]);
    expect(taken.map(({ against }) => against?.slice(0, 56))).toEqual([
      undefined,
      ...[29, 30].map((second) => `the time to set is 2027-03-05T06:30:${second}.000Z, this centre`),
      undefined,
    ]);
  });

  it('to set the clock is held against a time it gave in error only until the clock is put right: then what it gives replaces that', async () => {
    const file = join(directory, 'centre-times.json');
    writeFileSync(file, JSON.stringify({ collector: Date.UTC(2040, 0, 1) }));
    wallMs = () => Date.UTC(2027, 2, 5, 6, 30, 20);
    run();
    expect(await answered(900, {}, clockOf(30, 30, 14, 5, 3, 27))).toEqual([3]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ collector: Date.UTC(2027, 2, 5, 6, 30, 30) });
    expect(await answered(910, {}, clockOf(29, 30, 14, 5, 3, 27))).toEqual([6]);
    expect(taken.at(-1)!.against).toContain('an old frame');
  });

  it('to set the clock is held against the time it gave last where the clock of the box was lost: an old frame is no way out of 1970', async () => {
    writeFileSync(join(directory, 'centre-times.json'), JSON.stringify({ collector: Date.UTC(2027, 2, 5, 6, 30, 31) }));
    wallMs = () => 60_000;
    run();
    expect(await answered(920, {}, clockOf(30, 30, 14, 5, 3, 27))).toEqual([6]);
    expect(taken[0]!.against).toContain('an old frame');
  });

  it('never puts the clock back, also where this centre gave no time before: a frame of yesterday agrees with itself', async () => {
    run();
    const old = ['2026-03-05T14:30:30', clockOf(30, 30, 14, 5, 3, 26)] as const;
    expect(await answered(890, { time: parseTimeTag(old[0])! }, old[1])).toEqual([6]);
    expect(taken).toMatchObject([{ kind: 'clock', against: expect.stringContaining('a centre never puts it back') }]);
  });
});

describe('a sign of life', () => {
  it.each([...DIALECTS.values()])('of the dialect $name is what its devices send', (dialect) => {
    const station = stationOf({ dialect, source: 3_000_001, destination: 20, zoneMinutes: 480, clock: systemTime });
    const beat = station.heartbeat();
    expect(cutAll(dialect.cut, beat)).toEqual([{ kind: 'packet', bytes: beat }]);
    expect(heartbeatOf(beat, dialect)).toBe(dialect.heartbeats[0]);
  });
});

it('a reply that ends no exchange is counted and ends none', async () => {
  const exchanges = new Exchanges({ clock: systemTime, numbers, send: () => {}, replyTimeoutMs: 50, resends: 0 });
  const { control } = decodeFrame(
    stationOf({ dialect: STANDARD, source: 1, destination: 2, zoneMinutes: 0, clock: systemTime }).heartbeat(),
  );
  expect(exchanges.hear(encodeFrame({ ...control, command: 3 }, new Uint8Array(0)))).toBe(true);
  expect(exchanges.hear(encodeFrame({ ...control, command: 4 }, new Uint8Array(0)))).toBe(false);
  expect(numbers.receiptsIgnored.beyond).toBe(1);
  await expect(exchanges.carry(encodeFrame({ ...control, command: 2 }, new Uint8Array(0)), stop.signal)).rejects.toMatchObject({
    code: 'uplink-silent',
  });
});

it('a denial that is followed by silence is no denial: the link is dead', async () => {
  const { control } = decodeFrame(
    stationOf({ dialect: STANDARD, source: 1, destination: 2, zoneMinutes: 0, clock: systemTime }).heartbeat(),
  );
  let isDenied = false;
  const exchanges = new Exchanges({
    ...{ clock: systemTime, numbers, replyTimeoutMs: 30, resends: 3 },
    send: () => {
      if (!isDenied) exchanges.hear(encodeFrame({ ...control, command: 6 }, new Uint8Array(0)));
      isDenied = true;
    },
  });
  await expect(exchanges.carry(encodeFrame({ ...control, command: 2 }, new Uint8Array(0)), stop.signal)).rejects.toMatchObject({
    code: 'uplink-silent',
  });
});
