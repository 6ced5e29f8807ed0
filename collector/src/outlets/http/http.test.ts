import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Board } from '../../board.ts';
import { machineClock } from '../../clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openSqliteLedger } from '../../ledger/sqlite-ledger.ts';
import { deliveriesOf, eventOf } from '../../ledger.arbitrary.ts';
import { GUESSES_MAX } from '../../limits.ts';
import { OrderDesk } from '../../orders/desk.ts';
import { httpOutlet } from './http.ts';
import type { HttpConfiguration } from './needs.ts';

/** A desk of orders without orders. */
const nobody = { issue: async () => ({ wrong: 'nobody' }), list: async () => [] };

const standing = {
  ...{ code: 'numbers-missing', en: 'missing', zh: '缺号', detail: 'gw-1 ordinary (epoch 1): 1', remedy: 'look', sinceMs: 7 },
};
/** One trouble; of the ordinary lane what is missing is coming. */
const quiet = {
  connectionOf: (gateway: string) => (gateway === 'gw-1' ? { connected: false, sinceMs: 7 } : null),
  troubles: () => [standing],
  refused: () => ({ revoked: 3 }),
  isComing: ({ lane }: { lane: string }) => lane === 'ordinary',
};

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds, each test says
type Json = any;

let folder: string;
let ledger: Ledger;
let counters: { alarm: number; ordinary: number };
let ends: Array<() => unknown>;
let troubles: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  counters = { alarm: 0, ordinary: 0 };
  troubles = [];
  ends = [() => ledger.close(), () => rm(folder, { recursive: true })];
});
afterEach(async () => {
  for (const end of ends) await end();
});

async function happen(...events: ReadonlyArray<Partial<SiteEvent> & { kind: EventKind }>): Promise<readonly string[]> {
  const made = events.map((event) => eventOf({ id: crypto.randomUUID().replaceAll('-', ''), ...event }));
  await ledger.append(deliveriesOf(made, counters));
  return made.map(({ id }) => id);
}

/** The outlet over a board over the ledger; resolves with the address of the page. */
async function start(overrides: Partial<HttpConfiguration> = {}): Promise<string> {
  const stop = new AbortController();
  const board = new Board();
  const folding = board.run(ledger, stop.signal);
  const report = { name: 'municipal', position: 0, trouble: null, confirmed: 0, refused: 0 };
  const orders = new OrderDesk({ orders: ledger.orders, clock: machineClock, tell: () => false });
  const needs = { shown: board, orders, reports: () => [report], ...quiet, onTrouble: (trouble: unknown) => troubles.push(trouble) };
  const outlet = httpOutlet({ host: '127.0.0.1', port: 0, operator: 'JDZ-DEMO', zoneMinutes: 480, ...overrides }, needs);
  const serving = outlet.run(ledger, ledger.cursor(outlet.name), stop.signal);
  ends.unshift(async () => {
    stop.abort();
    await Promise.all([folding, serving]);
  });
  return outlet.address;
}

async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; json: Json }> {
  const answer = await request(url, { headers });
  const text = await answer.body.text();
  const isJson = String(answer.headers['content-type']).startsWith('application/json');
  return { status: answer.statusCode, headers: answer.headers, json: isJson ? JSON.parse(text) : text };
}

interface Message {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Json;
}

/** Reads a stream of server-sent events as it comes. */
async function listen(page: string, headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const answer = await request(`${page}api/stream`, { headers, signal: stop.signal });
  const messages: Message[] = [];
  const reading = (async () => {
    let rest = '';
    for await (const piece of answer.body.setEncoding('utf8')) {
      const blocks = (rest + piece).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
        if (fields['data']) messages.push({ event: fields['event'], id: fields['id'], data: JSON.parse(fields['data']) });
      }
    }
  })().catch(() => {});
  const end = async () => {
    stop.abort();
    await reading;
  };
  ends.unshift(end);
  return { status: answer.statusCode, headers: answer.headers, messages, reading, end };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 20 });
const entriesOf = (messages: readonly Message[]) => messages.filter(({ event }) => event === 'entry').map(({ data }) => data.event.id);

describe('the interface', () => {
  it('shows incidents, fire first, and devices as they stand', async () => {
    await happen(
      { kind: 'fault', source: 'panel-2' },
      { kind: 'low', source: 'hydrant', measured: { quantity: 'pressure-kpa', value: 100, quality: 'good' } },
      { kind: 'fire', test: ['drill'], source: 'panel-3' },
      { kind: 'fire', place: '1号楼' },
    );
    const page = await start();
    const { json } = await get(`${page}api/incidents`);
    expect(json.incidents.map((incident: { class: string; test: boolean }) => `${incident.class} ${incident.test}`)).toEqual([
      'fire false',
      'limit false',
      'fault false',
      'fire true',
    ]);
    expect(json).toMatchObject({
      position: 4,
      total: 4,
      incidents: [{ state: 'open', points: [{ place: '1号楼', endedMs: null }] }, {}, {}, {}],
    });
    const devices = await get(`${page}api/devices?source=hydrant`);
    expect(devices.json.devices).toMatchObject([
      { source: 'hydrant', online: true, readings: [{ value: 100, unit: 'kPa', quality: 'good' }] },
    ]);
    expect((await get(`${page}api/incidents?state=restored`)).json.incidents).toEqual([]);
  });

  it('gives events of record from any position on, by source', async () => {
    const ids = await happen(...Array.from({ length: 7 }, (_, index) => ({ kind: 'fault' as const, source: index % 2 ? 'a' : 'b' })));
    const page = await start();
    const first = (await get(`${page}api/events?after=0&max=3`)).json;
    expect(first.entries.map((entry: { event: { id: string } }) => entry.event.id)).toEqual(ids.slice(0, 3));
    expect(first).toMatchObject({ next: 3, position: 7 });
    expect((await get(`${page}api/events?after=3&source=a`)).json.entries).toHaveLength(2);
    expect((await get(`${page}api/events?max=2`)).json.entries.map((entry: { event: { id: string } }) => entry.event.id)).toEqual(
      ids.slice(5),
    );
  });

  it('says how the collector is doing', async () => {
    await happen({ kind: 'fire' }, { kind: 'gateway', note: 'started' });
    counters.alarm += 1; // one number never arrives
    counters.ordinary += 5; // a backlog
    await happen({ kind: 'fire' }, { kind: 'fault' });
    const page = await start();
    expect((await get(`${page}api/status`)).json).toMatchObject({
      position: 4,
      shownPosition: 4,
      quarantined: 0,
      damaged: { count: 0, positions: [] },
      troubles: [standing],
      refused: { revoked: 3 },
      outlets: [{ name: 'municipal', behind: 4, trouble: null }],
      gateways: [{ gateway: 'gw-1', connected: false, sinceMs: 7, note: { note: 'started' } }],
      series: [
        { lane: 'alarm', missing: 1, isCatchingUp: false, gaps: [{ first: 2, last: 2 }] },
        { lane: 'ordinary', missing: 5, isCatchingUp: true },
      ],
    });
  });

  it.each(['api/events?max=0', 'api/events?max=x', 'api/events?after=-1', 'api/incidents?state=odd', 'api/devices?max=99999999'])(
    'refuses %s with a reason',
    async (path) => {
      const page = await start();
      expect(await get(page + path)).toMatchObject({ status: 400, json: { error: expect.any(String), message: expect.any(String) } });
    },
  );

  it('describes itself by OpenAPI, every path of it answering', async () => {
    const page = await start();
    const { json } = await get(`${page}openapi.json`);
    const paths = Object.keys(json.paths).sort();
    expect(paths).toEqual([
      '/api/devices',
      '/api/events',
      '/api/incidents',
      '/api/orders',
      '/api/status',
      '/api/stream',
      '/api/words',
      '/login',
      '/logout',
    ]);
    for (const path of paths.filter((name) => name.startsWith('/api/') && name !== '/api/stream')) {
      const answer = await get(page + path.slice(1));
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    }
  });

  it('sends every answer with the headers that keep scripts out', async () => {
    const page = await start();
    for (const path of ['', 'page.js', 'page.css', 'api/incidents', 'nowhere']) {
      const { headers, status } = await get(page + path);
      expect(status).toBe(path === 'nowhere' ? 404 : 200);
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-type']).toMatch(/charset=utf-8/i);
    }
    expect(JSON.stringify((await get(page)).json)).not.toMatch(/<script(?![^>]*src=)|\son\w+=|style=/);
  });

  it.each(['tsconfig.json', '..%2fsrc%2fboard.ts', '%2e%2e/src/board.ts', '.git/config', 'page.js%00.html'])(
    'serves nothing but the page: %s',
    async (path) => {
      const page = await start();
      expect((await get(page + path)).status).toBeGreaterThanOrEqual(400);
    },
  );

  it('answers nobody who calls this machine by a foreign name', async () => {
    const page = await start();
    expect(await get(`${page}api/incidents`, { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await get(`${page}api/incidents`, { host: 'localhost:8080' })).toMatchObject({ status: 200 });
  });

  it('takes the same port again and ends open streams when it stops', async () => {
    const page = await start();
    const reader = await listen(page);
    await until(() => expect(reader.messages.length).toBeGreaterThan(0));
    await ends.splice(1, 1)[0]?.();
    await reader.reading;
    await expect(request(page)).rejects.toThrow();
  });

  it('fails by name when its port is taken', async () => {
    const page = await start();
    const needs = { shown: new Board(), orders: nobody, reports: () => [], ...quiet, onTrouble: () => {} };
    const stop = new AbortController();
    ends.unshift(() => stop.abort());
    const folding = needs.shown.run(ledger, stop.signal);
    const outlet = httpOutlet({ host: '127.0.0.1', port: Number(new URL(page).port), operator: '', zoneMinutes: 480 }, needs);
    await expect(outlet.run(ledger, ledger.cursor('http'), stop.signal)).rejects.toMatchObject({ code: 'http-unopened', retry: 'later' });
    stop.abort();
    await folding;
  });
});

describe('the stream', () => {
  it('says where things stand, then everything as it is committed', async () => {
    await happen({ kind: 'fault' });
    const page = await start();
    const { headers, messages } = await listen(page);
    expect(headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'x-content-type-options': 'nosniff' });
    await until(() => expect(messages[0]).toMatchObject({ event: 'hello', data: { position: 1, resumed: false, zoneMinutes: 480 } }));
    const [fire] = await happen({ kind: 'fire', place: '东', address: { point: 1 } });
    await until(() =>
      expect(messages.map(({ event }) => event)).toEqual(expect.arrayContaining(['incidents', 'devices', 'entry', 'heartbeat'])),
    );
    expect(messages.find(({ event }) => event === 'entry')).toMatchObject({
      id: '2',
      data: { position: 2, event: { id: fire, place: '东' } },
    });
    expect(messages.find(({ event }) => event === 'incidents')).toMatchObject({
      data: { incidents: [{ id: fire, state: 'open' }], gone: [] },
    });
    expect(messages.find(({ event }) => event === 'devices')).toMatchObject({ data: { devices: [{ states: [{ state: 'fire' }] }] } });
  });

  it('resumes behind the last id without leaving out or repeating anything', async () => {
    const before = await happen(...Array.from({ length: 450 }, () => ({ kind: 'fault' as const })));
    const page = await start();
    const reader = await listen(page, { 'last-event-id': '10' });
    const during = await happen(...Array.from({ length: 50 }, () => ({ kind: 'fire' as const })));
    await until(() => expect(entriesOf(reader.messages)).toHaveLength(490));
    expect(reader.messages[0]?.data.resumed).toBe(true);
    expect(entriesOf(reader.messages)).toEqual([...before.slice(10), ...during]);
  });

  it.each(['999999', 'nonsense', '-1', '1e3'])('does not resume behind what it does not know: %s', async (lastId) => {
    await happen({ kind: 'fault' });
    const page = await start();
    const { messages } = await listen(page, { 'last-event-id': lastId });
    await until(() => expect(messages[0]).toMatchObject({ event: 'hello', data: { resumed: false, position: 1 } }));
  });

  it('tells which incident is told otherwise when an older event comes late', async () => {
    const page = await start();
    const { messages } = await listen(page);
    await until(() => expect(messages).not.toHaveLength(0));
    const events = [eventOf({ kind: 'fire', id: 'a'.repeat(32) }), eventOf({ kind: 'fire', id: 'b'.repeat(32) })];
    const [first, second] = deliveriesOf(events, counters);
    await ledger.append([second as NonNullable<typeof second>]);
    await ledger.append([first as NonNullable<typeof first>]);
    await until(() => expect(messages.findLast(({ event }) => event === 'incidents')?.data.gone).toEqual(['b'.repeat(32)]));
    expect(messages.findLast(({ event }) => event === 'incidents')?.data.incidents).toMatchObject([{ id: 'a'.repeat(32), events: 2 }]);
  });

  it('closes a reader who does not read, and nobody else', async () => {
    const page = await start();
    const deaf = connect(Number(new URL(page).port), '127.0.0.1');
    ends.unshift(() => deaf.destroy());
    deaf.on('error', () => {});
    deaf.write('GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    deaf.pause();
    const reader = await listen(page);
    await until(async () => expect((await get(`${page}api/status`)).json.readers).toBe(2));
    const text = '长'.repeat(200);
    let sent = 0;
    await until(async () => {
      await happen(...Array.from({ length: 500 }, () => ({ kind: 'fault' as const, text })));
      sent += 500;
      expect((await get(`${page}api/status`)).json).toMatchObject({ readers: 1, readersDropped: 1 });
    });
    await until(() => expect(entriesOf(reader.messages)).toHaveLength(sent));
  });
});

describe('access with a token', () => {
  const token = 'a-token-of-sufficient-length-for-a-test';
  const login = (page: string, body: string, headers: Record<string, string> = {}) =>
    request(`${page}login`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  it('answers only who brings it, in the header and never in the address', async () => {
    const page = await start({ token });
    const authorization = `Bearer ${token}`;
    for (const path of ['api/incidents', 'api/devices', 'api/events', 'api/status', 'api/stream', 'api/words', 'openapi.json', 'nowhere']) {
      expect(await get(page + path)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
      expect(await get(`${page + path}?token=${token}`)).toMatchObject({ status: 401 });
    }
    expect(await get(`${page}api/incidents`, { authorization })).toMatchObject({ status: 200 });
    expect(await get(`${page}api/incidents`, { authorization: `${authorization}x` })).toMatchObject({ status: 401 });
    expect(await get(`${page}api/incidents`, { authorization: `Bearer ` })).toMatchObject({ status: 401 });
    expect((await get(page)).status).toBe(200);
  });

  it('opens a session that no script can read, and ends it', async () => {
    const page = await start({ token });
    const answer = await login(page, JSON.stringify({ token }));
    expect(answer.statusCode).toBe(204);
    const set = String(answer.headers['set-cookie']);
    expect(set).toMatch(/^fengsui=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(set).not.toContain(token);
    const [cookie = ''] = set.split(';');
    expect(await get(`${page}api/incidents`, { cookie: `other=1; ${cookie}` })).toMatchObject({ status: 200 });
    expect((await request(`${page}logout`, { method: 'POST', headers: { cookie } })).statusCode).toBe(204);
    expect(await get(`${page}api/incidents`, { cookie })).toMatchObject({ status: 401 });
  });

  it('refuses a wrong token slowly, a foreign page, and a body that is no login', async () => {
    const page = await start({ token });
    const startedMs = performance.now();
    expect((await login(page, JSON.stringify({ token: 'wrong' }))).statusCode).toBe(401);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    expect((await login(page, JSON.stringify({ token }), { origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await login(page, JSON.stringify({ token }), { origin: page.slice(0, -1) })).statusCode).toBe(204);
    expect((await login(page, '{"token":7}')).statusCode).toBe(400);
    expect((await login(page, '{"__proto__":{"token":"x"}}')).statusCode).toBe(400);
    expect((await login(page, JSON.stringify({ token: 'x'.repeat(10_000) }))).statusCode).toBe(413);
    expect((await login(page, token, { 'content-type': 'text/plain' })).statusCode).toBe(415);
  });
});

describe('whoever guesses the token', () => {
  const token = 'a-token-of-sufficient-length-for-a-test';
  /** Asks from an address of its own, as another machine would. */
  async function from(localAddress: string, page: string, bearer: string, more: Record<string, string> = {}) {
    const dispatcher = new Agent({ localAddress });
    const answer = await request(`${page}api/incidents`, { dispatcher, headers: { authorization: `Bearer ${bearer}`, ...more } });
    await answer.body.dump();
    await dispatcher.close();
    return answer;
  }

  it('in the header waits for each answer and is locked soon, which is told, while others and open sessions go on', async () => {
    const page = await start({ token });
    const login = { method: 'POST' as const, body: JSON.stringify({ token }), headers: { 'content-type': 'application/json' } };
    const [cookie = ''] = String((await request(`${page}login`, login)).headers['set-cookie']).split(';');
    const startedMs = performance.now();
    expect((await from('127.0.0.1', page, 'wrong')).statusCode).toBe(401);
    expect(performance.now() - startedMs).toBeGreaterThan(900);

    const many = await Promise.all(Array.from({ length: 20 }, (_, index) => from('127.0.0.1', page, `wrong-${index}`)));
    const count = (status: number) => many.filter(({ statusCode }) => statusCode === status).length;
    expect(count(401)).toBeGreaterThanOrEqual(GUESSES_MAX - 1); // on a slow machine a second passes meanwhile, and one more is looked at
    expect([count(401) + count(429), count(429) > 0]).toEqual([20, true]);
    expect(new Set(many.map(({ statusCode, headers }) => `${statusCode} ${headers['retry-after']}`))).toEqual(
      new Set(['401 undefined', '429 1']),
    );
    expect(troubles).toMatchObject([{ code: 'tokens-guessed', message: expect.stringContaining('127.0.0.1 for 60 s') }]);

    await expect.poll(async () => (await from('127.0.0.1', page, token)).statusCode, { timeout: 60_000 }).toBe(200);
    expect((await request(`${page}login`, login)).statusCode).toBe(204);
    expect((await from('127.0.0.2', page, token)).statusCode).toBe(200);
    const session = await get(`${page}api/status`, { cookie });
    expect(session).toMatchObject({ status: 200, json: { wrongTokens: 1 + count(401) } });
  });

  it('is not a program that repeats an old token: the right one beside it is always looked at', async () => {
    const page = await start({ token });
    const stale = await Promise.all(Array.from({ length: 3 * GUESSES_MAX }, () => from('127.0.0.1', page, 'stale')));
    expect(new Set(stale.map(({ statusCode }) => statusCode))).toEqual(new Set([401]));
    expect((await from('127.0.0.1', page, token)).statusCode).toBe(200);
    expect(troubles).toEqual([]);
  });
});

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; json: Json }> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.statusCode, json: await answer.body.json() };
}

describe('orders', () => {
  it('are durable when they are taken, and are listed with what became of them', async () => {
    await happen({ kind: 'fire' });
    const page = await start();
    const taken = await post(`${page}api/orders`, {
      gateway: 'gw-1',
      kind: 'duty-check',
      parameters: { timeoutMinutes: 3 },
      expiresMs: 5_000,
    });
    expect(taken).toMatchObject({
      status: 202,
      json: { id: expect.stringMatching(/^[0-9a-f]{32}$/), state: 'issued', issuer: '127.0.0.1' },
    });
    expect(taken.json.expiresMs - taken.json.issuedMs).toBe(5_000);
    expect(await ledger.orders.open(0)).toMatchObject([{ id: taken.json.id, parameters: { timeoutMinutes: 3 } }]);
    await ledger.orders.receive({ gateway: 'gw-1', id: taken.json.id, state: 'done', atMs: 7, result: { operator: '王工' } });
    const { json } = await get(`${page}api/orders?gateway=gw-1`);
    expect(json.orders).toMatchObject([{ id: taken.json.id, state: 'done', gatewayMs: 7, result: { operator: '王工' } }]);
    expect((await get(`${page}api/orders?gateway=gw-2`)).json.orders).toEqual([]);
  });

  it('that cannot be carried out are refused at the door', async () => {
    await happen({ kind: 'fire' });
    const page = await start();
    const order = { gateway: 'gw-1', kind: 'read' };
    expect((await post(`${page}api/orders`, { ...order, gateway: 'gw-9' })).status).toBe(404);
    expect((await post(`${page}api/orders`, { ...order, kind: 'silence' })).status).toBe(400);
    expect((await post(`${page}api/orders`, { ...order, parameters: { what: 'secrets' } })).status).toBe(400);
    expect((await post(`${page}api/orders`, { ...order, expiresMs: 0 })).status).toBe(400);
    expect((await post(`${page}api/orders`, { ...order, more: 1 })).status).toBe(400);
    expect(await ledger.orders.list({ max: 10 })).toEqual([]);
  });

  it('are taken from whoever brings the token and from no other site', async () => {
    await happen({ kind: 'fire' });
    const token = 'a-token-of-sufficient-length';
    const page = await start({ token });
    const order = { gateway: 'gw-1', kind: 'read' };
    const bearer = { authorization: `Bearer ${token}` };
    expect((await post(`${page}api/orders`, order)).status).toBe(401);
    expect((await post(`${page}api/orders`, order, { ...bearer, origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(`${page}api/orders`, order, { ...bearer, origin: new URL(page).origin })).status).toBe(202);
    expect(await ledger.orders.list({ max: 10 })).toHaveLength(1);
  });

  it('that no gateway took in time are shown as expired', async () => {
    const order = { id: 'a'.repeat(32), gateway: 'gw-1', kind: 'read', parameters: {}, issuer: 'test', issuedMs: 1, expiresMs: 2 };
    await ledger.orders.issue(order);
    const page = await start();
    expect((await get(`${page}api/orders`)).json.orders).toMatchObject([{ state: 'expired', gatewayMs: null }]);
  });
});
