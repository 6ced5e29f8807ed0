import { Links, type Observation, type TalkingFamily, toHex } from '@fengsui/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { correspondent } from './correspondents.ts';
import { LineCounters } from './driver.ts';
import { ManualClock, ScriptedLine, ScriptedWire, settled } from './rehearsal.ts';
import { driveTalking } from './talking.ts';

/** A panel of three-byte packets: AA, a code, the sum of both. Code 0 is its heartbeat, 1 to 239 a fire at that point; 255 an echo. */
function family(over: Partial<TalkingFamily> = {}): TalkingFamily {
  const observations = (code: number): Observation[] => (code === 0 ? [] : [{ what: 'fire', address: { point: code } }]);
  return {
    shape: 'talks',
    name: 'three',
    version: 1,
    title: { en: 'three bytes', zh: '三字节' },
    tier: 3,
    basis: 'made for these tests',
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: {
      maxBytes: 3,
      measure(bytes, from, to) {
        if (bytes[from] !== 0xaa) return { why: 'no-start', claimedBytes: 1 };
        if (to - from < 3) return 'more';
        return bytes[from + 2] === ((0xaa + bytes[from + 1]!) & 0xff) ? 3 : { why: 'checksum', claimedBytes: 3 };
      },
    },
    decode: (packet) => ({
      fields: {},
      observations: observations(packet[1]!),
      ...(packet[1] === 255 ? { fromHost: true as const } : {}),
    }),
    answer: (packet) => (packet[1] === 255 ? null : Uint8Array.of(0x06, packet[1]!, 0)),
    resync: (packet, step) => (step < 2 && packet[1] === 0 ? Uint8Array.of(0x06, 0, step + 1) : null),
    emits: [{ en: 'answer', zh: '应答', bytes: '06 ?? ??' }],
    neverSent: [],
    gapMs: 100,
    silenceMs: 10_000,
    play: { say: () => null },
    ...over,
  };
}
const packet = (code: number) => Uint8Array.of(0xaa, code, (0xaa + code) & 0xff);

let clock: ManualClock;
let wire: ScriptedWire;
let counters: LineCounters;
let links: Links;
const stop = new AbortController();

function start(over: Partial<TalkingFamily> = {}, panel = correspondent('panel', family(over))): ScriptedLine {
  links ??= new Links([{ name: 'panel', family: 'three/1', silenceMs: panel.family.silenceMs }], clock);
  return new ScriptedLine(driveTalking({ wire, panel, clock, signal: stop.signal, counters, links, zoneMinutes: 480 }));
}

beforeEach(() => {
  clock = new ManualClock();
  wire = new ScriptedWire();
  counters = new LineCounters();
  links = undefined as unknown as Links;
});

test('a fire is answered only after it is durable', async () => {
  const line = start();
  line.hold();
  wire.say(packet(5));
  await settled();
  expect(line.waiting).toHaveLength(1);
  expect(wire.written).toEqual([]);
  line.release();
  await settled();
  expect(line.said()).toEqual(['panel link restored', 'panel fire']);
  expect(line.committed[0]).toMatchObject({ device: 'panel', family: 'three/1', packet: packet(5), heardMs: clock.wallMs() });
  expect(wire.written.map(toHex)).toEqual(['060500']);
});

test('when the journal refuses, no answer leaves and the repeated fire is heard again', async () => {
  const panel = correspondent('panel', family({ repeatMs: 60_000 }));
  const first = start({}, panel);
  first.refuse();
  wire.say(packet(5));
  await first.done;
  expect(wire.written).toEqual([]);
  wire = new ScriptedWire();
  const second = start({}, panel);
  wire.say(packet(5));
  await settled();
  expect(second.said()).toContain('panel fire');
  expect(wire.written).toHaveLength(1);
});

test('a packet with nothing to keep is answered while the journal hangs', async () => {
  const line = start();
  wire.say(packet(0));
  await settled();
  line.hold();
  expect(wire.written).toHaveLength(1);
  expect(line.said()).toEqual(['panel link restored']);
});

test('packets keep their order and the second waits for the first', async () => {
  const line = start();
  line.hold();
  wire.say(Uint8Array.of(...packet(1), ...packet(2), ...packet(3)));
  await settled();
  expect(line.waiting.flatMap(({ observations }) => observations.map(({ address }) => address.point))).toEqual([undefined, 1]);
  line.release();
  await settled();
  expect(line.committed.flatMap(({ packet }) => packet?.[1])).toEqual([1, 2, 3]);
  expect(wire.written.map((bytes) => bytes[1])).toEqual([1, 2, 3]);
});

test('everything is asked for again, question by question, where the family knows a place to ask', async () => {
  start();
  wire.say(packet(5));
  for (let patrol = 0; patrol < 3; patrol++) wire.say(packet(0));
  await settled();
  expect(wire.written.map(toHex)).toEqual(['060500', '060001', '060002', '060000']);
});

test('a family that can answer a patrol without confirming anything answers it while a fire waits for the journal', async () => {
  const alive: Partial<TalkingFamily> = {
    decode: ([, code]) => ({
      fields: {},
      observations: [code === 0 ? { what: 'link', address: {} } : { what: 'fire', address: { point: code! } }],
    }),
    meanwhile: (packet) => (packet[1] === 0 ? Uint8Array.of(0x06, 0, 0) : null),
    answer: () => Uint8Array.of(0x06, 1, 1),
    resync: () => null,
  };
  const line = start(alive);
  wire.say(packet(0));
  await settled();
  line.hold();
  wire.say(packet(7));
  for (let patrol = 0; patrol < 20; patrol++) {
    await clock.advance(1_000);
    wire.say(packet(0));
    await settled();
    expect(wire.written).toHaveLength(patrol + 2);
  }
  wire.say(packet(9));
  await settled();
  expect(line.waiting.flatMap(({ observations }) => observations.map(({ what }) => what))).toEqual(['fire']);
  line.release();
  await settled();
  // The panel was heard all the time: its link is not lost, and its fires keep their order.
  expect(line.said()).toEqual(['panel link restored', 'panel link', 'panel fire', 'panel fire']);
  expect(line.committed.map(({ packet }) => packet?.[1])).toEqual([0, 7, 9]);
  expect(wire.written.map(toHex)).toEqual(['060101', ...new Array(20).fill('060000'), '060101', '060101']);
});

test('a code that nobody can read is seen once, not as often as it is repeated, and hides no other code', async () => {
  const odd: Partial<TalkingFamily> = {
    decode: () => ({ fields: {}, observations: [{ what: 'text', address: {}, detail: 'undecodable' }], remarks: ['unknown'] }),
  };
  const line = start(odd);
  for (let copy = 0; copy < 5; copy++) wire.say(packet(3));
  await settled();
  expect(line.said()).toEqual(['panel link restored', 'panel text undecodable']);
  expect(counters.unheard.get('undecodable')).toBe(5);
  for (let code = 10; code < 110; code++) wire.say(packet(code));
  await settled();
  expect(line.said().filter((word) => word.includes('text'))).toHaveLength(101);
  expect(counters.unheard.get('undecodable')).toBe(105);
  await clock.advance(3_600_000);
  wire.say(packet(3));
  await settled();
  expect(line.said().at(-1)).toBe('panel text undecodable');
});

test('an interface that does not reach its panel is one trouble, no sign of life, and over with the panel’s next word', async () => {
  const stuck: Partial<TalkingFamily> = {
    decode: ([, code]) =>
      code === 1
        ? { fields: {}, observations: [{ what: 'fault', address: {}, detail: 'card' }], stuck: true }
        : { fields: {}, observations: [] },
    answer: () => null,
    resync: () => null,
  };
  const line = start(stuck);
  wire.say(packet(0));
  await settled();
  for (let second = 0; second < 12; second++) {
    wire.say(packet(1));
    await clock.advance(1_000);
  }
  expect(line.said()).toEqual(['panel link restored', 'panel fault card', 'panel link lost']);
  expect(counters.unheard.get('stuck')).toBe(12);
  wire.say(packet(0));
  await settled();
  expect(line.said().slice(3)).toEqual(['panel link restored', 'panel fault-restored card']);
  wire.say(packet(1));
  wire.say(packet(0));
  await settled();
  expect(line.said()).toHaveLength(5);
});

test('noise is counted by its reason, kept, and the good packet behind it is heard', async () => {
  const line = start();
  wire.say(Uint8Array.of(1, 2, 0xaa, 7, 0, ...packet(9)));
  await settled();
  expect(line.said()).toContain('panel fire');
  expect(Object.fromEntries(counters.unheard)).toEqual({ 'no-start': 1, checksum: 1 });
  expect(counters.noise.map(({ bytes }) => toHex(bytes))).toEqual(['0102', 'aa0700']);
});

test('a gap ends a packet that never completes', async () => {
  start();
  wire.say(Uint8Array.of(0xaa, 3));
  await clock.advance(99);
  expect(counters.unheard.size).toBe(0);
  await clock.advance(1);
  expect(Object.fromEntries(counters.unheard)).toEqual({ length: 1 });
});

test('a packet in two pieces is one packet when the gap is short enough', async () => {
  const line = start();
  wire.say(packet(3).subarray(0, 2));
  await clock.advance(50);
  wire.say(packet(3).subarray(2));
  await settled();
  expect(line.said()).toContain('panel fire');
});

test('silence becomes a lost link once, and the next word restores it', async () => {
  const line = start();
  wire.say(packet(0));
  await clock.advance(9_999);
  expect(line.said()).toEqual(['panel link restored']);
  await clock.advance(1);
  await clock.advance(100_000);
  expect(line.said()).toEqual(['panel link restored', 'panel link lost']);
  wire.say(packet(7));
  await settled();
  expect(line.said().slice(2)).toEqual(['panel link restored', 'panel fire']);
});

test('noise is no sign of life', async () => {
  const line = start();
  for (let second = 0; second < 10; second++) {
    wire.say(Uint8Array.of(1));
    await clock.advance(1_000);
  }
  expect(line.said()).toEqual(['panel link lost']);
});

test('copies of a packet within the repeat time are one, and each is answered', async () => {
  const line = start({ repeatMs: 1_000 });
  for (let copy = 0; copy < 3; copy++) wire.say(packet(5));
  await settled();
  expect(line.said().filter((word) => word.endsWith('fire'))).toHaveLength(1);
  expect(wire.written).toHaveLength(3);
  expect(counters.unheard.get('repeat')).toBe(2);
  await clock.advance(1_000);
  wire.say(packet(5));
  await settled();
  expect(line.said().filter((word) => word.endsWith('fire'))).toHaveLength(2);
});

test('a fire of the same second is a new one after a reset, and only then', async () => {
  const dated: Partial<TalkingFamily> = {
    decode: ([, code]) => ({ fields: {}, observations: [{ what: code === 200 ? 'reset' : 'fire', address: {} }] }),
    identity: (bytes) => ({ key: toHex(bytes), deviceTime: '2026-10-01T08:00:00' }),
  };
  const line = start(dated);
  for (const code of [5, 5, 200, 5, 5]) wire.say(packet(code));
  await settled();
  expect(line.said()).toEqual(['panel link restored', 'panel fire', 'panel reset', 'panel fire']);
  // The second has ids of its own: it is not the first once more.
  expect(line.committed.map(({ eventIdOf }) => eventIdOf !== undefined)).toEqual([true, true, false]);
});

test('what the host sent and hears back is no word of the device', async () => {
  const line = start();
  wire.say(packet(255));
  await settled();
  expect(line.committed).toEqual([]);
  expect(counters.unheard.get('echo')).toBe(1);
});

test('a panel that must be polled is polled at its pace, never into a packet', async () => {
  const turns: number[] = [];
  start({
    poll: {
      packet: (turn) => {
        turns.push(turn);
        return Uint8Array.of(6, 0, 0);
      },
      everyMs: 1_000,
    },
  });
  await clock.advance(2_500);
  expect(turns).toEqual([0, 1, 2]);
  await clock.advance(450);
  wire.say(Uint8Array.of(0xaa));
  await clock.advance(99);
  expect(turns).toEqual([0, 1, 2]);
  await clock.advance(1);
  expect(turns).toEqual([0, 1, 2, 3]);
});

test('a panel that has an address on its line is polled by it', async () => {
  const polled: Partial<TalkingFamily> = { poll: { packet: (_, unit = 1) => Uint8Array.of(6, 0, unit), everyMs: 1_000 } };
  start(polled, correspondent('panel', family(polled), 9));
  await settled();
  expect(wire.written.map(toHex)).toEqual(['060009']);
});

test('bytes that the family does not list as its own never reach the wire', async () => {
  const line = start({ answer: () => Uint8Array.of(0x82, 1) });
  wire.say(packet(5));
  await line.done;
  expect(line.failure).toBeInstanceOf(Error);
  expect(wire.written).toEqual([]);
});

test('a wire that fails ends the driver with that failure, a wire that finishes ends it quietly', async () => {
  const failing = start();
  wire.end(new Error('unplugged'));
  await failing.done;
  expect(failing.failure).toEqual(new Error('unplugged'));
  wire = new ScriptedWire();
  const ending = start();
  wire.end();
  await ending.done;
  expect(ending.ended).toBe(true);
});

test('law: whatever is cut, glued or mixed with noise, every good packet is heard once, in order, and answered', async () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }).map((code) => ({ code, bytes: packet(code) })) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => ({ code: 0, bytes: bytes.map((byte) => byte & 0x7f) })) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      async (pieces, cuts) => {
        clock = new ManualClock();
        wire = new ScriptedWire();
        links = undefined as unknown as Links;
        const line = start();
        const stream = pieces.flatMap(({ bytes }) => [...bytes]);
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length]!;
          wire.say(Uint8Array.from(stream.slice(at, at + length)));
          at += length;
        }
        wire.end();
        await line.done;
        const expected = pieces.filter(({ code }) => code > 0).map(({ code }) => code);
        expect(line.committed.map(({ packet }) => packet?.[1])).toEqual(expected);
        expect(wire.written.map((bytes) => bytes[1])).toEqual(expected);
      },
    ),
    { numRuns: 100 },
  );
});
