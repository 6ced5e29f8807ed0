import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Authority, needOpenssl } from '@fengsui/gateway/src/commission/doctor/authority.fixture.ts';
import { eventOf, type FollowedJournal, open, temporaryFolder } from '@fengsui/gateway/src/journal/journal.fixture.ts';
import { PROVEN_AFTER_MS } from '@fengsui/gateway/src/limits.ts';
import { accepting, Peer } from '@fengsui/gateway/src/uplink/peer.fixture.ts';
import { runUplink, Sent, UplinkNumbers, type UplinkOptions } from '@fengsui/gateway/src/uplink/uplink.ts';
import type { Batch, Clock, Lane } from '@fengsui/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { seeded } from '../src/random.ts';
import { TcpLink } from '../src/tcp-link.ts';

const GATEWAY = 'gw-1';
const soon = { timeout: 60_000, interval: 50 };
const upTo = (newest: number) => Array.from({ length: newest }, (_, index) => index + 1);
const noOrders = { hear: async () => {}, listen: () => () => {}, receiptOf: () => new Uint8Array() };

/** Our own waiting times pass ten times as fast; the keep-alive of the MQTT library does not. */
const FASTER = 10;
const fast: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now() * FASTER,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms / FASTER);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

let directory: string;
let journal: FollowedJournal;
let stop: AbortController;
let running: Promise<unknown>[];
let peers: Peer[];
let links: TcpLink[];
let servers: Server[];

beforeEach(() => {
  directory = temporaryFolder();
  [stop, running, peers, links, servers] = [new AbortController(), [], [], [], []];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await journal.close();
  for (const link of links) await link[Symbol.asyncDispose]();
  for (const peer of peers) await peer.stop();
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function collector(): Promise<Peer> {
  const peer = new Peer(GATEWAY);
  await peer.start();
  peers.push(peer);
  return peer;
}

/** A way to a collector that can be broken. */
async function way(to: Peer): Promise<TcpLink & { readonly url: string }> {
  const link = new TcpLink({ listen: { host: '127.0.0.1', port: 0 }, to: { host: '127.0.0.1', port: to.port }, random: seeded(1) });
  const { port } = await link.start();
  links.push(link);
  return Object.assign(link, { url: `mqtt://127.0.0.1:${port}` });
}

interface Carried {
  readonly numbers: UplinkNumbers;
  /** What is said of the whole uplink and of its primary path. */
  readonly told: string[];
}

type Configured = UplinkOptions['configuration'];

function carry(name: string, url: string, backupUrl?: string, more: Partial<Configured> = {}, clock: Clock = fast): Carried {
  const numbers = new UplinkNumbers();
  const told: string[] = [];
  const telling = (source: string) => ({ lost: () => told.push(`${source} lost`), returned: () => told.push(`${source} returned`) });
  const settings = { keepaliveS: 1, reconnectMinMs: 500, reconnectMaxMs: 5_000, receiptTimeoutMs: 10_000 };
  running.push(
    runUplink({
      sentOverAll: new Sent(),
      ...{ name, orders: noOrders, gateway: GATEWAY, instance: 'a', outbox: journal.outbox(name) },
      ...{ clock, numbers, random: Math.random },
      configuration: {
        name,
        kind: 'mqtt',
        url,
        ...settings,
        ...(backupUrl === undefined ? {} : { backup: { url: backupUrl, lookEveryS: 10 } }),
        ...more,
      },
      outage: telling('link'),
      ...(backupUrl === undefined ? {} : { primary: telling('primary'), backup: telling('backup') }),
      signal: stop.signal,
    }),
  );
  return { numbers, told };
}

const waiting = async (lane: Lane, uplink = 'collector') => (await journal.state()).lanes[lane].uplinks[uplink]!.waiting;

async function everythingSettled(uplink = 'collector'): Promise<void> {
  await vi.waitFor(async () => expect([await waiting('alarm', uplink), await waiting('ordinary', uplink)]).toEqual([0, 0]), soon);
}

const fires = (many: number) => Array.from({ length: many }, (_, index) => eventOf('fire', index));

/** Numbers of alarms that arrived anywhere, each once. */
const arrived = (...at: Peer[]) => [...new Set(at.flatMap((peer) => peer.firsts('alarm')))].sort((one, other) => one - other);

describe('an uplink with a backup path', () => {
  it('goes on over the backup from the same row when the primary is cut, and back when that has proven itself', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const [primary, backup] = [await way(first), await way(second)];
    const { numbers, told } = carry('collector', primary.url, backup.url);
    await journal.append(fires(5));
    await everythingSettled();
    expect(numbers).toMatchObject({ path: 'primary', failOvers: 0 });
    primary.setMode('cut');
    await journal.append(fires(5));
    await everythingSettled();
    expect(numbers).toMatchObject({ path: 'backup', failOvers: 1, primaryFailure: expect.any(String) });
    expect(second.firsts('alarm')).toEqual([6, 7, 8, 9, 10]);
    primary.setMode('pass');
    await vi.waitFor(() => expect(numbers).toMatchObject({ path: 'primary', failBacks: 1, primaryFailure: null }), soon);
    await journal.append(fires(5));
    await everythingSettled();
    expect([first.firsts('alarm'), arrived(first, second)]).toEqual([[1, 2, 3, 4, 5, 11, 12, 13, 14, 15], upTo(15)]);
    expect(told.filter((word) => word.startsWith('primary'))).toEqual(['primary returned', 'primary lost', 'primary returned']);
  });

  it.each(['half-open', 'answers-lost', 'requests-lost'] as const)(
    'brings an alarm over the backup when the primary is %s',
    async (mode) => {
      journal = await open(directory);
      const [first, second] = [await collector(), await collector()];
      const [primary, backup] = [await way(first), await way(second)];
      const { numbers } = carry('collector', primary.url, backup.url);
      await vi.waitFor(() => expect(numbers.state).toBe('up'), soon);
      primary.setMode(mode);
      await journal.append(fires(1));
      await everythingSettled();
      expect(second.firsts('alarm')).toEqual([1]);
      expect(numbers.path).toBe('backup');
    },
  );

  it('leaves a silent primary although nothing waits', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const [primary, backup] = [await way(first), await way(second)];
    const { numbers, told } = carry('collector', primary.url, backup.url);
    await vi.waitFor(() => expect(numbers.state).toBe('up'), soon);
    primary.setMode('half-open');
    await vi.waitFor(() => expect(numbers).toMatchObject({ state: 'up', path: 'backup' }), soon);
    expect(told).toContain('primary lost');
  });

  it('loses nothing where both paths lead to one collector, which lets a gateway in once', async () => {
    journal = await open(directory);
    const only = await collector();
    const [primary, backup] = [await way(only), await way(only)];
    const { numbers } = carry('collector', primary.url, backup.url);
    await journal.append(fires(3));
    await everythingSettled();
    primary.setMode('cut');
    for (let turn = 0; turn < 10; turn++) await journal.append(fires(3));
    await everythingSettled();
    expect(numbers.path).toBe('backup');
    primary.setMode('pass');
    for (let turn = 0; turn < 40 && numbers.path === 'backup'; turn++) {
      await journal.append(fires(2));
      await fast.sleep(2_000);
    }
    await vi.waitFor(() => expect(numbers).toMatchObject({ state: 'up', path: 'primary' }), soon);
    await everythingSettled();
    expect(arrived(only)).toEqual(upTo((await journal.state()).lanes.alarm.newest));
  });

  it('keeps to the backup while the primary flaps', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const [primary, backup] = [await way(first), await way(second)];
    // What a path needs to prove itself passes at its own pace: the primary is cut long before, however slow this machine is.
    const clock: Clock = { ...fast, sleep: (ms, signal) => fast.sleep(ms === PROVEN_AFTER_MS ? FASTER * ms : ms, signal) };
    const { numbers } = carry('collector', primary.url, backup.url, { keepaliveS: 20, receiptTimeoutMs: 600_000 }, clock);
    await vi.waitFor(() => expect(numbers.state).toBe('up'), soon);
    primary.setMode('cut');
    await journal.append(fires(1));
    await everythingSettled();
    for (let turn = 0; turn < 3; turn++) {
      const before = first.connects;
      primary.setMode('pass');
      await vi.waitFor(() => expect(first.connects).toBeGreaterThan(before), soon);
      await journal.append(fires(1));
      await fast.sleep(8_000);
      primary.setMode('cut');
      await journal.append(fires(1));
    }
    await everythingSettled();
    expect(numbers).toMatchObject({ path: 'backup', failBacks: 0, failOvers: 1 });
    expect(second.firsts('alarm')).toEqual(upTo(7));
  });

  it('goes over the backup while the primary refuses, and back when it lets in', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    first.refusals = 6;
    const { numbers } = carry('collector', (await way(first)).url, (await way(second)).url);
    await journal.append(fires(2));
    await everythingSettled();
    expect(second.firsts('alarm')).toEqual([1, 2]);
    await vi.waitFor(() => expect(numbers).toMatchObject({ path: 'primary', failBacks: 1 }), { ...soon, timeout: 60_000 });
    expect(first.connects).toBeGreaterThanOrEqual(7);
  });

  it('goes over the backup where the primary takes the connection and never answers', async () => {
    journal = await open(directory);
    const mute = createServer(() => {});
    servers.push(mute);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const second = await collector();
    const { numbers } = carry('collector', `mqtt://127.0.0.1:${(mute.address() as { port: number }).port}`, (await way(second)).url);
    await journal.append(fires(2));
    await everythingSettled();
    expect(numbers).toMatchObject({ path: 'backup' });
  });

  it('takes the backup up again after a blip without a try of the primary, on which nothing answers', async () => {
    journal = await open(directory);
    const opened: string[] = [];
    const mute = createServer(() => opened.push('primary'));
    servers.push(mute);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const second = await collector();
    const link = await way(second);
    const { numbers } = carry('collector', `mqtt://127.0.0.1:${(mute.address() as { port: number }).port}`, link.url);
    await journal.append(fires(1));
    await everythingSettled();
    let straight = 0;
    for (let blip = 0; blip < 5; blip++) {
      const [tries, failOvers] = [opened.length, numbers.failOvers];
      second.cut();
      await vi.waitFor(() => expect(numbers.failOvers).toBe(failOvers + 1), { ...soon, interval: 2 });
      if (opened.length === tries) straight += 1;
      await journal.append(fires(1));
      await everythingSettled();
    }
    // A probe may fall into a blip by chance: into all of them only a try before the backup falls.
    expect(straight).toBeGreaterThan(0);
    expect(numbers).toMatchObject({ path: 'backup' });
    expect(second.firsts('alarm')).toEqual(upTo(6));
  });

  it('is left once for an alarm that no collector answers, and then carries the rest', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const isPassedOver = (batch: Batch) => batch.lane === 'alarm' && batch.rows.some(({ number }) => number === 3);
    for (const peer of [first, second]) peer.answer = (batch) => (isPassedOver(batch) ? null : accepting(batch));
    const { numbers } = carry('collector', `mqtt://127.0.0.1:${first.port}`, `mqtt://127.0.0.1:${second.port}`);
    await journal.append(fires(5));
    await vi.waitFor(async () => {
      await journal.append([eventOf('reading')]);
      expect([numbers.rowsUnanswered, numbers.path, numbers.state]).toEqual([1, 'primary', 'up']);
    }, soon);
    expect(numbers.unansweredFailure).toContain('alarm row 3');
    const tries = () => first.batches.filter(isPassedOver).length;
    await vi.waitFor(async () => {
      const [{ connections }, tried] = [{ ...numbers }, tries()];
      await vi.waitFor(() => expect(tries()).toBeGreaterThanOrEqual(tried + 2), soon);
      expect(numbers).toMatchObject({ connections, path: 'primary' });
    }, soon);
    await journal.append(fires(20));
    await vi.waitFor(async () => expect([await waiting('alarm'), await waiting('ordinary')]).toEqual([1, 0]), soon);
    for (const peer of [first, second]) peer.answer = accepting;
    await everythingSettled();
    expect(arrived(first, second)).toEqual(upTo(25));
  });

  it('knows that the backup is lost before it is needed, without disturbing a session over the primary', async () => {
    journal = await open(directory);
    const only = await collector();
    const [primary, backup] = [await way(only), await way(only)];
    const { numbers, told } = carry('collector', primary.url, backup.url);
    await vi.waitFor(() => expect(told).toContain('backup returned'), soon);
    backup.setMode('cut');
    await vi.waitFor(() => expect(told).toContain('backup lost'), soon);
    expect(numbers.backupFailure).toMatch(/uplink-/);
    backup.setMode('pass');
    await vi.waitFor(() => expect(numbers.backupFailure).toBeNull(), soon);
    expect(numbers).toMatchObject({ path: 'primary', connections: 1, failOvers: 0 });
    expect(only.connects).toBe(1);
  });

  it('tries both for ever while both are down, and carries over whichever comes first', async () => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const [primary, backup] = [await way(first), await way(second)];
    primary.setMode('cut');
    backup.setMode('cut');
    const { numbers, told } = carry('collector', primary.url, backup.url);
    await journal.append(fires(2));
    await vi.waitFor(() => expect(numbers.attempts).toBeGreaterThan(6), soon);
    expect(told).toContain('link lost');
    backup.setMode('pass');
    await everythingSettled();
    expect(numbers.path).toBe('backup');
  });
});

describe('a primary path over TLS', () => {
  const certificates = { ours: {} as Authority, theirs: {} as Authority };
  let folder: string;
  beforeAll(() => {
    needOpenssl();
    folder = temporaryFolder();
    certificates.ours = new Authority(folder, 'ours');
    certificates.theirs = new Authority(folder, 'theirs');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The front of a collector: ends TLS and hands everything on; answers its port and who came. */
  async function front(to: Peer, { certificate, key }: { readonly certificate: string; readonly key: string }) {
    const from: Array<string | undefined> = [];
    const files = { cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(certificates.ours.ca) };
    const server = createTlsServer({ ...files, requestCert: true }, (socket) => {
      from.push(socket.remoteAddress);
      const inner = connect(to.port, '127.0.0.1');
      socket.pipe(inner).pipe(socket);
      for (const [end, other] of [
        [socket, inner],
        [inner, socket],
      ] as const)
        end.on('error', () => other.destroy());
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `mqtts://127.0.0.1:${(server.address() as { port: number }).port}`, from };
  }

  it.each([
    ['another authority', () => certificates.theirs.issue('stranger', 10)],
    ['another name', () => certificates.ours.issue('other', 10, 'DNS:other.example.org')],
    ['a certificate that has ended', () => certificates.ours.issue('ended', 0)],
  ])('is left for the backup when its server shows %s, and the cause is told', async (_what, issued) => {
    journal = await open(directory);
    const [first, second] = [await collector(), await collector()];
    const bad = await front(first, issued());
    const good = await front(second, certificates.ours.issue('server', 10));
    const own = { ca: certificates.ours.ca, ...certificates.ours.issue(GATEWAY, 10) };
    const { numbers, told } = carry('collector', bad.url, good.url, own);
    await journal.append(fires(3));
    await everythingSettled();
    expect(numbers).toMatchObject({ path: 'backup', primaryFailure: expect.stringContaining('uplink-untrusted') });
    expect([first.connects, second.firsts('alarm'), told]).toEqual([0, [1, 2, 3], expect.arrayContaining(['primary lost'])]);
  });

  it('goes out by the address it is told', async () => {
    journal = await open(directory);
    const only = await collector();
    const to = await front(only, certificates.ours.issue('server', 10));
    const own = { ca: certificates.ours.ca, ...certificates.ours.issue(GATEWAY, 10) };
    carry('collector', to.url, undefined, { ...own, localAddress: '127.0.0.2' });
    await journal.append(fires(1));
    await everythingSettled();
    expect([...new Set(to.from)]).toEqual(['127.0.0.2']);
  });
});

describe('two uplinks on one journal', () => {
  it('do not wait for each other: a dead one keeps its rows, the healthy one has none left', async () => {
    journal = await open(directory, { uplinks: ['collector', 'second'] });
    const [first, second] = [await collector(), await collector()];
    const [good, bad] = [await way(first), await way(second)];
    bad.setMode('half-open');
    carry('collector', good.url);
    const { numbers } = carry('second', bad.url);
    for (let turn = 0; turn < 5; turn++) await journal.append([...fires(20), eventOf('reading', turn)]);
    await everythingSettled('collector');
    expect([await waiting('alarm', 'second'), await waiting('ordinary', 'second')]).toEqual([100, 5]);
    bad.setMode('cut');
    bad.setMode('pass');
    await everythingSettled('second');
    expect([first.firsts('alarm'), second.firsts('alarm')]).toEqual([upTo(100), upTo(100)]);
    expect((await journal.state()).lanes.alarm.waiting).toBe(0);
    expect(numbers.failOvers).toBe(0);
  });

  it('each get a row once, whatever their collectors say', async () => {
    journal = await open(directory, { uplinks: ['collector', 'second'] });
    const [first, second] = [await collector(), await collector()];
    second.answer = (batch) => ({
      ...accepting(batch),
      accepted: [],
      rejected: batch.rows.map(({ number }) => ({ number, reason: 'malformed' })),
    });
    carry('collector', `mqtt://127.0.0.1:${first.port}`);
    carry('second', `mqtt://127.0.0.1:${second.port}`);
    await journal.append(fires(7));
    await vi.waitFor(async () => expect((await journal.state()).lanes.alarm).toMatchObject({ waiting: 0, rejected: 7 }), soon);
    expect([first.firsts('alarm'), second.firsts('alarm')]).toEqual([upTo(7), upTo(7)]);
  });
});
