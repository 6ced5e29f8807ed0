import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, Links, type PublishingFamily, toHex } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { asidesOf } from '../own-files.ts';
import { driveCoap } from './coap.ts';
import { blockOption, type CoapMessage, type CoapSaying, readCoap, writeCoap } from './coap-message.ts';
import { LineCounters } from './driver.ts';
import { EXCHANGE_LIFETIME_MS, Exchanges } from './exchanges.ts';
import { registrationFile } from './registration-file.ts';
import { type Registration, type RegistrationStore, Registrations } from './registrations.ts';
import { ManualClock, ScriptedLine, ScriptedSocket, settled } from './rehearsal.ts';
import { UPLOAD_BYTES_MAX, Uploads } from './uploads.ts';
import { WaitingReads } from './waiting-reads.ts';

/** Payloads are text: `IMEI counter word`, the counter may be `-`. */
const FAMILY: PublishingFamily = {
  shape: 'publishes',
  carrier: 'coap',
  name: 'text',
  version: 1,
  title: { en: 'text', zh: '文本' },
  tier: 3,
  basis: 'made for these tests',
  silenceMs: 90_000_000,
  decode(payload) {
    const match = /^(\d{15}|-) (\d+|-) (fire|heartbeat|nothing)$/.exec(Buffer.from(payload).toString());
    if (!match) return null;
    const [, device, counter, word] = match;
    return {
      fields: {},
      observations: word === 'nothing' ? [] : [{ what: word as 'fire', address: {} }],
      device: device === '-' ? null : device!,
      counter: counter === '-' ? null : Number(counter),
    };
  },
  play: { say: () => null },
};
const LWM2M = FAMILIES.get('lwm2m') as PublishingFamily;
const IMEI = '860000000000017';

let clock: ManualClock;
let socket: ScriptedSocket;
let counters: LineCounters;
let exchanges: Exchanges;
let uploads: Uploads;
let reads: WaitingReads;
let registrations: Registrations;
let saved: Registration[][];
let store: RegistrationStore;
let links: Links;
/** What an earlier run made durable, by event id: when. */
let written: Map<string, number>;

beforeEach(() => {
  clock = new ManualClock();
  counters = new LineCounters();
  written = new Map();
  exchanges = new Exchanges();
  uploads = new Uploads();
  reads = new WaitingReads(clock);
  registrations = new Registrations();
  saved = [];
  store = {
    load: async () => [],
    save: async (all) => {
      saved.push([...all]);
    },
  };
});

function start(): ScriptedLine {
  socket = new ScriptedSocket();
  const devices = [{ name: 'smoke', family: FAMILY, device: IMEI }];
  links = new Links([{ name: 'smoke', family: 'text/1', silenceMs: 90_000_000 }], clock);
  const signal = new AbortController().signal;
  return new ScriptedLine(
    driveCoap({
      wire: socket,
      devices,
      families: [FAMILY, LWM2M],
      exchanges,
      wroteSince: (id, sinceMs) => (written.get(id) ?? Number.NEGATIVE_INFINITY) >= sinceMs,
      uploads,
      reads,
      registrations,
      newToken: () => randomBytes(8).toString('hex'),
      store,
      links,
      clock,
      signal,
      counters,
    }),
  );
}

function request(path: string, over: Partial<CoapSaying> & { query?: string } = {}): Uint8Array {
  const options = [
    ...pathOf(path),
    ...(over.query === undefined ? [] : over.query.split('&').map((value) => ({ name: 'Uri-Query' as const, value }))),
  ];
  const { query: _, ...rest } = over;
  return writeCoap({ type: 'CON', code: '0.02', id: 7, token: Uint8Array.of(1, 2), options, ...rest });
}
function pathOf(path: string) {
  return path
    .split('/')
    .slice(1)
    .map((value) => ({ name: 'Uri-Path' as const, value }));
}
const text = (words: string) => Buffer.from(words);
const sent = (): CoapMessage[] => socket.sent.map(({ bytes }) => readCoap(bytes)!);
const brief = () => sent().map(({ type, code, id }) => `${type} ${code} ${id}`);

test('a posted alarm is acknowledged only after it is durable, and nothing leaves before', async () => {
  const line = start();
  line.hold();
  socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} 1 fire`) }), 4000);
  await clock.advance(200_000);
  expect(line.waiting).toHaveLength(1);
  expect(socket.sent).toEqual([]);
  line.release();
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke fire']);
  expect(brief()).toEqual(['ACK 2.04 7']);
  expect(toHex(sent()[0]!.token)).toBe('0102');
  expect(socket.sent[0]!.from.port).toBe(4000);
  expect(Buffer.from(line.committed[0]!.packet!).toString()).toBe(`${IMEI} 1 fire`);
});

test('four copies from changing ports while the commit is held: one event, four identical answers afterwards', async () => {
  const line = start();
  line.hold();
  const alarm = request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} - fire`) });
  for (const port of [4000, 4001, 4002, 4003]) {
    socket.say(alarm, port, `10.0.0.${port - 3999}`);
    await clock.advance(3_000);
  }
  expect(socket.sent).toEqual([]);
  line.release();
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke fire']);
  expect(socket.sent.map(({ from }) => from.port)).toEqual([4000, 4001, 4002, 4003]);
  expect(new Set(socket.sent.map(({ bytes }) => toHex(bytes))).size).toBe(1);
  expect(counters.unheard.get('repeat')).toBe(3);
});

test('copies that arrive together are one event too', async () => {
  const line = start();
  const alarm = request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} - fire`) });
  for (const port of [1, 2, 3]) socket.say(alarm, port);
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke fire']);
  expect(socket.sent).toHaveLength(3);
});

test('when the commit fails there is silence, and the copy that comes later is heard', async () => {
  const alarm = request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} 1 fire`) });
  const first = start();
  first.refuse();
  socket.say(alarm, 4000);
  await first.done;
  expect(first.failure).toBeInstanceOf(Error);
  expect(socket.sent).toEqual([]);
  const second = start();
  socket.say(alarm, 4000);
  await settled();
  expect(second.said()).toContain('smoke fire');
  expect(brief()).toEqual(['ACK 2.04 7']);
});

test('the same words under the same message number are new again after the lifetime of an exchange', async () => {
  const line = start();
  const alarm = request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} - fire`) });
  socket.say(alarm, 4000);
  await clock.advance(EXCHANGE_LIFETIME_MS - 1);
  socket.say(alarm, 4000);
  await clock.advance(1);
  expect(line.said().filter((word) => word === 'smoke fire')).toHaveLength(1);
  await clock.advance(EXCHANGE_LIFETIME_MS);
  socket.say(alarm, 4000);
  await settled();
  expect(line.said().filter((word) => word === 'smoke fire')).toHaveLength(2);
});

test('a packet the device counted is known for good, under any message; a counter that came round is new', async () => {
  const line = start();
  const say = async (id: number, words: string) => {
    socket.say(request('/t/d', { id, query: `ep=${IMEI}`, payload: text(words) }), 4000);
    await clock.advance(EXCHANGE_LIFETIME_MS * 2);
  };
  await say(1, `${IMEI} 5 fire`);
  await say(2, `${IMEI} 5 fire`);
  expect(line.said().filter((word) => word === 'smoke fire')).toHaveLength(1);
  await say(3, `${IMEI} 5 heartbeat`);
  expect(line.said()).toContain('smoke heartbeat');
  expect(brief()).toEqual(['ACK 2.04 1', 'ACK 2.04 2', 'ACK 2.04 3']);
});

/** The id of the fire that a line heard. */
function fireIdOf(line: ScriptedLine): string {
  const [heard] = line.committed.filter(({ observations }) => observations.some(({ what }) => what === 'fire'));
  return heard!.eventIdOf!(0, 'fire|began')!;
}

test('a copy of a packet the device counted makes the same event ids in another run, whatever its message and address', async () => {
  const run = async (id: number, words: string, port: number) => {
    const line = start();
    socket.say(request('/t/d', { id, query: `ep=${IMEI}`, payload: text(words) }), port);
    await clock.advance(EXCHANGE_LIFETIME_MS * 3);
    exchanges = new Exchanges();
    return fireIdOf(line);
  };
  const first = await run(1, `${IMEI} 5 fire`, 4000);
  expect(await run(2, `${IMEI} 5 fire`, 4711)).toBe(first);
  expect(await run(3, `${IMEI} 6 fire`, 4000)).not.toBe(first);
});

test('a copy of a message without a counter makes the same event ids in another run, for the lifetime of its exchange', async () => {
  const run = async (port: number) => {
    const line = start();
    socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} - fire`) }), port);
    await clock.advance(1_000);
    exchanges = new Exchanges();
    const id = fireIdOf(line);
    written.set(id, clock.wallMs());
    return id;
  };
  const first = await run(4000);
  await clock.advance(EXCHANGE_LIFETIME_MS - 10_000);
  expect(await run(4711)).toBe(first);
  await clock.advance(EXCHANGE_LIFETIME_MS + 10_000);
  expect(await run(4000)).not.toBe(first);
});

test('a sign of life is acknowledged while the journal hangs', async () => {
  const line = start();
  line.hold();
  socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} 1 heartbeat`) }), 4000);
  await settled();
  expect(brief()).toEqual(['ACK 2.04 7']);
});

test('a device registers, is observed from the same socket, and its confirmable notifications are acknowledged after the commit', async () => {
  const line = start();
  socket.say(request('/t/r', { query: `ep=${IMEI}` }), 4000);
  await clock.advance(1);
  expect(brief()[0]).toBe('ACK 2.04 7');
  expect(saved).toHaveLength(1);
  const question = sent()[1]!;
  expect(question).toMatchObject({ type: 'CON', code: '0.01', path: '/t/d' });
  expect(socket.sent[1]!.from).toEqual({ address: '10.0.0.1', port: 4000 });
  socket.say(writeCoap({ type: 'ACK', code: '2.05', id: question.id, token: question.token }), 4000);
  line.hold();
  socket.say(writeCoap({ type: 'CON', code: '2.05', id: 90, token: question.token, payload: text('- - fire') }), 5000);
  await clock.advance(60_000);
  expect(socket.sent).toHaveLength(2);
  line.release();
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke fire']);
  expect(brief()[2]).toBe('ACK 0.00 90');
  socket.say(writeCoap({ type: 'NON', code: '2.05', id: 91, token: question.token, payload: text('- - fire') }), 5000);
  await settled();
  expect(line.said()).toHaveLength(3);
  expect(socket.sent).toHaveLength(3);
});

test('a question nobody answers is asked three times, each time more patiently', async () => {
  start();
  socket.say(request('/t/r', { query: `ep=${IMEI}` }), 4000);
  await clock.advance(200_000);
  expect(sent().filter(({ code }) => code === '0.01')).toHaveLength(3);
});

test('a registration that cannot be kept is not acknowledged', async () => {
  store.save = async () => {
    throw new Error('disk');
  };
  const line = start();
  socket.say(request('/t/r', { query: `ep=${IMEI}` }), 4000);
  await line.done;
  expect(line.failure).toEqual(new Error('disk'));
  expect(socket.sent).toEqual([]);
});

test('a token outlives the gateway', async () => {
  start();
  socket.say(request('/t/r', { query: `ep=${IMEI}` }), 4000);
  await clock.advance(1);
  const { token } = sent()[1]!;
  registrations = new Registrations(saved.at(-1));
  exchanges = new Exchanges();
  uploads = new Uploads();
  reads = new WaitingReads(clock);
  const line = start();
  socket.say(writeCoap({ type: 'CON', code: '2.05', id: 1, token, payload: text('- - fire') }), 6000);
  await settled();
  expect(line.said()).toContain('smoke fire');
});

test('a notification with a token nobody holds is kept, and then reset so that the device registers again', async () => {
  const line = start();
  line.hold();
  socket.say(writeCoap({ type: 'CON', code: '2.05', id: 5, token: Uint8Array.of(9), payload: text(`${IMEI} 1 fire`) }), 6000);
  await settled();
  expect(socket.sent).toEqual([]);
  line.release();
  await settled();
  expect(line.said()).toContain('smoke fire');
  expect(brief()).toEqual(['RST 0.00 5']);
  expect(counters.unheard.get('unknown-token')).toBe(1);
});

test('an LwM2M device registers, is observed at 19/0/0, updates and leaves', async () => {
  const line = start();
  socket.say(request('/rd', { query: `ep=urn:imei:${IMEI}&lt=86400&b=U`, payload: text('</19/0>') }), 4000);
  await clock.advance(1);
  const [created, question] = sent();
  expect(created).toMatchObject({ type: 'ACK', code: '2.01' });
  expect(question).toMatchObject({ code: '0.01', path: '/19/0/0' });
  const { token } = registrations.byEndpoint(IMEI)!;
  expect(toHex(socket.sent[0]!.bytes)).toContain(toHex(text(token)));
  socket.say(writeCoap({ type: 'NON', code: '2.05', id: 40, token: question!.token, payload: text('- - fire') }), 4000);
  socket.say(request(`/rd/${token}`, { id: 8, query: 'lt=3600' }), 4001);
  await settled();
  expect(line.said()).toContain('smoke fire');
  expect(registrations.byEndpoint(IMEI)!.from.port).toBe(4001);
  socket.say(request(`/rd/${token}`, { id: 9, code: '0.04' }), 4001);
  socket.say(request(`/rd/${token}`, { id: 10 }), 4001);
  await settled();
  expect(brief().slice(2)).toEqual(['ACK 2.04 8', 'ACK 4.04 10', 'ACK 2.02 9']);
});

test('pings are reset; what asks too much, is misplaced or nameless is refused shortly; noise gets no answer', async () => {
  start();
  socket.say(Uint8Array.of(0x40, 0, 0, 3), 1);
  socket.say(request('/elsewhere', { id: 4 }), 1);
  socket.say(request('/t/d', { id: 5, code: '0.01' }), 1);
  socket.say(request('/t/r', { id: 6, query: 'ep=' }), 1);
  socket.say(request('/elsewhere', { id: 7, type: 'NON' }), 1);
  socket.say(Uint8Array.of(), 1);
  socket.say(Uint8Array.of(0xff, 1, 2, 3, 4), 1);
  socket.say(Uint8Array.of(0x40, 2, 0, 8, 0xd1, 0x0e, 0x07), 1);
  await settled();
  expect(brief()).toEqual(['RST 0.00 3', 'ACK 4.04 4', 'ACK 4.05 5', 'ACK 4.00 6', 'ACK 4.02 8']);
  for (const { bytes } of socket.sent) expect(bytes.length).toBeLessThanOrEqual(6);
  expect(counters.unheard.get('unparsable')).toBe(2);
  expect(counters.unheard.get('unknown-path')).toBe(2);
});

test('a stranger is heard under a name of its own, also when nobody can read it; a flood of strangers is not', async () => {
  const line = start();
  socket.say(request('/t/d', { id: 1, query: 'ep=860000000000099', payload: text('860000000000099 1 fire') }), 1);
  socket.say(request('/t/d', { id: 2, query: 'ep=860000000000098', payload: text('?!') }), 1);
  await settled();
  expect(line.said()).toEqual(['unknown-860000000000099 fire', 'unknown-860000000000098 text undecodable']);
  expect(line.committed[1]).toMatchObject({ family: 'unknown/0', observations: [{ textHex: '3f21' }] });
  for (let stranger = 0; stranger < 400; stranger++)
    socket.say(request('/t/d', { id: 100 + stranger, query: `ep=s${stranger}`, payload: text('x') }), 1);
  await settled(2_000);
  expect(new Set(line.committed.map(({ device }) => device)).size).toBe(256);
  expect(counters.unheard.get('too-many')).toBe(146);
  expect(counters.unheard.get('undecodable')).toBe(255);
});

test('a configured device that says what its family cannot read is heard as just that', async () => {
  const line = start();
  socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: Uint8Array.of(0xff, 0) }), 1);
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke text undecodable']);
});

const whole = `${IMEI} 1 fire`;
function block(number: number, more: boolean, over: Parameters<typeof request>[1] = {}): Uint8Array {
  const payload = text(whole).subarray(number * 16, more ? number * 16 + 16 : undefined);
  const options = [...pathOf('/t/d'), { name: 'Uri-Query' as const, value: `ep=${IMEI}` }];
  const part = { name: 'Block1' as const, value: blockOption({ number, more, size: 16 }) };
  return writeCoap({ type: 'CON', code: '0.02', id: 20 + number, payload, ...over, options: [...options, part] });
}

test('a payload in blocks is one payload: each is asked on, the last is answered after the commit', async () => {
  const line = start();
  line.hold();
  socket.say(block(0, true), 1);
  await settled();
  expect(brief()).toEqual(['ACK 2.31 20']);
  expect(sent()[0]!.block1).toEqual({ number: 0, more: true, size: 16 });
  socket.say(block(0, true), 1);
  socket.say(block(1, false), 1);
  await settled();
  expect(brief()).toEqual(['ACK 2.31 20', 'ACK 2.31 20']);
  line.release();
  await settled();
  expect(line.said()).toContain('smoke fire');
  expect(brief().at(-1)).toBe('ACK 2.04 21');
  expect(sent().at(-1)!.block1).toEqual({ number: 1, more: false, size: 16 });
  expect(Buffer.from(line.committed[0]!.packet!).toString()).toBe(whole);
});

test('the last block comes again while the journal is down, also under another number, and is heard then', async () => {
  const down = start();
  socket.say(block(0, true), 1);
  await settled();
  down.refuse();
  socket.say(block(1, false), 1);
  await down.done;
  const up = start();
  socket.say(block(1, false, { id: 99 }), 1);
  await settled();
  expect(up.said()).toContain('smoke fire');
  expect(brief()).toEqual(['ACK 2.04 99']);
});

/** A device that registered and was asked for `/t/d`: the token of its notifications. */
async function observed(): Promise<Uint8Array> {
  socket.say(request('/t/r', { id: 1, query: `ep=${IMEI}` }), 5000);
  await clock.advance(100);
  return sent().find(({ code }) => code === '0.01')!.token;
}
const block2 = (number: number, more: boolean) => ({ name: 'Block2' as const, value: blockOption({ number, more, size: 16 }) });
const OBSERVE = { name: 'Observe' as const, value: Uint8Array.of(2) };
const asked = () =>
  sent()
    .filter(({ code, block2 }) => code === '0.01' && block2)
    .at(-1)!;

test('a notification in blocks is asked for block by block, and confirmed when the whole of it is durable', async () => {
  const line = start();
  const token = await observed();
  const [first, rest] = [`${IMEI} 5 fire`.slice(0, 16), `${IMEI} 5 fire`.slice(16)];
  const notification = writeCoap({ type: 'CON', code: '2.05', id: 70, token, options: [OBSERVE, block2(0, true)], payload: text(first) });
  socket.say(notification, 5000);
  await clock.advance(100);
  expect(asked()).toMatchObject({ path: '/t/d', block2: { number: 1, more: false, size: 16 } });
  expect(brief()).not.toContain('ACK 0.00 70');
  line.hold();
  const { id, token: of } = asked();
  socket.say(writeCoap({ type: 'ACK', code: '2.05', id, token: of, options: [block2(1, false)], payload: text(rest) }), 5000);
  await clock.advance(100);
  expect(brief()).not.toContain('ACK 0.00 70');
  line.release();
  await clock.advance(100);
  expect(line.said()).toContain('smoke fire');
  expect(brief()).toContain('ACK 0.00 70');
  // A copy of the first block is answered and not asked on.
  const before = sent().length;
  socket.say(notification, 5001);
  await clock.advance(100);
  expect(brief().slice(before)).toEqual(['ACK 0.00 70']);
  expect(line.said().filter((word) => word === 'smoke fire')).toHaveLength(1);
});

test('of a notification whose device fell asleep between two blocks there is kept what came', async () => {
  const line = start();
  const token = await observed();
  const first = text(`${IMEI} `);
  socket.say(writeCoap({ type: 'NON', code: '2.05', id: 70, token, options: [OBSERVE, block2(0, true)], payload: first }), 5000);
  await clock.advance(300_000);
  expect(line.said()).toEqual(['smoke link restored', 'smoke text undecodable']);
  expect(Buffer.from(line.committed.at(-1)!.packet!)).toEqual(first);
  expect(line.ended).toBe(false);
});

test('a block out of order is told so, a payload without end too, and what is abandoned is forgotten', async () => {
  start();
  socket.say(block(1, false), 1);
  await settled();
  expect(brief()).toEqual(['ACK 4.08 21']);
  socket.say(block(0, true, { id: 30 }), 1);
  await clock.advance(EXCHANGE_LIFETIME_MS);
  socket.say(block(1, false, { id: 31 }), 1);
  await settled();
  expect(brief().slice(1)).toEqual(['ACK 2.31 30', 'ACK 4.08 31']);
  for (let number = 0; number <= UPLOAD_BYTES_MAX / 1024; number++) {
    const part = { name: 'Block1' as const, value: blockOption({ number, more: true, size: 1024 }) };
    const payload = new Uint8Array(1024);
    socket.say(writeCoap({ type: 'CON', code: '0.02', id: 100 + number, payload, options: [...pathOf('/t/d'), part] }), 2);
  }
  await settled(60);
  expect(brief().at(-1)).toBe(`ACK 4.13 ${100 + UPLOAD_BYTES_MAX / 1024}`);
});

async function lwm2m(objects: string): Promise<{ line: ScriptedLine; questions: () => CoapMessage[] }> {
  const line = start();
  socket.say(request('/rd', { query: `ep=urn:imei:${IMEI}&lt=86400&b=U`, payload: text(objects) }), 4000);
  await clock.advance(1);
  return { line, questions: () => sent().filter(({ code }) => code === '0.01') };
}

test('an LwM2M device is observed at every object that has something to say, one question at a time', async () => {
  const { line, questions } = await lwm2m('</>;rt="oma.lwm2m",</1/0>,</3/0>,</4/0>,</19/0>,</3318/0>,</3311/0>');
  const answer = (payload: Uint8Array, format: number) => {
    const { id, token } = questions().at(-1)!;
    const options = [{ name: 'Content-Format' as const, value: Uint8Array.of(format >> 8, format & 0xff) }];
    socket.say(writeCoap({ type: 'ACK', code: '2.05', id, token, options, payload }), 4000);
    return clock.advance(1);
  };
  expect(questions().map(({ path }) => path)).toEqual(['/19/0/0']);
  await answer(text(`${IMEI} 1 heartbeat`), 42);
  await answer(fromHex('E1157C01')!, 11542);
  expect(questions().at(-1)!.path).toBe('/3311/0');
  await answer(Uint8Array.of(), 11542);
  await answer(fromHex('C10963')!, 11542);
  expect(questions().map(({ path }) => path)).toEqual(['/19/0/0', '/3318/0', '/3311/0', '/3/0', '/4/0']);
  expect(line.said()).toEqual(['smoke link restored', 'smoke heartbeat', 'smoke fire', 'smoke heartbeat']);
  expect(line.committed.map(({ family }) => family)).toEqual(['text/1', 'lwm2m/1', 'lwm2m/1']);
  expect(line.committed.at(-1)!.observations).toEqual([{ what: 'heartbeat', address: {}, battery: { percent: 99 } }]);
  expect(Buffer.from(line.committed[1]!.packet!.subarray(0, 14)).toString()).toBe('/3318/0 11542\n');
});

test('a notification of an object is known by its token after a restart, and confirmed after the commit', async () => {
  const { questions } = await lwm2m('</3318/0>,</3/0>');
  const { token } = questions()[0]!;
  registrations = new Registrations(saved.at(-1)!);
  exchanges = new Exchanges();
  const again = start();
  again.hold();
  const options = [{ name: 'Content-Format' as const, value: Uint8Array.of(0x2d, 0x16) }];
  socket.say(writeCoap({ type: 'CON', code: '2.05', id: 77, token, options, payload: fromHex('E1157C01')! }), 9999);
  await settled();
  expect(socket.sent).toEqual([]);
  again.release();
  await settled();
  expect(again.said()).toContain('smoke fire');
  expect(brief()).toEqual(['ACK 0.00 77']);
});

test('what a registered device sends by itself is known by its address', async () => {
  const { line } = await lwm2m('</3/0>');
  const options = [...pathOf('/dp'), { name: 'Content-Format' as const, value: Uint8Array.of(110) }];
  socket.say(writeCoap({ type: 'CON', code: '0.02', id: 8, options, payload: text('[{"n":"/3318/0/5500","vb":true}]') }), 4000);
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke fire']);
  expect(brief().at(-1)).toBe('ACK 2.04 8');
});

test('an object nobody can read is kept as text', async () => {
  const { line, questions } = await lwm2m('</3318/0>');
  const options = [{ name: 'Content-Format' as const, value: Uint8Array.of(0x2d, 0x16) }];
  socket.say(writeCoap({ type: 'NON', code: '2.05', id: 8, token: questions()[0]!.token, options, payload: Uint8Array.of(0xff) }), 4000);
  await settled();
  expect(line.said()).toEqual(['smoke link restored', 'smoke text undecodable']);
});

const heartbeat = (id: number) => socket.say(request('/t/d', { id, query: `ep=${IMEI}`, payload: text(`${IMEI} ${id} heartbeat`) }), 4000);
const gets = () => sent().filter(({ code, type }) => code === '0.01' && type === 'CON');

test('a sleeping device is asked in the seconds after it spoke, in order, one at a time', async () => {
  start();
  const expiresAtMs = clock.wallMs() + 3_600_000;
  const first = reads.put(IMEI, { path: '/3/0/9', expiresAtMs })!;
  const second = reads.put(IMEI, { path: '/3/0/4', expiresAtMs })!;
  await clock.advance(60_000);
  expect(socket.sent).toEqual([]);
  heartbeat(1);
  await clock.advance(1);
  expect(sent().slice(1)).toMatchObject([{ type: 'CON', code: '0.01', path: '/3/0/9', payload: Uint8Array.of() }]);
  const question = sent()[1]!;
  socket.say(writeCoap({ type: 'ACK', code: '0.00', id: question.id }), 4000);
  await clock.advance(15_000);
  expect(sent()).toHaveLength(2);
  const options = [{ name: 'Content-Format' as const, value: Uint8Array.of() }];
  socket.say(writeCoap({ type: 'CON', code: '2.05', id: 500, token: question.token, options, payload: text('87') }), 4000);
  await clock.advance(1);
  expect(await first.answer).toEqual({ code: '2.05', format: 0, payload: Buffer.from('87'), isCut: false });
  expect(brief().at(-2)).toBe('ACK 0.00 500');
  expect(sent().at(-1)).toMatchObject({ code: '0.01', path: '/3/0/4' });
  socket.say(writeCoap({ type: 'ACK', code: '4.05', id: sent().at(-1)!.id, token: sent().at(-1)!.token }), 4000);
  await clock.advance(1);
  expect(await second.answer).toMatchObject({ code: '4.05' });
  expect(reads.numbers).toEqual({ answered: 1, refused: 1, expired: 0 });
  expect(reads.waiting().size).toBe(0);
});

test('an answer in blocks is asked for to its end, and cut where it is larger than a receipt', async () => {
  start();
  const put = () => reads.put(IMEI, { path: '/3', expiresAtMs: clock.wallMs() + 3_600_000 })!;
  const [whole, endless] = [put(), put()];
  heartbeat(1);
  const answer = async (number: number, more: boolean) => {
    await clock.advance(1);
    const { id, token } = gets().at(-1)!;
    const options = [{ name: 'Block2' as const, value: blockOption({ number, more, size: 1024 }) }];
    socket.say(writeCoap({ type: 'ACK', code: '2.05', id, token, options, payload: Buffer.alloc(more ? 1024 : 5, number) }), 4000);
  };
  await answer(0, true);
  await answer(1, false);
  await clock.advance(1);
  expect(gets()[1]).toMatchObject({ path: '/3', block2: { number: 1, more: false, size: 1024 } });
  expect(await whole.answer).toMatchObject({ isCut: false, payload: Buffer.concat([Buffer.alloc(1024, 0), Buffer.alloc(5, 1)]) });
  for (let number = 0; number < 4; number++) await answer(number, true);
  await clock.advance(1);
  const cut = await endless.answer;
  expect(cut).toMatchObject({ isCut: true, code: '2.05' });
  expect(gets()).toHaveLength(6);
});

test('a device that gave no answer is asked again at its next word, until the read expires', async () => {
  start();
  const { answer, read } = reads.put(IMEI, { path: '/3/0/9', expiresAtMs: clock.wallMs() + 3_600_000 })!;
  heartbeat(1);
  await clock.advance(600_000);
  expect(gets()).toHaveLength(3);
  heartbeat(2);
  await clock.advance(1);
  expect(gets()).toHaveLength(4);
  await clock.advance(3_600_000);
  expect(reads.waiting().size).toBe(0);
  expect(await answer).toBe('expired');
  expect(read.tries).toBe(2);
  expect(reads.numbers.expired).toBe(1);
  heartbeat(3);
  await clock.advance(1);
  expect(gets()).toHaveLength(6);
});

test('no more waits for one device than it can answer', () => {
  const put = () => reads.put(IMEI, { path: '/3', expiresAtMs: clock.wallMs() + 1 })?.read.id ?? null;
  expect(Array.from({ length: 9 }, put)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, null]);
});

test('one address that sends without end is heard at a bounded rate, and no other suffers', async () => {
  start();
  for (let id = 0; id < 1_500; id++) socket.say(request('/elsewhere', { id }), 1, '10.9.9.9');
  socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} 1 fire`) }), 1, '10.0.0.7');
  await settled(2_000);
  expect(counters.unheard.get('too-fast')).toBe(500);
  expect(socket.sent.some(({ from }) => from.address === '10.0.0.7')).toBe(true);
  await clock.advance(1_000);
  socket.say(request('/elsewhere', { id: 9_000 }), 1, '10.9.9.9');
  await settled();
  expect(brief().at(-1)).toBe('ACK 4.04 9000');
});

test('silence of a device becomes a lost link', async () => {
  const line = start();
  socket.say(request('/t/d', { query: `ep=${IMEI}`, payload: text(`${IMEI} 1 heartbeat`) }), 1);
  await clock.advance(90_000_000);
  expect(line.said()).toEqual(['smoke link restored', 'smoke heartbeat', 'smoke link lost']);
});

test('law: no datagram, whole or broken, stops the server', async () => {
  const line = start();
  const good = request('/t/d', { query: `ep=${IMEI}`, payload: text('- - fire') });
  const broken = fc
    .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => good.map((byte, index) => (index === at ? byte ^ mask : byte)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 40 }), broken), async (bytes) => {
      socket.say(Uint8Array.from(bytes), 1);
    }),
    { numRuns: 3_000 },
  );
  await settled(10_000);
  await clock.advance(10_000);
  expect(line.failure).toBeUndefined();
  socket.say(request('/t/d', { id: 0xfffe, query: `ep=${IMEI}`, payload: text(`${IMEI} 77 fire`) }), 2);
  await clock.advance(1_000);
  expect(socket.sent.filter(({ from }) => from.port === 2)).toHaveLength(1);
});

test('the file of registrations is whole or the one before, and a damaged one is put aside', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-registrations-'));
  const path = join(folder, 'coap.json');
  const file = registrationFile(path);
  expect(await file.load()).toEqual([]);
  const one: Registration = {
    endpoint: IMEI,
    style: 'telemetry',
    token: '0011223344556677',
    observes: ['/t/d'],
    from: { address: '1.2.3.4', port: 5 },
    registeredMs: 6,
    heardMs: 7,
  };
  await file.save([one]);
  expect(await file.load()).toEqual([one]);
  expect(await readdir(folder)).toEqual(['coap.json']);
  await writeFile(path, '[{"endpoint":');
  expect(await file.load()).toEqual([]);
  const [aside] = await asidesOf(path);
  expect(await readFile(aside!, 'utf8')).toBe('[{"endpoint":');
  await rm(folder, { recursive: true });
  await expect(file.save([one])).rejects.toMatchObject({ code: 'registrations-unwritable' });
});
