import { answerModbus, Links, type PolledFamily, readModbusPacket, sealModbus, toHex } from '@fengsui/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { LineCounters } from './driver.ts';
import { isReading, type ModbusForm } from './modbus.ts';
import { drivePolled, slowestLossMs } from './polled.ts';
import { PolledUnit } from './polled-unit.ts';
import { ManualClock, ScriptedLine, ScriptedWire } from './rehearsal.ts';

const at = (name: string, register: number) =>
  ({ name, title: { en: name, zh: name }, function: 3, register, type: 'u16', quantity: 'pressure-kpa' }) as const;

const FAMILY: PolledFamily = {
  shape: 'polled',
  name: 'sensor',
  version: 1,
  title: { en: 'sensor', zh: '传感器' },
  tier: 3,
  basis: 'made for these tests',
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  points: [
    at('five', 5),
    at('nine', 9),
    { name: 'state', title: { en: 'state', zh: '状态' }, function: 4, register: 0, type: 'u16', says: { bits: { 0: 'fire', 1: 'fault' } } },
    {
      name: 'contact-1',
      title: { en: 'contact', zh: '触点' },
      function: 2,
      register: 0,
      type: 'bit',
      quantity: 'contact',
      address: { channel: 1 },
    },
  ],
  readMax: 10,
  pollEveryMs: 1_000,
  answerTimeoutMs: 500,
  lostAfterMisses: 3,
  decode: () => ({ fields: {}, observations: [] }),
};

let clock: ManualClock;
let wire: ScriptedWire;
let counters: LineCounters;
let links: Links;
let units: PolledUnit[];
/** Registers of every unit by `function register`; what is not there is refused. */
let image: Map<string, number>;
/** How long the next answers take; Infinity: the request is lost. */
let delays: number[];

function start(form: ModbusForm = 'rtu', registers: string[][] = [['five', 'nine']], jumps?: Map<string, number>): ScriptedLine {
  units = registers.map(
    (names, index) =>
      new PolledUnit(
        { name: `s${index + 1}`, family: FAMILY, unit: index + 1, registers: names, ...(jumps ? { jumps } : {}) },
        clock.monotonicMs(),
      ),
  );
  links = new Links(
    units.map(({ device: { name } }) => ({ name, family: 'sensor/1', silenceMs: 60_000 })),
    clock,
  );
  wire.onWrite = (sent) => void slave(form, sent);
  return new ScriptedLine(drivePolled({ wire, form, units, links, clock, signal: new AbortController().signal, counters }));
}

/** A slave that answers one request after the other, however late. */
let busyUntilMs = 0;
async function slave(form: ModbusForm, sent: Uint8Array): Promise<void> {
  const request = form === 'rtu' ? sent : sealModbus([...sent.subarray(6)]);
  const delayMs = delays.shift() ?? 10;
  if (delayMs === Number.POSITIVE_INFINITY) return;
  const reply = answerModbus(request, request[0]!, (fn, register) => image.get(`${fn} ${register}`));
  if (!reply) return;
  const answerMs = Math.max(busyUntilMs, clock.monotonicMs()) + delayMs;
  busyUntilMs = answerMs;
  await clock.sleep(answerMs - clock.monotonicMs());
  const body = reply.subarray(0, -2);
  wire.say(form === 'rtu' ? reply : Uint8Array.of(sent[0]!, sent[1]!, 0, 0, 0, body.length, ...body));
}

function values(line: ScriptedLine, register: string) {
  return line.committed.flatMap(({ observations }) =>
    observations.filter((said) => said.register === register).map(({ value, quality }) => (quality ? `${value} ${quality}` : value)),
  );
}

beforeEach(() => {
  clock = new ManualClock();
  wire = new ScriptedWire();
  counters = new LineCounters();
  busyUntilMs = 0;
  delays = [];
  image = new Map([
    ['3 5', 55],
    ['3 6', 66],
    ['3 9', 99],
    ['4 0', 0],
    ...Array.from({ length: 16 }, (_, bit) => [`2 ${bit}`, 1] as [string, number]),
  ]);
});

for (const form of ['rtu', 'tcp'] as const) {
  test(`every point has its own value, poll after poll (${form})`, async () => {
    const line = start(form);
    await clock.advance(3_500);
    expect(values(line, 'five')).toEqual([55, 55, 55, 55]);
    expect(values(line, 'nine')).toEqual([99, 99, 99, 99]);
    expect(line.said()[0]).toBe('s1 link restored');
    expect(counters.unheard.size).toBe(0);
  });

  test(`a late reply never becomes the value of another point (${form})`, async () => {
    const line = start(form);
    // The first question is answered after 700 ms, when it is no longer waited for; then the slave is quick again.
    delays = [700];
    await clock.advance(20_000);
    expect(new Set(values(line, 'five'))).toEqual(new Set([55]));
    expect(new Set(values(line, 'nine'))).toEqual(new Set([99]));
    expect(counters.unheard.get('timeout')).toBe(1);
    expect(counters.unheard.get('late')).toBe(1);
  });
}

test('a reply that is later than the rest after a time-out does not shift all replies behind it by one', async () => {
  const line = start();
  delays = [2_100, 100, 100, 100];
  await clock.advance(20_000);
  expect(new Set(values(line, 'nine'))).toEqual(new Set([99]));
});

test('law: however late, lost or refused the replies of a slave are, no point ever shows another value than its own', async () => {
  const delay = fc.oneof(
    { weight: 3, arbitrary: fc.constant(10) },
    fc.integer({ min: 0, max: 9_000 }),
    fc.constant(Number.POSITIVE_INFINITY),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(delay, { maxLength: 12 }), fc.boolean(), async (late, refuses) => {
      clock = new ManualClock();
      wire = new ScriptedWire();
      counters = new LineCounters();
      busyUntilMs = 0;
      delays = [...late];
      if (refuses) image.delete('3 6');
      const line = start('rtu', [['five', 'nine', 'contact-1'], ['nine']]);
      // A slave that answers one by one can fall behind by all its delays; each stays below the slowest answer we believe in.
      fc.pre(late.reduce((sum, ms) => sum + (Number.isFinite(ms) ? ms : 0), 0) < 9_000);
      await clock.advance(60_000);
      for (const value of values(line, 'five')) expect(['55', '55 stale', 'null stale']).toContain(String(value));
      for (const value of values(line, 'nine')) expect(['99', '99 stale', 'null stale']).toContain(String(value));
      expect(values(line, 'five').at(-1)).toBe(55);
      expect(values(line, 'nine').at(-1)).toBe(99);
    }),
    { numRuns: 100 },
  );
});

test('after a time-out the line rests for three answer times', async () => {
  start('rtu', [['five'], ['nine']]);
  delays = [Number.POSITIVE_INFINITY];
  await clock.advance(1_999);
  expect(wire.written).toHaveLength(1);
  await clock.advance(1);
  expect(wire.written).toHaveLength(2);
  expect(wire.written[1]![0]).toBe(2);
});

test.each([1, 6])('%i dead units beside one that answers are told as lost before anybody may take the driver for hung', async (dead) => {
  const line = start(
    'rtu',
    Array.from({ length: dead + 1 }, () => ['five']),
  );
  wire.onWrite = (sent) => {
    if (sent[0] === dead + 1) void slave('rtu', sent);
  };
  const families = units.map(({ device }) => device.family);
  await clock.advance(FAMILY.pollEveryMs * (FAMILY.lostAfterMisses + 1) + slowestLossMs(families));
  const lost = line.said().filter((said) => said.endsWith('link lost'));
  expect(lost.toSorted()).toEqual(Array.from({ length: dead }, (_, index) => `s${index + 1} link lost`));
});

test('two missed polls say stale once, more say lost once, an answer says restored', async () => {
  const line = start('tcp', [['five']]);
  await clock.advance(500);
  wire.onWrite = () => {};
  await clock.advance(60_000);
  expect(line.said()).toEqual(['s1 link restored', 's1 reading', 's1 reading', 's1 link lost']);
  expect(values(line, 'five')).toEqual([55, '55 stale']);
  wire.onWrite = (sent) => void slave('tcp', sent);
  await clock.advance(30_000);
  expect(line.said().slice(4, 6)).toEqual(['s1 link restored', 's1 reading']);
});

test('a dead unit does not keep the others from being polled', async () => {
  const line = start('rtu', [['five'], ['nine']]);
  wire.onWrite = (sent) => void (sent[0] === 2 && slave('rtu', sent));
  await clock.advance(60_000);
  expect(links.standings().get('s1')).toBe('lost');
  expect(values(line, 'nine').filter((value) => value === 99).length).toBeGreaterThan(40);
});

test('a state register says what changed, with the reply as evidence', async () => {
  const line = start('rtu', [['state']]);
  await clock.advance(1_500);
  image.set('4 0', 0b11);
  await clock.advance(1_000);
  image.set('4 0', 0b10);
  await clock.advance(1_000);
  expect(line.said().slice(1, 3)).toEqual(['s1 restored fire', 's1 fault-restored fault']); // news where an earlier run heard them begin
  expect(line.said().slice(3)).toEqual(['s1 fire', 's1 fault', 's1 restored fire']);
  expect(toHex(line.committed.filter(({ packet }) => packet)[0]!.packet!)).toBe(toHex(sealModbus([1, 4, 2, 0, 3])));
});

test('a change the journal refused is said again by the next driver of the line', async () => {
  image.set('4 0', 1);
  const line = start('rtu', [['state']]);
  line.refuse();
  await clock.advance(1_000);
  await line.done;
  wire = new ScriptedWire();
  wire.onWrite = (sent) => void slave('rtu', sent);
  const again = new ScriptedLine(drivePolled({ wire, form: 'rtu', units, links, clock, signal: new AbortController().signal, counters }));
  await clock.advance(2_000);
  expect(again.said()).toContain('s1 fire');
});

test('a register the device refuses is a failed sensor, not a dead device', async () => {
  image.delete('3 9');
  const line = start();
  await clock.advance(500);
  expect(values(line, 'five')).toEqual([55]);
  expect(values(line, 'nine')).toEqual(['null sensor-failed']);
  expect(counters.unheard.get('refused')).toBe(1);
});

test('a value that jumped beyond physics is held back, asked for again at once, and believed when a second read agrees', async () => {
  const line = start('rtu', [['five']], new Map([['five', 10]]));
  await clock.advance(500);
  image.set('3 5', 500);
  await clock.advance(1_000);
  image.set('3 5', 57);
  await clock.advance(1_000);
  expect(values(line, 'five')).toEqual([55, 57]);
  expect(counters.unheard.get('doubted')).toBe(1);
  image.set('3 5', 300);
  await clock.advance(2_500);
  image.set('3 5', 305);
  await clock.advance(2_000);
  expect(values(line, 'five').slice(2)[0]).toBe(300);
  expect(values(line, 'five').at(-1)).toBe(305);
});

test('values that jump about without ever agreeing are handed on as not to be believed', async () => {
  const line = start('rtu', [['five']], new Map([['five', 10]]));
  await clock.advance(500);
  for (const value of [500, 800, 100, 400]) {
    image.set('3 5', value);
    await clock.advance(1_000);
  }
  image.set('3 5', 56);
  await clock.advance(2_000);
  expect(values(line, 'five').slice(0, 4)).toEqual([55, '800 out-of-range', '100 out-of-range', '400 out-of-range']);
  expect(values(line, 'five').at(-1)).toBe(56);
});

test('a refusal with a bare 80 is a refusal', async () => {
  start('rtu', [['five']]);
  wire.onWrite = () => wire.say(sealModbus([1, 0x80, 3]));
  await clock.advance(200);
  expect(counters.unheard.get('refused')).toBe(1);
});

test('noise and echoes around a reply do not hide it', async () => {
  const line = start('rtu', [['five']]);
  wire.onWrite = (sent) => {
    wire.say(sent);
    wire.say(Uint8Array.of(0xff, 0x00));
    void slave('rtu', sent);
  };
  await clock.advance(500);
  expect(values(line, 'five')).toEqual([55]);
  expect(counters.unheard.get('garbled')).toBeGreaterThan(0);
});

test('only reading functions ever reach the wire', async () => {
  start('rtu', [['five', 'nine', 'state', 'contact-1']]);
  delays = [Number.POSITIVE_INFINITY];
  await clock.advance(10_000);
  for (const sent of wire.written) expect(readModbusPacket(sent)).toMatchObject({ kind: 'request' });
  for (let fn = 0; fn < 256; fn++) expect(isReading(Uint8Array.of(1, fn, 0, 0, 0, 1, 0, 0))).toBe(fn >= 1 && fn <= 4);
});

test('a wire that fails in the middle of a read ends the driver with that failure', async () => {
  const line = start();
  wire.onWrite = () => wire.end(new Error('unplugged'));
  await clock.advance(1_000);
  await line.done;
  expect(line.failure).toEqual(new Error('unplugged'));
});
