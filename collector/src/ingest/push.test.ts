import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure, Stimulus } from '@fengsui/protocol';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineClock } from '../clock.ts';
import { fail } from '../failures.ts';
import type { Entry, Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import { PushIntake, type PushIntakeNeeds, type PushIntakeSettings } from './push.ts';

const SECRET = 'a-secret-of-our-own';
const IMEI = '860000000000017';
const CTWING = CLOUDS.get('ctwing')!.family;
let folder: string;
let ledger: Ledger;
let failures: Failure[];
let running: Array<{ readonly stop: () => Promise<void> }>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-push-'));
  await writeFile(join(folder, 'secret'), `${SECRET}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'token'), 'tokenOfTheIntake', { mode: 0o600 });
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  failures = [];
  running = [];
});
afterEach(async () => {
  for (const { stop } of running) await stop();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

interface Opened {
  readonly intake: PushIntake;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

async function open(over: Partial<PushIntakeSettings> = {}, needs: Partial<PushIntakeNeeds> = {}): Promise<Opened> {
  const settings: PushIntakeSettings = {
    ...{ cloud: 'ctwing', host: '127.0.0.1', port: 0, secretFile: join(folder, 'secret'), from: [] },
    ...{ gateway: 'cloud-ctwing', profile: 'db36-t1297-2020', address: 0, centre: 0, zoneMinutes: 480 },
    devices: [{ ...DEVICE, family: 'push-ctwing' }],
    ...over,
  };
  const intake = new PushIntake(settings, { ledger, clock: machineClock, failed: (failure) => failures.push(failure), ...needs });
  const abort = new AbortController();
  const ended = intake.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await ended;
  };
  running.push({ stop });
  return { intake, url: `${await intake.address}${SECRET}`, stop };
}

const DEVICE = {
  ...{ name: 'smoke-302', device: IMEI, part: { systemType: 1, systemAddress: 1 }, inService: true },
  points: [{ address: {}, place: '2栋302室', componentType: 42, scale: 1, report: { everyMs: 600_000 }, inService: true }],
};

const said = (counter: number, over: Partial<Stimulus> = {}, imei = IMEI) =>
  CTWING.play.say({ what: 'fire', address: {}, deviceTime: new Date().toISOString().slice(0, 19), ...over }, imei, counter)!;

async function post(url: string, body: Uint8Array | string): Promise<number> {
  return (await fetch(url, { method: 'POST', body: Buffer.from(body) })).status;
}

const entries = (): Promise<readonly Entry[]> => ledger.after(0, 2_000);
const told = async () =>
  (await entries()).map(({ number, lane, event: { kind, edge, source } }) => `${lane} ${number} ${source} ${kind} ${edge}`);
const news = async () => (await told()).filter((line) => !line.includes(' reading ') && !line.includes(' link '));

test('a push is in the ledger when it is answered, as the events the site knows, numbered by lane without a gap', async () => {
  const { url } = await open();
  expect(await post(url, said(1))).toBe(200);
  expect(await told()).toEqual([
    'alarm 1 smoke-302 fire began',
    'ordinary 1 smoke-302 link ended',
    'ordinary 2 smoke-302 reading momentary',
  ]);
  const [fire] = await entries();
  expect(fire).toMatchObject({
    gateway: 'cloud-ctwing',
    epoch: 1,
    boot: 1,
    event: { place: '2栋302室', family: 'push-ctwing/1', receivedMs: expect.any(Number) },
  });
  expect(new Set((await entries()).map(({ ordinal }) => ordinal)).size).toBe(3);
  expect((await ledger.state()).series.map(({ missing }) => missing)).toEqual([0, 0]);
});

test('a repeat is answered and not stored again, in the same run and after a restart; what is new goes on behind', async () => {
  const first = await open();
  const body = said(1);
  for (let time = 0; time < 3; time++) expect(await post(first.url, body)).toBe(200);
  expect(first.intake.state().unheard).toEqual({ repeat: 2 });
  await first.stop();
  const second = await open();
  expect(await post(second.url, body)).toBe(200);
  expect(second.intake.state()).toMatchObject({ unheard: { repeat: 1 }, messages: 0 });
  expect(await post(second.url, said(2, { what: 'restored' }))).toBe(200);
  expect(await news()).toEqual(['alarm 1 smoke-302 fire began', 'alarm 2 smoke-302 fire ended']);
  expect((await entries()).map(({ boot }) => boot).at(-1)).toBe(2);
});

test('pushes that come together are each stored once, in groups that share a commit', async () => {
  let appends = 0;
  const append: Ledger['append'] = (deliveries) => {
    appends += 1;
    return ledger.append(deliveries);
  };
  const { url } = await open({}, { ledger: { ...bound(), append } });
  const bodies = Array.from({ length: 60 }, (_, index) => said(index, {}, `8600000000001${String(index).padStart(2, '0')}`));
  const answers = await Promise.all([...bodies, ...bodies].map((body) => post(url, body)));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect((await news()).length).toBe(60);
  expect(appends).toBeLessThan(60);
});

const bound = () => ({
  append: ledger.append.bind(ledger),
  quarantine: ledger.quarantine.bind(ledger),
  numbering: ledger.numbering.bind(ledger),
  known: ledger.known.bind(ledger),
});

test('what the ledger refuses is not answered with 200, and is stored when the cloud tries again', async () => {
  let full = true;
  const append: Ledger['append'] = async (deliveries) => {
    if (full) throw fail('ledger-full', 'test');
    return ledger.append(deliveries);
  };
  const { url, intake } = await open({}, { ledger: { ...bound(), append } });
  expect(await post(url, said(1))).toBe(503);
  expect(failures.map(({ code }) => code)).toEqual(['ledger-full']);
  expect(await entries()).toEqual([]);
  full = false;
  expect(await post(url, said(1))).toBe(200);
  expect(await news()).toEqual(['alarm 1 smoke-302 fire began']);
  expect(intake.state()).toMatchObject({ failed: 1, messages: 1 });
});

test('a commit whose answer was lost is known when the cloud repeats it', async () => {
  let isLost = true;
  const append: Ledger['append'] = async (deliveries) => {
    const receipts = await ledger.append(deliveries);
    if (!isLost) return receipts;
    isLost = false;
    throw fail('ledger-silent', 'the answer was lost');
  };
  const { url } = await open({}, { ledger: { ...bound(), append } });
  const body = said(1);
  expect(await post(url, body)).toBe(503);
  expect(await post(url, body)).toBe(200);
  expect(await post(url, said(2))).toBe(200);
  expect(await news()).toEqual(['alarm 1 smoke-302 fire began', 'alarm 2 smoke-302 fire began']);
});

test('rows under numbers that somebody else took get other numbers', async () => {
  const { url } = await open();
  await post(url, said(1));
  const [entry] = await entries();
  const foreign = { ...entry!, number: 2, order: 90, frame: (await frameOf(2))! };
  await ledger.append([{ gateway: 'cloud-ctwing', epoch: 1, lane: 'alarm', profile: 'db36-t1297-2020', rows: [foreign] }]);
  expect(await post(url, said(2))).toBe(200);
  expect((await told()).filter((line) => line.startsWith('alarm'))).toEqual([
    'alarm 1 smoke-302 fire began',
    'alarm 2 panel-1 fire began',
    'alarm 3 smoke-302 fire began',
  ]);
});

async function frameOf(number: number): Promise<Uint8Array> {
  const { rowNumbered } = await import('../ledger/conformance.ts');
  return rowNumbered(number).frame;
}

test('what nobody can read is answered, told, counted, and kept whole in quarantine', async () => {
  const { url, intake } = await open();
  const body = JSON.stringify({ messageType: 'dataReport', IMEI, timestamp: 1_790_000_000_000, payload: { APPdata: 'AAEC'.repeat(200) } });
  expect(await post(url, body)).toBe(200);
  expect(await post(url, 'nothing a cloud would say')).toBe(200);
  expect(await news()).toEqual(['ordinary 2 smoke-302 text momentary', 'ordinary 3 unknown-ctwing text momentary']);
  expect((await ledger.state()).quarantined).toBe(2);
  expect(intake.state().unheard).toEqual({ undecodable: 2, 'unknown-device': 1 });
  expect(intake.state().kept.map(({ why }) => why)).toEqual(['undecodable', 'undecodable', 'unknown-device']);
});

test('who does not know the path, the method or the length is turned away, counted, and leaves no trace in the ledger', async () => {
  const { url, intake } = await open();
  expect(await post(`${url}x`, said(1))).toBe(404);
  expect(await post(url.replace(SECRET, ''), said(1))).toBe(404);
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(405);
  expect(await post(url, new Uint8Array(70_000))).toBe(413);
  expect(await chunked(url, 70_000)).toBe(413);
  expect(await entries()).toEqual([]);
  expect(intake.state().unheard).toEqual({ 'wrong-path': 2, 'wrong-method': 2, 'too-large': 2 });
});

/** Posts so many bytes without saying beforehand how many. */
function chunked(url: string, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const posted = request(url, { method: 'POST' }, (response) => resolve(response.statusCode!));
    posted.on('error', reject);
    for (let at = 0; at < length; at += 10_000) posted.write(Buffer.alloc(10_000));
    posted.end();
  });
}

test('only the addresses of the cloud come in, where they are named', async () => {
  const closed = await open({ from: ['10.0.0.0/8'] });
  expect(await post(closed.url, said(1))).toBe(403);
  expect(closed.intake.state().unheard).toEqual({ 'wrong-source': 1 });
  const right = await open({ from: ['10.0.0.0/8', '127.0.0.1'], gateway: 'cloud-other' });
  expect(await post(right.url, said(1))).toBe(200);
});

test('OneNET tries the address and signs what it pushes', async () => {
  const sign = (nonce: string, msg: string) => createHash('md5').update(`tokenOfTheIntake${nonce}${msg}`).digest('base64');
  const devices = [{ ...DEVICE, family: 'push-onenet' }];
  const { url, intake } = await open({ cloud: 'onenet', gateway: 'cloud-onenet', tokenFile: join(folder, 'token'), devices });
  const query = new URLSearchParams({ msg: 'hello', nonce: 'abcd1234', signature: sign('abcd1234', 'hello') });
  const greeted = await fetch(`${url}?${query}`);
  expect([greeted.status, await greeted.text(), greeted.headers.get('content-type')]).toEqual([200, 'hello', 'text/plain; charset=utf-8']);
  const stimulus = { what: 'fire', address: {}, deviceTime: '2026-10-01T04:00:00' } as const;
  const body = JSON.parse(new TextDecoder().decode(CLOUDS.get('onenet')!.family.play.say(stimulus, IMEI, 1)!)) as { msg: string };
  expect(await post(url, JSON.stringify({ ...body, nonce: 'n', signature: sign('x', body.msg) }))).toBe(403);
  expect(await post(url, JSON.stringify({ ...body, nonce: 'n', signature: sign('n', body.msg) }))).toBe(200);
  expect(await news()).toEqual(['alarm 1 smoke-302 fire began']);
  expect(intake.state().unheard).toEqual({ 'wrong-signature': 1 });
});

test('a device that says nothing for its time is told as lost', async () => {
  await open({ devices: [{ ...DEVICE, family: 'push-ctwing', silenceMs: 100 }] });
  await expect.poll(told, { timeout: 60_000 }).toEqual(['ordinary 1 smoke-302 link began']);
});

test('a stop ends the listening although somebody dribbles, and a taken port is a failure', async () => {
  const { url, stop, intake } = await open();
  const { port } = new URL(url);
  const dribbler = connect(Number(port), '127.0.0.1');
  dribbler.on('error', () => {}); // being cut off is what is looked for
  dribbler.write(`POST /push/${SECRET} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1`);
  await expect.poll(() => dribbler.bytesWritten).toBeGreaterThan(0);
  const second = new PushIntake({ ...(await settingsOf(Number(port))) }, { ledger, clock: machineClock, failed: () => {} });
  await expect(second.run(new AbortController().signal)).rejects.toMatchObject({ code: 'push-unopened' });
  const gone = new Promise((resolve) => dribbler.once('close', resolve));
  await stop();
  await gone;
  expect(intake.state().address).toBeNull();
});

async function settingsOf(port: number): Promise<PushIntakeSettings> {
  return {
    ...{ cloud: 'ctwing', host: '127.0.0.1', port, secretFile: join(folder, 'secret'), from: [], devices: [] },
    ...{ gateway: 'cloud-ctwing', profile: 'db36-t1297-2020', address: 0, centre: 0, zoneMinutes: 480 },
  };
}
