import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineClock } from '../../clock.ts';
import type { Cursor, Ledger } from '../../ledger/ledger.ts';
import { openSqliteLedger } from '../../ledger/sqlite-ledger.ts';
import { deliveriesOf, eventOf } from '../../ledger.arbitrary.ts';
import { type MunicipalConfiguration, municipalOutlet } from './municipal.ts';

interface Seen {
  readonly id: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly atMs: number;
}
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const ok: Answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":1}');
const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);

/** A real HTTP server that plays `script` answer by answer, then says ok. */
async function platform(script: readonly Answer[] = []) {
  const seen: Seen[] = [];
  const left = [...script];
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    seen.push({
      id: String(request.headers['idempotency-key']),
      body,
      authorization: request.headers.authorization,
      atMs: performance.now(),
    });
    (left.shift() ?? ok)(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, close };
}

let folder: string;
let ledger: Ledger;
let counters: { alarm: number; ordinary: number };
let ends: Array<() => unknown>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'municipal-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  counters = { alarm: 0, ordinary: 0 };
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  await ledger.close();
  await rm(folder, { recursive: true });
});

async function happen(...events: ReadonlyArray<Partial<SiteEvent> & { kind: EventKind }>): Promise<readonly string[]> {
  const made = events.map((event) => eventOf({ id: crypto.randomUUID().replaceAll('-', ''), ...event }));
  await ledger.append(deliveriesOf(made, counters));
  return made.map(({ id }) => id);
}

async function scripted(...script: Answer[]) {
  const far = await platform(script);
  ends.push(far.close);
  return far;
}

function start(url: string, overrides: Partial<MunicipalConfiguration> = {}, cursor: Cursor = ledger.cursor('municipal')) {
  const fixed = { operatorCode: 'JDZ-DEMO', allowPrivateAddress: true, timeoutMs: 5_000, refusalsFile: join(folder, 'refusals.jsonl') };
  const outlet = municipalOutlet({ url, ...fixed, ...overrides }, { clock: machineClock });
  const stop = new AbortController();
  const running = outlet.run(ledger, cursor, stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  ends.unshift(end);
  return { outlet, end };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 20 });

describe('the municipal outlet', () => {
  it('pushes every live event in the order of the ledger, under its id, and keeps notes, heartbeats and tests to itself', async () => {
    const far = await scripted();
    const [fire, , reading, , , fault] = await happen(
      { kind: 'fire', place: '1号楼3层东走道' },
      { kind: 'gateway', note: 'started' },
      { kind: 'reading', edge: 'momentary', measured: { quantity: 'pressure-kpa', value: 250, quality: 'good' } },
      { kind: 'heartbeat', edge: 'momentary' },
      { kind: 'fire', test: ['maintenance'] },
      { kind: 'fault', test: [] },
    );
    const { outlet } = start(far.url);
    await until(() => expect(outlet.report()).toMatchObject({ position: 6, confirmed: 3, trouble: null }));
    expect(far.seen.map(({ id }) => id)).toEqual([fire, reading, fault]);
    expect(JSON.parse(far.seen[0]?.body ?? '')).toMatchObject({
      eventId: fire,
      operatorCode: 'JDZ-DEMO',
      kindName: '火警',
      place: '1号楼3层东走道',
    });
    expect(JSON.parse(far.seen[1]?.body ?? '')).toMatchObject({ value: 250, unit: 'kPa' });
    expect(await ledger.cursor('municipal').read()).toBe(6);
  });

  it('brings the fire behind a damaged entry to the city, and the next one behind a damaged end', async () => {
    const far = await scripted();
    const damage = (position: number) => {
      const database = new SqliteDatabase(join(folder, 'ledger.sqlite'));
      database.exec(`UPDATE ledger SET frame = x'00', event = '{' WHERE position = ${position}`);
      database.close();
    };
    const [first, , third] = await happen({ kind: 'fire' }, { kind: 'fire' }, { kind: 'fire' }, { kind: 'fire' });
    damage(2);
    damage(4);
    start(far.url);
    await until(() => expect(far.seen.map(({ id }) => id)).toEqual([first, third]));
    const [fifth] = await happen({ kind: 'fire' });
    await until(() => expect(far.seen.map(({ id }) => id)).toEqual([first, third, fifth]));
    expect((await ledger.state()).damaged).toEqual({ count: 2, positions: [2, 4] });
  });

  it('goes on with what comes later', async () => {
    const far = await scripted();
    const { outlet } = start(far.url);
    const ids = [...(await happen({ kind: 'fire' })), ...(await happen({ kind: 'fault' }))];
    await until(() => expect(outlet.report().confirmed).toBe(2));
    expect(far.seen.map(({ id }) => id)).toEqual(ids);
  });

  it.each<[string, Answer]>([
    ['answers 500', status(500)],
    ['answers 503 with a page', status(503, { 'content-type': 'text/html' }, '<html>down</html>')],
    ['says that it failed inside a 200', status(200, {}, '{"success":0,"message":"database"}')],
    ['does not know the token yet', status(401)],
    ['resets the connection after taking the request', (response) => response.socket?.resetAndDestroy()],
    [
      'says half an answer and hangs up',
      (response) => response.writeHead(200, { 'content-length': '100' }).write('{"succ', () => response.socket?.destroy()),
    ],
  ])('sends the same bytes again, before anything else, when the platform %s', async (_, trouble) => {
    const far = await scripted(trouble, trouble);
    const [fire, fault] = await happen({ kind: 'fire', place: '泵房' }, { kind: 'fault' });
    const { outlet } = start(far.url);
    await until(() => expect(outlet.report()).toMatchObject({ confirmed: 2, refused: 0, trouble: null }));
    expect(far.seen.map(({ id }) => id)).toEqual([fire, fire, fire, fault]);
    expect(new Set(far.seen.slice(0, 3).map(({ body }) => body)).size).toBe(1);
  });

  it('gives up waiting for an answer that hangs or trickles', async () => {
    const trickle: Answer = (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    };
    const far = await scripted(() => {}, trickle);
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url, { timeoutMs: 400 });
    await until(() => expect(outlet.report().confirmed).toBe(1));
    expect(far.seen).toHaveLength(3);
  });

  it('neither waits for the end of an endless answer nor takes it for a yes', async () => {
    const flood: Answer = (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const far = await scripted(flood);
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url);
    await until(() => expect(outlet.report().confirmed).toBe(1));
    expect(far.seen).toHaveLength(2);
  });

  it('does not follow a redirect, and says what holds it up', async () => {
    const elsewhere = await scripted();
    const far = await scripted(status(307, { location: elsewhere.url }));
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url);
    await until(() => expect(outlet.report().confirmed).toBe(1));
    expect(far.seen).toHaveLength(2);
    expect(elsewhere.seen).toHaveLength(0);
  });

  it('waits as long as the platform asks', async () => {
    const far = await scripted(status(429, { 'retry-after': '1' }));
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url);
    await until(() => expect(outlet.report().confirmed).toBe(1));
    expect((far.seen[1]?.atMs ?? 0) - (far.seen[0]?.atMs ?? 0)).toBeGreaterThan(900);
  });

  it('sets aside what the platform refuses, with its answer, and goes on; also over a restart', async () => {
    const far = await scripted(status(400, {}, 'unknown operatorCode'));
    const [bad, good] = await happen({ kind: 'fire' }, { kind: 'fault' });
    const first = start(far.url);
    await until(() => expect(first.outlet.report()).toMatchObject({ confirmed: 1, refused: 1 }));
    expect(far.seen.map(({ id }) => id)).toEqual([bad, good]);
    await first.end();
    const second = start(far.url);
    await until(() => expect(second.outlet.report().refused).toBe(1));
    expect(second.outlet.refusals()).toMatchObject([{ eventId: bad, status: 400, answer: 'unknown operatorCode', position: 1 }]);
  });

  it('sends the same id and the same bytes again when it died between the answer and its cursor', async () => {
    const far = await scripted();
    const [fire] = await happen({ kind: 'fire', place: '东' });
    const forgetful: Cursor = { read: async () => 0, move: () => Promise.reject(new Error('killed')) };
    const outlet = municipalOutlet(
      { url: far.url, operatorCode: 'JDZ-DEMO', allowPrivateAddress: true, timeoutMs: 5_000, refusalsFile: join(folder, 'r') },
      { clock: machineClock },
    );
    await expect(outlet.run(ledger, forgetful, new AbortController().signal)).rejects.toThrow('killed');
    const again = start(far.url);
    await until(() => expect(again.outlet.report().confirmed).toBe(1));
    expect(far.seen.map(({ id }) => id)).toEqual([fire, fire]);
    expect(far.seen[1]?.body).toBe(far.seen[0]?.body);
  });

  it('stops in the middle of a hanging try and takes the same event up again', async () => {
    const far = await scripted(() => {});
    const [fire] = await happen({ kind: 'fire' });
    const first = start(far.url);
    await until(() => expect(far.seen).toHaveLength(1));
    await first.end();
    expect(await ledger.cursor('municipal').read()).toBe(0);
    const second = start(far.url);
    await until(() => expect(second.outlet.report().confirmed).toBe(1));
    expect(far.seen.map(({ id }) => id)).toEqual([fire, fire]);
  });

  it('delivers everything once the platform is there, which it was not', async () => {
    const gone = await platform();
    await gone.close();
    await happen({ kind: 'fire' });
    const { outlet } = start(gone.url);
    await until(() => expect(outlet.report().trouble).toMatchObject({ why: expect.stringContaining('ECONNREFUSED') }));
    const { port } = new URL(gone.url);
    const server = createServer((_, response) => ok(response, _)).listen(Number(port), '127.0.0.1');
    ends.push(() => server.close());
    await until(() => expect(outlet.report()).toMatchObject({ confirmed: 1, trouble: null }));
  });

  it('reads the token anew on every try', async () => {
    const far = await scripted(status(401));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'old\n');
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url, { tokenFile });
    await until(() => expect(far.seen).toHaveLength(1));
    await writeFile(tokenFile, 'new\n');
    await until(() => expect(outlet.report().confirmed).toBe(1));
    expect(far.seen[0]?.authorization).toBe('Bearer old');
    expect(far.seen.at(-1)?.authorization).toMatch(/^Bearer (old|new)$/);
    expect(far.seen.length).toBeGreaterThan(1);
  });

  it.each(['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]'])('never connects to %s unless that is allowed', async (host) => {
    const far = await scripted();
    await happen({ kind: 'fire' });
    const { outlet } = start(far.url.replace('127.0.0.1', host), { allowPrivateAddress: false });
    await until(() => expect(outlet.report().trouble).toMatchObject({ why: expect.stringContaining('no public address'), tries: 2 }));
    expect(far.seen).toHaveLength(0);
  });
});
