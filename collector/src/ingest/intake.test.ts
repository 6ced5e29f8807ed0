import { type EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import {
  type Batch,
  type Clock,
  decodeHoldings,
  decodeReceipt,
  encodeBatch,
  type Failure,
  type Holdings,
  type Receipt,
  TRIAL_INSTANCE,
} from '@fengsui/protocol';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from '../clock.ts';
import { fail } from '../failures.ts';
import { batchOf } from '../ledger/conformance.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import { GATEWAY_BACK_OFF_MS, GATEWAY_CERTIFICATE_DAYS, GATEWAY_GONE_MS, STANDSTILL_MS } from '../limits.ts';
import { initialise, openServerIdentity, type ServerIdentity } from '../pki/authority.ts';
import { enrol } from '../pki/enrolment.ts';
import { Intake, type IntakeOptions } from './intake.ts';

interface Keys {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The machine may be loaded. */
const PATIENT = { timeout: 60_000 };

const keys = new Map<string, Keys>();
let pki: string;
let identity: ServerIdentity;
let folder: string;
let ledger: Ledger;
let intake: Intake;
let port: number;
let clients: MqttClient[];
let failures: Failure[];
let revoked: Set<string>;
/** What the log was told of those who were turned away. */
let lines: string[];
/** What the desk of orders heard: who listens, and what was said of an order. */
let desk: string[];
let deskFails: Failure | null;

const impatient: Clock = { ...machineClock, sleep: (ms, signal) => machineClock.sleep(Math.min(ms, 20), signal) };

const LONG_AGO: Clock = { ...machineClock, wallMs: () => machineClock.wallMs() - 2 * GATEWAY_CERTIFICATE_DAYS * 86_400_000 };

async function enrolled(data: string, gateway: string, clock = machineClock): Promise<Keys> {
  const out = join(data, clock === machineClock ? 'out' : 'out-long-ago');
  const { authority, certificate, key } = await enrol({ data, gateway, out }, clock);
  const [ca, cert, own] = await Promise.all([authority, certificate, key!].map((file) => readFile(file, 'utf8')));
  return { ca: ca!, cert: cert!, key: own! };
}

beforeAll(async () => {
  pki = await mkdtemp(join(tmpdir(), 'fengsui-intake-pki-'));
  const other = join(pki, 'other');
  await initialise(pki, [], machineClock);
  await initialise(other, [], machineClock);
  for (const gateway of ['gw-1', 'gw-2']) keys.set(gateway, await enrolled(pki, gateway));
  keys.set('stranger', { ...(await enrolled(other, 'gw-1')), ca: keys.get('gw-1')!.ca });
  keys.set('ended', await enrolled(pki, 'gw-1', LONG_AGO));
  keys.set('ended stranger', { ...(await enrolled(other, 'gw-1', LONG_AGO)), ca: keys.get('gw-1')!.ca });
  identity = await openServerIdentity(pki);
});
afterAll(() => rm(pki, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-intake-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  [clients, failures, revoked, lines, desk, deskFails] = [[], [], new Set(), [], [], null];
});
afterEach(async () => {
  for (const client of clients) client.end(true);
  await intake.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(over: Partial<IntakeOptions> = {}): Promise<void> {
  intake = new Intake({
    host: '127.0.0.1',
    port: 0,
    identity,
    socketsMax: 100,
    socketsPerAddressMax: 100,
    ledger,
    clock: impatient,
    revoked: async () => new Set(revoked),
    failed: (failure) => failures.push(failure),
    ...{ zoneMinutes: 480, log: { warn: (_: object, line: string) => lines.push(line) } },
    orders: {
      listening: (gateway) => void desk.push(`${gateway} listens`),
      receive: async (gateway, payload) => {
        if (deskFails) throw deskFails;
        desk.push(`${gateway} says ${Buffer.from(payload)}`);
      },
    },
    ...over,
  });
  port = await intake.open();
}

/** Opens it with a clock that is put forward by hand, in steps at which nobody thinks that the process stood still. */
async function openByHand(): Promise<(ms: number) => void> {
  let passedMs = 0;
  await open({ clock: { ...impatient, monotonicMs: () => passedMs } });
  return (ms) => {
    for (const endMs = passedMs + ms; passedMs < endMs; intake.attendance.beat()) passedMs = Math.min(endMs, passedMs + STANDSTILL_MS - 1);
  };
}

function knock(gateway: string, over: IClientOptions = {}): MqttClient {
  const own = keys.get(gateway)!;
  const client = mqtt.connect({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port,
    clientId: gateway,
    reconnectPeriod: 0,
    keepalive: 20,
    ...own,
    ...over,
  });
  client.on('error', () => {}); // every test that cares listens itself
  clients.push(client);
  return client;
}

/** The client's own types for its events do not fit those of `once`. */
const heard = (client: MqttClient, event: string) => once(client as unknown as EventEmitter, event);

async function connected(gateway: string, over: IClientOptions = {}): Promise<MqttClient> {
  const client = knock(gateway, over);
  await heard(client, 'connect');
  return client;
}

const send = (client: MqttClient, batch: Batch, topic = `up/${batch.gateway}/${batch.lane}`) =>
  client.publishAsync(topic, Buffer.from(encodeBatch(batch)), { qos: 1 });
const numbersIn = async () => (await ledger.after(0, 5_000)).map(({ number }) => number);
/** Resolves when the connection has ended, with an error or without: which of the two the other side sees first is chance. */
const ended = (one: { once(event: 'close', heard: () => void): unknown }) => new Promise<void>((resolve) => one.once('close', resolve));
const refusals = () => Object.entries(intake.state().refused).filter(([, count]) => count > 0);

const bound = () => ({
  append: ledger.append.bind(ledger),
  quarantine: ledger.quarantine.bind(ledger),
  holdings: ledger.holdings.bind(ledger),
});

/** A ledger whose commits wait until they are let go. */
function heldLedger() {
  const commits: number[][] = [];
  const asked: number[][] = [];
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const append: Ledger['append'] = async (deliveries) => {
    const numbers = deliveries.flatMap(({ rows }) => rows.map(({ number }) => number));
    asked.push(numbers);
    await gate;
    const receipts = await ledger.append(deliveries);
    commits.push(numbers);
    return receipts;
  };
  return { commits, asked, letGo: () => letGo(), ledger: { ...bound(), append } };
}

describe('a delivery', () => {
  it('is in the ledger when it is acknowledged, and a receipt says so', async () => {
    await open();
    const client = await connected('gw-1');
    await client.subscribeAsync('down/gw-1/receipt', { qos: 1 });
    const message = heard(client, 'message');
    await send(client, batchOf([1, 2, 3]));
    expect(await numbersIn()).toEqual([1, 2, 3]);
    const [topic, payload] = (await message) as [string, Buffer];
    const receipt: Receipt = { gateway: 'gw-1', epoch: 1, lane: 'alarm', accepted: [1, 2, 3], rejected: [] };
    expect([topic, decodeReceipt(payload)]).toEqual(['down/gw-1/receipt', receipt]);
    expect(intake.state()).toMatchObject({ sessions: ['gw-1'], delivered: 1, malformed: 0, failed: 0, queued: 0 });
  });

  it('is never acknowledged before its commit', async () => {
    const held = heldLedger();
    await open({ ledger: held.ledger });
    const client = await connected('gw-1');
    const acknowledged: Array<{ number: number; committed: boolean }> = [];
    const all = Array.from({ length: 50 }, (_, index) => index + 1).map(async (number) => {
      await send(client, batchOf([number]));
      acknowledged.push({ number, committed: held.commits.flat().includes(number) });
    });
    await expect.poll(() => held.asked.length).toBe(1);
    await machineClock.sleep(300);
    expect(acknowledged).toEqual([]);
    held.letGo();
    await Promise.all(all);
    expect(acknowledged.filter(({ committed }) => !committed)).toEqual([]);
    expect(acknowledged).toHaveLength(50);
  });

  it('keeps its place among two thousand', async () => {
    await open();
    const client = await connected('gw-1');
    const sent = Array.from({ length: 2_000 }, (_, index) => index + 1);
    const acknowledged: number[] = [];
    await Promise.all(sent.map((number) => send(client, batchOf([number])).then(() => acknowledged.push(number))));
    expect(await numbersIn()).toEqual(sent);
    expect(acknowledged).toEqual(sent);
  });

  it('that is no batch is kept and acknowledged, and the next one goes through', async () => {
    await open();
    const client = await connected('gw-1');
    await client.publishAsync('up/gw-1/alarm', Buffer.from('ff00ff', 'hex'), { qos: 1 });
    await send(client, batchOf([1], { gateway: 'gw-2' }), 'up/gw-1/alarm');
    await send(client, batchOf([1], { lane: 'ordinary' }), 'up/gw-1/alarm');
    await send(client, batchOf([7]));
    expect(await numbersIn()).toEqual([7]);
    expect((await ledger.state()).quarantined).toBe(3);
    expect(intake.state()).toMatchObject({ delivered: 4, malformed: 3, failed: 0 });
  });

  it('that could not be made durable is not acknowledged, and is taken when it comes again', async () => {
    let broken = true;
    const append: Ledger['append'] = async (deliveries) => {
      if (broken) throw fail('ledger-full', 'no room');
      return ledger.append(deliveries);
    };
    await open({ ledger: { ...bound(), append } });
    const client = await connected('gw-1');
    const [closed, first] = [ended(client), send(client, batchOf([1])).then(() => 'acknowledged')];
    await closed;
    client.end(true);
    await expect(first).rejects.toThrow();
    expect(await numbersIn()).toEqual([]);
    expect(failures[0]).toMatchObject({ code: 'ledger-full' });
    broken = false;
    await send(await connected('gw-1'), batchOf([1]));
    expect(await numbersIn()).toEqual([1]);
    expect(intake.state()).toMatchObject({ delivered: 1, failed: 1 });
  });

  it('that was taken is in the ledger when the intake has closed', async () => {
    const held = heldLedger();
    await open({ ledger: held.ledger });
    const client = await connected('gw-1');
    void send(client, batchOf([1])).catch(() => {});
    await expect.poll(() => held.asked.length).toBe(1);
    const closed = intake.close();
    held.letGo();
    await closed;
    expect(await numbersIn()).toEqual([1]);
  });
});

/** What a gateway is told of a rival when it begins to listen. */
async function rivalMsOf(client: MqttClient, gateway: string): Promise<number> {
  const message = heard(client, 'message');
  await client.subscribeAsync(`down/${gateway}/holdings`, { qos: 1 });
  return (decodeHoldings(((await message) as [string, Buffer])[1]) as Holdings).rivalMs;
}

describe('who may come in', () => {
  beforeEach(() => open());

  it('nobody without a certificate', async () => {
    const client = knock('gw-1', { cert: undefined as never, key: undefined as never });
    await ended(client);
    await expect.poll(refusals, PATIENT).toEqual([['no-certificate', 1]]);
    expect(lines).toEqual([
      expect.stringMatching(/^来自 127\.0\.0\.1 的连接被拒绝:未出示证书 a caller from 127\.0\.0\.1 is turned away: no certificate$/),
    ]);
  });

  it.each(['stranger', 'ended stranger'])(
    'nobody with a certificate of another authority, and its name counts for nothing (%s)',
    async (who) => {
      await ended(knock(who, { clientId: 'gw-1' }));
      await expect.poll(refusals, PATIENT).toEqual([['other-authority', 1]]);
      expect(lines).toEqual([expect.stringMatching(/证书非本采集端签发,自称 gw-1,未经证实.*it calls itself gw-1, which nothing proves/)]);
      expect([intake.turnedAway.standing().size, intake.turnedAway.claimant('gw-1')?.reason]).toEqual([0, 'other-authority']);
    },
  );

  it('nobody whose certificate has ended, and it is said which gateway that is and what to do', async () => {
    await ended(knock('ended', { clientId: 'gw-1' }));
    await expect.poll(refusals, PATIENT).toEqual([['expired', 1]]);
    expect(lines).toEqual([
      expect.stringMatching(/^网关 gw-1 被拒绝接入\(expired\):证书已过期.*处置:.*gateway gw-1 is refused since .*renew it/),
    ]);
    expect(intake.turnedAway.standing().get('gw-1')).toMatchObject({ reason: 'expired', address: '127.0.0.1' });
    const look = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...keys.get('gw-1')! });
    look.on('error', () => {});
    await new Promise((resolve) => look.once('secureConnect', resolve));
    look.end();
    await expect.poll(() => intake.turnedAway.standing().size, PATIENT).toBe(0);
    await ended(knock('ended', { clientId: 'gw-1' }));
    await expect.poll(() => intake.turnedAway.standing().size, PATIENT).toBe(1);
    await connected('gw-1');
    expect(intake.turnedAway.standing().size).toBe(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('nobody with a session of TLS that such a certificate began (%s)', async (version) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      minVersion: version,
      maxVersion: version,
      ...keys.get('stranger')!,
    };
    const sessions: Buffer[] = [];
    const first = connectTls(options).on('session', (session) => sessions.push(session));
    first.on('error', () => {}); // cut off by the server: either way it ends
    await ended(first.resume());
    const again = connectTls({ ...options, ...(sessions[0] ? { session: sessions[0] } : {}) }).on('error', () => {});
    await ended(again.resume());
    await expect.poll(refusals, PATIENT).toEqual([['other-authority', 2]]);
    expect(intake.state().sessions).toEqual([]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('nobody by a session of TLS from when the certificate still held (%s)', async (version) => {
    await intake.close();
    let passedMs = 0;
    await open({ clock: { ...impatient, wallMs: () => machineClock.wallMs() + passedMs } });
    const options = { ...keys.get('gw-1')!, host: '127.0.0.1', port, servername: 'localhost', minVersion: version, maxVersion: version };
    const first = connectTls(options);
    const [session] = (await once(first, 'session')) as [Buffer];
    const left = ended(first);
    first.end();
    first.resume();
    await left;
    passedMs = 2 * GATEWAY_CERTIFICATE_DAYS * 86_400_000;
    const again = connectTls({ ...options, session }).on('error', () => {});
    await once(again, 'secureConnect');
    expect(again.isSessionReused()).toBe(true);
    await ended(again.resume());
    await expect.poll(refusals, PATIENT).toEqual([['expired', 1]]);
    expect(intake.turnedAway.standing().get('gw-1')?.detail).toMatch(/ GMT$/);
  });

  it('nobody whose certificate bears no gateway id', async () => {
    const { authority, certificate, key } = identity;
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority, cert: certificate, key });
    socket.on('error', () => {}); // cut off by the server: either way it ends
    await ended(socket);
    await expect.poll(() => intake.state().refused['not-accepted'] + intake.state().refused['no-name'], PATIENT).toBe(1);
  });

  it.each([
    ['other-name', { clientId: 'gw-2' }, 2],
    ['will', { will: { topic: 'up/gw-1/alarm', payload: Buffer.from('x'), qos: 1, retain: false } }, 5],
    ['not-clean', { clean: false }, 5],
  ] as const)('nobody with %s', async (reason, over, code) => {
    const [error] = (await heard(knock('gw-1', over as IClientOptions), 'error')) as [{ code: number }];
    expect(error.code).toBe(code);
    await expect.poll(refusals).toEqual([[reason, 1]]);
    expect(intake.turnedAway.standing().get('gw-1')).toMatchObject({ reason, ...(reason === 'other-name' ? { detail: '"gw-2"' } : {}) });
    expect((await ledger.state()).quarantined).toBe(0);
  });

  it.each([0, 41])('nobody whose dead link would go unnoticed for more than a minute (keep-alive %i s)', async (keepalive) => {
    await ended(knock('gw-1', { keepalive }));
    expect(intake.state().sessions).toEqual([]);
  });

  it('no gateway on the list of revoked ones, from the moment it is there', async () => {
    const client = await connected('gw-1');
    const other = await connected('gw-2');
    const closed = ended(client);
    revoked.add('gw-1');
    await closed;
    const [error] = (await heard(knock('gw-1'), 'error')) as [{ code: number }];
    expect(error.code).toBe(5);
    await send(other, batchOf([1], { gateway: 'gw-2' }));
    expect(intake.state()).toMatchObject({ sessions: ['gw-2'], refused: { revoked: 1 } });
    expect(lines).toEqual([expect.stringMatching(/^网关 gw-1 被拒绝接入\(revoked\):已吊销的网关,自 .* 起.*pki\/revoked/)]);
  });

  it('one session of each gateway: the second ends the first and is counted', async () => {
    const first = await connected('gw-1');
    const closed = ended(first);
    await connected('gw-1');
    await closed;
    await expect.poll(() => intake.state()).toMatchObject({ takeovers: 1, sessions: ['gw-1'] });
  });

  it('of a box that comes back over its own dead sessions is no rival, two that end each other are one, and without a name a suspicion', async () => {
    await open();
    for (let turn = 0; turn < 12; turn++) await connected('gw-1', { username: 'one' });
    expect([intake.state().takeovers, intake.rivals().size]).toEqual([11, 0]);
    await connected('gw-1', { username: 'two' });
    expect(intake.rivals().size).toBe(0);
    const back = await connected('gw-1', { username: 'one' });
    expect([...intake.rivals()]).toEqual([['gw-1', { isProven: true, addresses: ['127.0.0.1'] }]]);
    expect(await rivalMsOf(back, 'gw-1')).toBeGreaterThan(0);
    for (let turn = 0; turn < 8; turn++) await connected('gw-2');
    expect(intake.rivals().get('gw-2')).toEqual({ isProven: false, addresses: ['127.0.0.1'] });
    expect(await rivalMsOf(await connected('gw-2', { username: 'brought up to date' }), 'gw-2')).toBe(0);
  });
});

describe('what a gateway may do', () => {
  beforeEach(() => open());

  it.each([
    ['topic', 'up/gw-2/alarm', { qos: 1 }],
    ['topic', 'up/gw-1/alarm/x', { qos: 1 }],
    ['topic', 'down/gw-2/receipt', { qos: 1 }],
    ['topic', '$SYS/broker/new/clients', { qos: 1 }],
    ['retain', 'up/gw-1/alarm', { qos: 1, retain: true }],
    ['quality-of-service', 'up/gw-1/alarm', { qos: 2 }],
    ['quality-of-service', 'up/gw-1/alarm', { qos: 0 }],
  ] as const)('is refused: %s (%s, %j)', async (reason, topic, options) => {
    const [client, other] = [await connected('gw-1'), await connected('gw-2')];
    const closed = ended(client);
    client.publish(topic, Buffer.from(encodeBatch(batchOf([1]))), options);
    await closed;
    expect(refusals()).toEqual([[reason, 1]]);
    await send(other, batchOf([1], { gateway: 'gw-2' }));
    expect(await ledger.after(0, 10)).toHaveLength(1);
    expect(intake.state().sessions).toEqual(['gw-2']);
  });

  it.each(['down/gw-2/receipt', '#', 'down/+/receipt', 'up/gw-1/alarm', '$SYS/#'])(
    'does not include a subscription to %s',
    async (topic) => {
      const client = await connected('gw-1');
      const granted = await client.subscribeAsync(topic, { qos: 1 }).catch((error: Error) => error.message);
      expect(JSON.stringify(granted)).toMatch(/128|Unspecified error/);
      expect(refusals()).toEqual([['subscription', 1]]);
    },
  );

  it('ends with a packet that is too long, and nobody else notices', async () => {
    const [client, other] = [await connected('gw-1'), await connected('gw-2')];
    const closed = ended(client);
    client.publish('up/gw-1/alarm', Buffer.alloc(64 * 1024), { qos: 1 });
    await closed;
    expect(refusals()).toEqual([['packet-too-long', 1]]);
    await send(other, batchOf([1], { gateway: 'gw-2' }));
  });

  it('does not begin with anything but CONNECT', async () => {
    const socket = connectTls({ host: '127.0.0.1', port, ...keys.get('gw-1')! });
    socket.on('error', () => {}); // cut off by the server: either way it ends
    socket.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f));
    await ended(socket);
    expect(refusals()).toEqual([['packet-too-long', 1]]);
  });
});

describe('sockets', () => {
  it('that say nothing are closed, with and without a handshake', async () => {
    await open();
    const plain = connectPlain(port, '127.0.0.1');
    const shaken = connectTls({ host: '127.0.0.1', port, ...keys.get('gw-1')! });
    for (const socket of [plain, shaken]) socket.on('error', () => {}); // cut off by the server: either way they end
    await Promise.all([ended(plain), ended(shaken)]);
    expect(intake.state().sessions).toEqual([]);
  });

  it.each([
    ['too-many-sockets', { socketsMax: 2 }],
    ['too-many-from-address', { socketsPerAddressMax: 2 }],
  ] as const)('beyond the limit are refused: %s', async (reason, limit) => {
    await open(limit);
    const first = await connected('gw-1');
    await connected('gw-2');
    const plain = connectPlain(port, '127.0.0.1');
    plain.on('error', () => {}); // cut off by the server: either way it ends
    await ended(plain);
    expect(intake.state().refused[reason]).toBe(1);
    await first.endAsync();
    await expect.poll(() => connected('gw-1').then(() => intake.state().sessions.length)).toBe(2);
  });

  it('cannot be opened twice on one port, and the failure says what to do', async () => {
    await open();
    const second = new Intake({
      host: '127.0.0.1',
      port,
      identity,
      socketsMax: 1,
      socketsPerAddressMax: 1,
      ledger,
      clock: impatient,
      revoked: async () => new Set(),
      failed: () => {},
      ...{ zoneMinutes: 480, log: { warn: () => {} } },
      orders: { listening: () => {}, receive: async () => {} },
    });
    await expect(second.open()).rejects.toMatchObject({ code: 'intake-unopened', message: expect.stringContaining(`127.0.0.1:${port}`) });
    await second.close();
  });
});

describe('the list of revoked gateways', () => {
  it('that cannot be read is said once, and the last one holds', async () => {
    let readable = true;
    const file = join(folder, 'revoked');
    await writeFile(file, '');
    await open({
      revoked: async () => {
        if (!readable) throw fail('revocations-unreadable', file);
        return new Set(['gw-1']);
      },
    });
    readable = false;
    await expect.poll(() => failures.length).toBe(1);
    await machineClock.sleep(100);
    expect(failures.map(({ code }) => code)).toEqual(['revocations-unreadable']);
    const [error] = (await heard(knock('gw-1'), 'error')) as [{ code: number }];
    expect(error.code).toBe(5);
  });
});

describe('what is held of a gateway', () => {
  it('is told to it alone, before its subscription is confirmed', async () => {
    await open({ clock: machineClock });
    await ledger.append([batchOf([1, 2], { epoch: 5 }), batchOf([9], { epoch: 3 }), batchOf([4], { gateway: 'gw-2', epoch: 8 })]);
    const client = await connected('gw-1');
    const order: unknown[] = [];
    client.on('packetreceive', ({ cmd }) => order.push(cmd));
    client.on('message', (topic, payload) => order.push([topic, decodeHoldings(payload)]));
    await client.subscribeAsync('down/gw-1/holdings', { qos: 1 });
    const series = [
      { epoch: 5, lane: 'alarm', highest: 2 },
      { epoch: 3, lane: 'alarm', highest: 9 },
    ];
    expect(order).toEqual(['publish', ['down/gw-1/holdings', { gateway: 'gw-1', series, rivalMs: 0 }], 'suback']);
    await expect(client.subscribeAsync('down/gw-2/holdings', { qos: 1 })).rejects.toThrow();
  });

  it.each([
    ['fails', () => Promise.reject(fail('ledger-silent', 'test'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('is not waited for where the ledger %s: the gateway listens all the same', async (_, holdings) => {
    await open({ ledger: { ...bound(), holdings } });
    const client = await connected('gw-1');
    const granted = await client.subscribeAsync(['down/gw-1/holdings', 'down/gw-1/receipt'], { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1]);
  });
});

describe('orders', () => {
  it('reach the gateway they are for, once it listens, and nobody else', async () => {
    await open();
    const [one, two] = [await connected('gw-1'), await connected('gw-2')];
    const arrived: string[] = [];
    for (const client of [one, two]) client.on('message', (topic, payload) => arrived.push(`${topic} ${payload}`));
    await one.subscribeAsync(['down/gw-1/receipt', 'down/gw-1/order'], { qos: 1 });
    await two.subscribeAsync('down/gw-2/receipt', { qos: 1 });
    expect(desk).toEqual(['gw-1 listens']);
    await expect(two.subscribeAsync('down/gw-1/order', { qos: 1 })).rejects.toThrow();
    expect(intake.order('gw-1', Buffer.from('an order'))).toBe(true);
    await expect.poll(() => arrived).toEqual(['down/gw-1/order an order']);
    expect(intake.order('gw-3', Buffer.from('an order'))).toBe(false);
  });

  it('are answered on a topic of their own, acknowledged only when the answer is durable', async () => {
    await open();
    const client = await connected('gw-1');
    await client.publishAsync('up/gw-1/order-receipt', 'done', { qos: 1 });
    expect(desk).toEqual(['gw-1 says done']);
    deskFails = fail('ledger-full', 'no room');
    client.publish('up/gw-1/order-receipt', 'done again', { qos: 1 }, () => {});
    await ended(client);
    expect(failures.map(({ code }) => code)).toEqual(['ledger-full']);
    const other = await connected('gw-2');
    other.publish('up/gw-1/order-receipt', 'forged', { qos: 1 }, () => {});
    await ended(other);
    expect(desk).toEqual(['gw-1 says done']);
  });
});

describe('who has a session', () => {
  it('is known of a gateway from when it comes in until it leaves, also where it takes itself over, and who stays away is gone', async () => {
    const pass = await openByHand();
    pass(GATEWAY_BACK_OFF_MS);
    expect(intake.attendance.connectionOf('gw-1').connected).toBe(false);
    const first = await connected('gw-1');
    const second = await connected('gw-1');
    await expect.poll(() => first.connected, PATIENT).toBe(false);
    pass(10 * GATEWAY_GONE_MS);
    expect(intake.attendance.isGone('gw-1')).toBe(false);
    second.stream.destroy(); // as a process that is killed
    await expect.poll(() => intake.attendance.connectionOf('gw-1').connected, PATIENT).toBe(false);
    pass(GATEWAY_GONE_MS - 1);
    expect(intake.attendance.isGone('gw-1')).toBe(false);
    pass(1);
    expect(intake.attendance.isGone('gw-1')).toBe(true);
    await connected('gw-1');
    expect([intake.attendance.connectionOf('gw-1').connected, intake.attendance.isGone('gw-1')]).toEqual([true, false]);
  });

  it('is none of whoever only tries the way of a gateway, however often, and ends that of the gateway where it takes it over', async () => {
    const pass = await openByHand();
    pass(GATEWAY_BACK_OFF_MS + GATEWAY_GONE_MS);
    intake.turnedAway.add('expired', { gateway: 'gw-1', isProven: true, address: '::1' });
    for (let time = 0; time < 3; time += 1) {
      intake.attendance.looked('gw-1'); // as the trial does before it says CONNECT
      const trial = await connected('gw-1', { username: `${TRIAL_INSTANCE}0` });
      expect([intake.attendance.isThere('gw-1'), intake.attendance.isGone('gw-1')]).toEqual([false, true]);
      await trial.endAsync();
      await expect.poll(() => intake.state().sessions, PATIENT).toEqual([]);
    }
    expect(intake.turnedAway.standing().has('gw-1')).toBe(true);
    await connected('gw-1');
    await connected('gw-1', { username: `${TRIAL_INSTANCE}1` });
    expect(intake.attendance.connectionOf('gw-1').connected).toBe(false);
    pass(GATEWAY_GONE_MS);
    expect(intake.attendance.isGone('gw-1')).toBe(true);
  });

  it('is none of a gateway that only looks whether the way is there, and such a one is not gone; who comes in and says something wrong looks not', async () => {
    const pass = await openByHand();
    pass(GATEWAY_BACK_OFF_MS + GATEWAY_GONE_MS);
    expect(['gw-1', 'gw-2'].map((gateway) => intake.attendance.isGone(gateway))).toEqual([true, true]);
    const greeted = async (gateway: string, word: string) => {
      const socket = connectTls({ ...keys.get(gateway)!, host: '127.0.0.1', port, servername: 'localhost' });
      socket.on('error', () => {});
      await once(socket, 'secureConnect');
      if (word !== '') socket.write(word);
      const closed = once(socket.resume(), 'close');
      if (word === '') socket.end();
      await closed;
    };
    await greeted('gw-2', 'GET / HTTP/1.1\r\n\r\n');
    for (let time = 0; time < 2; time += 1) await greeted('gw-1', '');
    await expect.poll(() => intake.attendance.isGone('gw-1'), PATIENT).toBe(false);
    expect([intake.attendance.isGone('gw-2'), intake.attendance.connectionOf('gw-1').connected]).toEqual([true, false]);
  });

  it('ends where nothing comes of a link for one and a half keep-alives', async () => {
    await open();
    const client = await connected('gw-1', { keepalive: 1 });
    client.stream.write = () => true; // what it writes goes nowhere, and nothing tells it
    client.stream.destroy = () => client.stream; // nor does it close
    expect(intake.attendance.connectionOf('gw-1').connected).toBe(true);
    await expect.poll(() => intake.attendance.connectionOf('gw-1').connected, PATIENT).toBe(false);
  });
});
