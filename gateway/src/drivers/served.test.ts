import { Links, type TalkingFamily, toHex } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { decodeFrame, encodeFrame, encodeUnit, parseTimeTag } from '@fengsui/protocol/gb26875';
import { beforeEach, describe, expect, test } from 'vitest';
import { fail } from '../failures.ts';
import { Correspondents } from './correspondents.ts';
import { LineCounters } from './driver.ts';
import { ManualClock, ScriptedLine, ScriptedServer, ScriptedSocket, settled } from './rehearsal.ts';
import { driveDatagrams, driveServer, patienceWith } from './served.ts';

const FAMILY = FAMILIES.get('gb26875') as TalkingFamily;
const FOUR_FAITH = FAMILY.dialects!.get('four-faith')!;
const TIME = parseTimeTag('2026-10-01T08:00:00');

/** 部件运行状态: fire at one component. `text` may hold anything, start and end characters included. */
function fire(serial: number, source: number, address: number, text: readonly number[] = []): Uint8Array {
  const object = {
    ...{ systemType: 1, systemAddress: 1, componentType: 40, componentAddress: address, status: 2, time: TIME },
    text: Uint8Array.from({ length: 31 }, (_, index) => text[index] ?? 0x20),
  };
  return frame(serial, source, encodeUnit({ type: 2, count: 1, objects: [object] }));
}

function frame(serial: number, source: number, unit: Uint8Array, command = 2): Uint8Array {
  return encodeFrame({ serial, mainVersion: 1, userVersion: 1, time: TIME, source, destination: 20, command }, unit);
}

const confirmed = (bytes: Uint8Array) => ({ serial: decodeFrame(bytes).control.serial, command: decodeFrame(bytes).control.command });

let clock: ManualClock;
let counters: LineCounters;
let server: ScriptedServer;
let socket: ScriptedSocket;
let correspondents: Correspondents;
let links: Links;
let silenceMs: number;
const stop = new AbortController();

beforeEach(() => {
  silenceMs = 240_000;
  clock = new ManualClock(Date.UTC(2026, 9, 1, 0, 0, 0));
  counters = new LineCounters();
  server = new ScriptedServer();
  socket = new ScriptedSocket();
  const devices = [
    { name: 'utd-1', family: FAMILY, device: '010000000000' },
    { name: 'utd-2', family: FAMILY, device: '020000000000' },
    { name: 'card', family: FOUR_FAITH, device: '0725518012FF' },
  ];
  correspondents = new Correspondents(devices, FAMILY);
  links = new Links(
    devices.map(({ name }) => ({ name, family: 'gb26875/1', silenceMs: 240_000 })),
    clock,
  );
});

const line = () => ({ correspondents, links, zoneMinutes: 480, clock, signal: stop.signal, counters });
const startServer = () => new ScriptedLine(driveServer({ ...line(), server, patienceMs: patienceWith(silenceMs) }));
const startDatagrams = () => new ScriptedLine(driveDatagrams({ ...line(), wire: socket }));

describe('a connection', () => {
  test('over which no byte comes is left behind by its device, and let go', async () => {
    startServer();
    const wire = server.call();
    server.call();
    wire.say(fire(7, 1, 5));
    await clock.advance(899_000);
    expect(counters.unheard.get('mute')).toBeUndefined();
    await clock.advance(1_000);
    expect(counters.unheard.get('mute')).toBe(2);
  });

  test('of a device that the site lets be silent for longer stands for one and a half of its silences', async () => {
    silenceMs = 3_600_000;
    startServer();
    server.call().say(fire(7, 1, 5));
    await clock.advance(5_399_000);
    expect(counters.unheard.get('mute')).toBeUndefined();
    await clock.advance(1_000);
    expect(counters.unheard.get('mute')).toBe(1);
  });

  test('that a data terminal keeps alive with bytes of its own stands, before the first packet and after it', async () => {
    const line = startServer();
    const wire = server.call();
    const keepAlive = async () => {
      for (let minute = 0; minute < 60; minute++) {
        wire.say(Uint8Array.of(0xfe));
        await clock.advance(60_000);
      }
    };
    await keepAlive();
    wire.say(fire(7, 1, 5));
    await keepAlive();
    wire.say(fire(8, 1, 6));
    await settled();
    expect(line.said().filter((word) => word.endsWith('fire'))).toHaveLength(2);
    expect(counters.unheard.get('mute')).toBeUndefined();
  });
});

describe('what a device counts and dates itself', () => {
  /** The ids a normalizer would give to events of these, by what they are about. */
  const idsOf = (line: ScriptedLine) =>
    line.committed.flatMap(({ eventIdOf }) => [eventIdOf?.(0, 'fire|began'), eventIdOf?.(0, 'link|ended')]);

  test('makes the same events in the next run: a frame that got no confirmation before a kill is no second fire', async () => {
    const first = startServer();
    server.call().say(fire(7, 1, 5));
    await settled();
    const [id, link] = idsOf(first);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(link).toBeUndefined();
    // The process is killed and starts again: nothing is remembered but what the journal holds.
    const devices = [{ name: 'utd-1', family: FAMILY, device: '010000000000' }];
    correspondents = new Correspondents(devices, FAMILY);
    server = new ScriptedServer();
    const second = startServer();
    const wire = server.call();
    wire.say(fire(7, 1, 5));
    wire.say(fire(8, 1, 5));
    await settled();
    expect(idsOf(second)[0]).toBe(id);
    expect(idsOf(second)[2]).not.toBe(id);
    expect(wire.written).toHaveLength(2);
  });

  test('tells nothing where its clock was never set', async () => {
    clock = new ManualClock(Date.UTC(2027, 0, 1));
    const line = startServer();
    const wire = server.call();
    wire.say(fire(7, 1, 5));
    await settled();
    expect(idsOf(line)).toEqual([undefined, undefined]);
  });
});

describe('devices that connect to us', () => {
  test('are known by the source address in their frames, and confirmed after the commit with the time of the site', async () => {
    const line = startServer();
    const wire = server.call();
    line.hold();
    wire.say(fire(7, 1, 0x00020001));
    await settled();
    expect(line.waiting).toHaveLength(1);
    expect(wire.written).toEqual([]);
    line.release();
    await settled();
    expect(line.said()).toEqual(['utd-1 link restored', 'utd-1 fire']);
    expect(line.committed[0]?.observations[1]?.address).toEqual({ device: '010000000000', controller: 1, point: 0x00020001 });
    expect(confirmed(wire.written[0]!)).toEqual({ serial: 7, command: 3 });
    expect(toHex(wire.written[0]!.subarray(6, 12))).toBe('000008010a1a');
  });

  test('that nobody configured make events all the same, under the name of their address', async () => {
    const line = startServer();
    const wire = server.call();
    wire.say(fire(7, 99, 5));
    await settled();
    expect(line.said()).toEqual(['unknown-630000000000 fire']);
    expect(wire.written).toHaveLength(1);
    expect(counters.unheard.get('unknown-device')).toBe(1);
  });

  test('are named up to a number, a flood of made-up addresses is counted and not confirmed', async () => {
    const line = startServer();
    const wire = server.call();
    for (let source = 1_000; source < 1_300; source++) wire.say(fire(1, source, 5));
    wire.say(fire(1, 1, 5));
    await settled(3_000);
    expect(wire.written).toHaveLength(257);
    expect(counters.unheard.get('too-many')).toBe(44);
    expect(line.said()).toContain('utd-1 fire');
  });

  test('start and end characters inside a frame are data, wherever the stream is split', async () => {
    const bytes = fire(0x4040, 1, 5, [0x23, 0x23, 0x40, 0x40, 0x23, 0x23, 0x40, 0x40, 0x02]);
    for (let at = 1; at < bytes.length; at++) {
      server = new ScriptedServer();
      counters = new LineCounters();
      const line = startServer();
      const wire = server.call();
      wire.say(bytes.subarray(0, at));
      await settled();
      wire.say(bytes.subarray(at));
      await clock.advance(60_000);
      expect(line.said().filter((word) => word.endsWith('fire'))).toEqual(['utd-1 fire']);
      expect(wire.written.map(confirmed)).toEqual([{ serial: 0x4040, command: 3 }]);
      expect(counters.unheard.size).toBe(0);
    }
  });

  test('a frame sent three times is one alarm and three confirms, also when it comes over another connection', async () => {
    const line = startServer();
    const first = server.call();
    const second = server.call();
    line.hold();
    first.say(fire(7, 1, 5));
    second.say(fire(7, 1, 5));
    await settled();
    line.release();
    await settled();
    first.say(fire(7, 1, 5));
    await settled();
    expect(line.said()).toEqual(['utd-1 link restored', 'utd-1 fire']);
    expect([first.written.length, second.written.length]).toEqual([2, 1]);
    expect(counters.unheard.get('repeat')).toBe(2);
  });

  test('the same words with another serial, or after four time-outs, are another alarm', async () => {
    const line = startServer();
    const wire = server.call();
    wire.say(fire(7, 1, 5));
    wire.say(fire(8, 1, 5));
    await clock.advance(40_000);
    wire.say(fire(7, 1, 5));
    await settled();
    expect(line.said().filter((word) => word.endsWith('fire'))).toHaveLength(3);
    expect(wire.written).toHaveLength(3);
  });

  test('two frames in one chunk are stored in order, however slow the journal is', async () => {
    const line = startServer();
    const wire = server.call();
    line.hold();
    wire.say(Uint8Array.of(...fire(1, 1, 5), ...fire(2, 1, 6)));
    await settled();
    expect(line.waiting).toHaveLength(1);
    line.release();
    await settled();
    expect(line.committed.map(({ observations }) => observations.at(-1)?.address.point)).toEqual([5, 6]);
    expect(wire.written.map((bytes) => confirmed(bytes).serial)).toEqual([1, 2]);
  });

  test('while the journal is down no confirm goes out, the device repeats, and nothing is lost', async () => {
    const down = startServer();
    const wire = server.call();
    down.refuse();
    wire.say(fire(7, 1, 5));
    await down.done;
    expect(down.failure).toBeDefined();
    expect(wire.written).toEqual([]);
    server = new ScriptedServer();
    const up = startServer();
    const again = server.call();
    again.say(fire(7, 1, 5));
    await settled();
    expect(up.said()).toEqual(['utd-1 link restored', 'utd-1 fire']);
    expect(again.written.map(confirmed)).toEqual([{ serial: 7, command: 3 }]);
  });

  test('a refused commit ends every conversation, the waiting ones too', async () => {
    const line = startServer();
    const [idle, busy] = [server.call(), server.call()];
    idle.say(fire(1, 2, 5).subarray(0, 20));
    line.refuse();
    busy.say(fire(7, 1, 5));
    await line.done;
    expect([...idle.written, ...busy.written]).toEqual([]);
  });

  test('one that breaks off, babbles or stands still in the middle of a frame keeps no other waiting', async () => {
    const line = startServer();
    const [broken, babbling, standing, good] = [server.call(), server.call(), server.call(), server.call()];
    broken.say(fire(1, 2, 5).subarray(0, 30));
    broken.end(fail('wire-lost', 'scripted'));
    babbling.say(new Uint8Array(20_000).fill(0x41));
    standing.say(fire(1, 2, 5).subarray(0, 30));
    good.say(fire(7, 1, 5));
    await settled();
    expect(line.said()).toContain('utd-1 fire');
    expect(good.written).toHaveLength(1);
  });

  test('those who speak while the journal works share its next commit', async () => {
    const line = startServer();
    const wires = [server.call(), server.call(), server.call()];
    line.hold();
    for (const [index, wire] of wires.entries()) wire.say(fire(1, 101 + index, 5));
    await settled();
    expect(line.waiting).toHaveLength(1);
    line.release();
    line.hold();
    await settled();
    expect(line.waiting).toHaveLength(2);
    line.release();
    await settled();
    expect(wires.map(({ written }) => written.length)).toEqual([1, 1, 1]);
  });

  test('a heartbeat of twelve bytes is one only from the device that has such a dialect', async () => {
    const line = startServer();
    const wire = server.call();
    wire.say(Uint8Array.from([0x40, 0x40, 0x07, 0x25, 0x51, 0x80, 0x12, 0xff, 0x04, 0x88, 0x23, 0x23]));
    await settled();
    expect(wire.written.map(toHex)).toEqual(['404000000000000000002323']);
    expect(line.said()).toEqual(['card link restored', 'card heartbeat']);
    wire.say(Uint8Array.from([0x40, 0x40, 0x07, 0x25, 0x51, 0x80, 0x13, 0xff, 0x04, 0x88, 0x23, 0x23]));
    await clock.advance(2_000);
    expect(wire.written).toHaveLength(1);
    expect(counters.unheard.get('length')).toBe(1);
  });

  test('a unit that nobody can read is kept as text with its bytes, and confirmed, for the device forgets it then', async () => {
    const line = startServer();
    const wire = server.call();
    wire.say(frame(9, 1, Uint8Array.of(200, 1, 1, 2, 3)));
    await settled();
    expect(line.said()).toEqual(['utd-1 link restored', 'utd-1 text undecodable']);
    expect(line.committed[0]?.observations[1]?.textHex).toContain('c801010203');
    expect(confirmed(wire.written[0]!)).toEqual({ serial: 9, command: 3 });
  });

  test('an unknown command is denied', async () => {
    startServer();
    const wire = server.call();
    wire.say(frame(9, 1, Uint8Array.of(), 99));
    await settled();
    expect(confirmed(wire.written[0]!)).toEqual({ serial: 9, command: 6 });
  });

  test('silence of one is a lost link, and only of that one', async () => {
    const line = startServer();
    const wire = server.call();
    wire.say(fire(1, 1, 5));
    await clock.advance(200_000);
    wire.say(frame(2, 1, Uint8Array.of()));
    await clock.advance(60_000);
    expect(line.said().filter((word) => word.endsWith('lost'))).toEqual(['utd-2 link lost', 'card link lost']);
  });
});

describe('devices that send datagrams', () => {
  test('are answered where the datagram came from, one frame a datagram or several', async () => {
    const line = startDatagrams();
    socket.say(Uint8Array.of(...fire(1, 1, 5), ...fire(2, 1, 6)), 4001);
    socket.say(fire(1, 2, 5), 4002, '10.0.0.9');
    await settled(40);
    expect(line.said().filter((word) => word.endsWith('fire'))).toEqual(expect.arrayContaining(['utd-1 fire', 'utd-1 fire', 'utd-2 fire']));
    expect(socket.sent.map(({ bytes, from }) => `${from.address}:${from.port} ${confirmed(bytes).serial}`).sort()).toEqual([
      '10.0.0.1:4001 1',
      '10.0.0.1:4001 2',
      '10.0.0.9:4002 1',
    ]);
  });

  test('a repeat from another port, behind another NAT, is the same alarm, confirmed there', async () => {
    const line = startDatagrams();
    socket.say(fire(1, 1, 5), 4001);
    socket.say(fire(1, 1, 5), 4999);
    await settled(40);
    expect(line.said()).toEqual(['utd-1 link restored', 'utd-1 fire']);
    expect(socket.sent.map(({ from }) => from.port)).toEqual([4001, 4999]);
  });

  test('half a datagram is noise and answered by nothing', async () => {
    const line = startDatagrams();
    socket.say(fire(1, 1, 5).subarray(0, 40), 4001);
    socket.say(fire(1, 1, 5).subarray(40), 4001);
    await settled(40);
    expect(line.said()).toEqual([]);
    expect(socket.sent).toEqual([]);
    expect(counters.unheard.size).toBeGreaterThan(0);
  });

  test('more datagrams than are heard at once are all heard', async () => {
    const line = startDatagrams();
    line.hold();
    for (let serial = 0; serial < 200; serial++) socket.say(fire(serial, 1 + (serial % 2), serial), 4001);
    await settled(40);
    line.release();
    await settled(1_000);
    expect(line.said().filter((word) => word.endsWith('fire'))).toHaveLength(200);
    expect(socket.sent).toHaveLength(200);
  });

  test('one address that sends without end is heard at a bounded rate, and no other suffers', async () => {
    const line = startDatagrams();
    for (let count = 0; count < 1_100; count++) socket.say(Uint8Array.of(1), 4001, '10.9.9.9');
    socket.say(fire(1, 1, 5), 4001);
    await settled(200);
    expect(counters.unheard.get('too-fast')).toBe(100);
    expect(line.said()).toContain('utd-1 fire');
  });

  test('while the journal is down nothing is answered', async () => {
    const line = startDatagrams();
    line.refuse();
    socket.say(fire(1, 1, 5), 4001);
    await line.done;
    expect(socket.sent).toEqual([]);
  });
});
