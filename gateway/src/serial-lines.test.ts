import { mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Family, PacketCutter, type SiteEvent, type TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import { SerialPort } from 'serialport';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { needSocat, type SerialPair, serialPair } from './commission/serial-pair.fixture.ts';
import { checkConfiguration } from './config.ts';
import { LineNumbers } from './line-numbers.ts';
import { buildLines } from './lines.ts';
import { SITE_WIRES, type Wires } from './site-wires.ts';
import { superviseLine } from './supervise.ts';
import { openWire } from './wires/open.ts';

/** Lines of real bytes on pseudo-terminals, from the driver to the journal; only the journal is an array, or stands still. */

const PATIENT = { timeout: 60_000, interval: 20 };
const siteTime = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19);

const closing: Array<() => Promise<void> | void> = [];
beforeAll(needSocat, 120_000);
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function talking(name: string): TalkingFamily {
  const family: Family | undefined = FAMILIES.get(name);
  if (family?.shape !== 'talks') throw new Error(`${name} does not talk`);
  return family;
}

async function pair(): Promise<SerialPair> {
  const made = await serialPair();
  closing.push(async () => made[Symbol.asyncDispose]());
  return made;
}

/** The far end of a line, as its device holds it. */
async function farEnd({ device }: SerialPair): Promise<SerialPort> {
  const port = new SerialPort({ path: device, baudRate: 9600, autoOpen: false });
  port.on('error', () => {}); // what was still to be written when the line went
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  closing.push(() => new Promise((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve())));
  return port;
}

type Append = (events: readonly SiteEvent[]) => Promise<unknown>;

function start(
  devices: ReadonlyArray<readonly [name: string, family: string, path: string, more?: string]>,
  append: Append,
  wires: Wires = SITE_WIRES,
) {
  const lines = devices.map(
    ([name, family, path, more = '']) =>
      `  - { name: ${name}-line, wire: { kind: serial, path: ${path} }, devices: [ { name: ${name}, family: ${family}${more} } ] }`,
  );
  const source = `gateway: { id: gw-1, address: 1, centre: 2 }\ndata: ${tmpdir()}\nprofile: db36-t1297-2020\nuplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]\nlines:\n${lines.join('\n')}\n`;
  const configuration = checkConfiguration(source, '/');
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const stop = new AbortController();
  const built = buildLines(configuration, systemClock, wires);
  let ids = 0;
  const newEventId = () => String(ids++).padStart(32, '0');
  const normalizer = createNormalizer({
    devices: configuration.lines.flatMap((line) => line.devices),
    zoneMinutes: 480,
    newEventId,
    clock: systemClock,
  });
  const counted = built.map((line) => ({ line, numbers: new LineNumbers(0) }));
  const supervised = counted.map(({ line, numbers }) =>
    superviseLine({
      ...{ line, numbers, clock: systemClock, random: () => 0.5, signal: stop.signal, normalizer, append },
      tellDropped: async () => {},
      log: { info: () => {}, warn: () => {}, error: () => {} },
    }),
  );
  closing.push(async () => {
    stop.abort();
    await Promise.all(supervised);
  });
  return counted.map(({ line: { counters, links }, numbers }) => ({ counters, links, numbers }));
}

test('one line babbles as fast as it can, one is dead, and the fires of the third arrive', async () => {
  const [babbling, dead, normal] = [await pair(), await pair(), await pair()];
  const babbler = await farEnd(babbling);
  const noise = Buffer.alloc(4_096, 0x5a);
  let talks = true;
  closing.push(() => {
    talks = false;
  });
  const babble = () => talks && babbler.isOpen && babbler.write(noise, babble);
  const events: SiteEvent[] = [];
  const [first] = start(
    [
      ['babbler', 'jbf-193k', babbling.gateway],
      ['dead', 'jbf-193k', dead.gateway],
      ['panel', 'jbf-native', normal.gateway],
    ],
    async (more) => events.push(...more),
  );
  const family = talking('jbf-native');
  const panel = await farEnd(normal);
  const host = new PacketCutter(family.play.hostCut!);
  const waiting = [1, 2, 3, 4, 5].map((point) => family.play.say({ what: 'fire', address: { loop: 1, point }, deviceTime: siteTime() })!);
  babble();
  await vi.waitFor(() => expect(first!.counters.unheard.get('no-start') ?? 0).toBeGreaterThan(0), PATIENT);
  panel.on('data', (bytes: Uint8Array) => {
    for (const cut of host.feed(bytes)) {
      const answer = cut.kind === 'packet' ? family.play.answer!(cut.bytes, waiting.shift() ?? null, siteTime()) : null;
      if (answer) panel.write(answer);
    }
  });
  await vi.waitFor(
    () => expect(events.filter(({ kind }) => kind === 'fire').map(({ address }) => address?.point)).toEqual([1, 2, 3, 4, 5]),
    PATIENT,
  );
  talks = false;
});

test('an FS5101W has every patrol answered while the journal takes nothing, asks for all again once, and no fire is lost', async () => {
  const family = talking('fs5101w');
  const line = await pair();
  const panel = await farEnd(line);
  const events: SiteEvent[] = [];
  let release = () => {};
  let isStuck = false;
  const append: Append = async (more) => {
    if (isStuck) await new Promise<void>((resolve) => (release = resolve));
    events.push(...more);
  };
  start([['panel', 'fs5101w', line.gateway]], append);
  const heard: Uint8Array[] = [];
  const cutter = new PacketCutter(family.cut);
  panel.on('data', (bytes: Uint8Array) => heard.push(...cutter.feed(bytes).map((cut) => cut.bytes)));
  const slowest: number[] = [];
  /** Says it and waits for the answer, as the panel does; without one it would raise a communication fault. */
  const patrol = async () => {
    const answers = heard.length;
    const sentMs = performance.now();
    panel.write(family.play.idle!(siteTime()));
    await vi.waitFor(() => expect(heard.length).toBe(answers + 1), { ...PATIENT, interval: 1 });
    slowest.push(performance.now() - sentMs);
  };
  await patrol();
  await vi.waitFor(() => expect(events).toHaveLength(1), PATIENT);
  isStuck = true;
  const fire = (point: number) => family.play.say({ what: 'fire', address: { controller: 1, loop: 1, point }, deviceTime: siteTime() })!;
  panel.write(fire(1));
  await sleep(200);
  panel.write(fire(2));
  for (let turn = 0; turn < 30; turn++) await patrol();
  expect(events.filter(({ kind }) => kind === 'fire')).toEqual([]);
  isStuck = false;
  release();
  await vi.waitFor(
    () => expect(events.filter(({ kind }) => kind === 'fire').map(({ address }) => address?.point)).toEqual([1, 2]),
    PATIENT,
  );
  const wishes = heard.map((answer) => answer[4]);
  expect(wishes).toEqual([0xa1, ...new Array(30).fill(0)]);
});

test('an adapter plugged in again under its old name, whose old descriptor stays open and silent, is read again by itself', async () => {
  const family = talking('jbf-193k');
  const [old, anew] = [await pair(), await pair()];
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-name-'));
  closing.push(() => rm(folder, { recursive: true }));
  const name = join(folder, 'ttyUSB0');
  await symlink(old.gateway, name);
  // The name is looked up at each opening and not watched in between, as with a driver of the system that shows no change.
  const openStream: Wires['openStream'] = async (setting, line, signal) =>
    openWire(setting.kind === 'serial' ? { ...setting, path: await realpath(setting.path) } : setting, line, signal);
  const events: SiteEvent[] = [];
  const append: Append = async (more) => events.push(...more);
  const [line] = start([['panel', 'jbf-193k', name, ', silenceMs: 1500']], append, { ...SITE_WIRES, openStream });
  const fire = (point: number) => family.play.say({ what: 'fire', address: { controller: 1, loop: 1, point }, deviceTime: siteTime() })!;
  const fires = () => events.filter(({ kind }) => kind === 'fire').map(({ address }) => address?.point);
  const links = () => events.filter(({ kind }) => kind === 'link').map(({ edge }) => edge);
  const before = await farEnd(old);
  before.write(fire(1));
  await vi.waitFor(() => expect([fires(), links()]).toEqual([[1], ['ended']]), PATIENT);
  const after = await farEnd(anew);
  await symlink(anew.gateway, `${name}.new`);
  await rename(`${name}.new`, name);
  await vi.waitFor(() => expect(Math.min(line!.numbers.reopened, line!.numbers.opened - 1)).toBeGreaterThanOrEqual(1), PATIENT);
  expect(links()).toEqual(['ended', 'began']);
  // Where it stays silent for longer it is opened anew once more, and what comes just then is lost: a panel that waits says it again.
  const isHeard = () => fires().includes(2);
  for (; !isHeard(); await vi.waitFor(() => expect(isHeard()).toBe(true), { timeout: 2_000, interval: 20 }).catch(() => {}))
    after.write(fire(2));
  await vi.waitFor(() => expect(links().slice(0, 3)).toEqual(['ended', 'began', 'ended']), PATIENT);
  await vi.waitFor(() => expect(line!.numbers).toMatchObject({ state: 'open', failures: 0, crashes: 0, lastFailure: null }), PATIENT);
});

test('a JB-3208 has every patrol answered while the journal takes nothing, by what confirms nothing, and its fire is confirmed once', async () => {
  const family = talking('jb3208');
  const line = await pair();
  const panel = await farEnd(line);
  const events: SiteEvent[] = [];
  let release = () => {};
  let isStuck = false;
  const append: Append = async (more) => {
    if (isStuck) await new Promise<void>((resolve) => (release = resolve));
    events.push(...more);
  };
  start([['panel', 'jb3208', line.gateway]], append);
  const codes: number[] = [];
  const cutter = new PacketCutter(family.cut);
  panel.on('data', (bytes: Uint8Array) => {
    for (const { bytes: packet } of cutter.feed(bytes)) {
      codes.push(packet[2]!);
      const answer = family.play.answer!(packet, null, siteTime());
      if (answer) panel.write(answer);
    }
  });
  const confirmations = () => codes.filter((code) => code === 100).length;
  const patrol = async () => {
    const heard = codes.length;
    panel.write(family.play.idle!(siteTime()));
    await vi.waitFor(() => expect(codes.length).toBeGreaterThan(heard), { ...PATIENT, interval: 1 });
  };
  // After a start it is asked for its six lists, one a patrol; each empty list is confirmed, and then a patrol is.
  for (let turn = 0; confirmations() < 7 && turn < 100; turn++) {
    await patrol();
    await sleep(50);
  }
  expect([events.length, confirmations()]).toEqual([1, 7]);
  isStuck = true;
  codes.splice(0);
  panel.write(family.play.say({ what: 'fire', address: { controller: 1, loop: 1, point: 1 }, deviceTime: siteTime() })!);
  await sleep(200);
  for (let turn = 0; turn < 20; turn++) await patrol();
  expect(codes).toEqual(new Array(20).fill(103));
  expect(events).toHaveLength(1);
  isStuck = false;
  release();
  await vi.waitFor(() => expect([events.filter(({ kind }) => kind === 'fire').length, confirmations()]).toEqual([1, 1]), PATIENT);
  await patrol();
  expect(codes.slice(20)).toEqual([100, 100]);
});
