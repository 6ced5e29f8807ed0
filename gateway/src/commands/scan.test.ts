import { createServer } from 'node:net';
import type { LineSetting } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { beforeAll, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { isTalking, playUnit, sayingsOf } from '../commission/panel.fixture.ts';
import { hostsOf } from '../commission/scan-network.ts';
import { type Hearing, scanSerial } from '../commission/scan-serial.ts';
import { needSocat, serialPair } from '../commission/serial-pair.fixture.ts';
import { USUAL_LINE } from '../commission/wire-text.ts';
import { checkConfiguration } from '../config.ts';
import { Inbox } from '../drivers/inbox.ts';
import { openSerial } from '../wires/serial.ts';
import { runGateway } from './gateway.fixture.ts';

beforeAll(needSocat, 120_000);
const NEVER = new AbortController().signal;

/** Plays a device on the far end of a serial line, and counts what it hears. */
async function onSerial(path: string, everyMs: number, packets: readonly Uint8Array[], answer?: (heard: Uint8Array) => Uint8Array | null) {
  const port = await openSerial({ kind: 'serial', path }, USUAL_LINE, NEVER);
  let [turn, heardBytes] = [0, 0];
  const timer = setInterval(() => packets.length > 0 && void port.write(packets[turn++ % packets.length]!).catch(() => {}), everyMs);
  const listening = (async () => {
    for await (const chunk of port.bytes) {
      heardBytes += chunk.length;
      const said = answer?.(chunk);
      if (said) await port.write(said);
    }
  })().catch(() => {});
  return {
    heardBytes: () => heardBytes,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await port[Symbol.asyncDispose]();
      await listening;
    },
  };
}

function familyOf(name: string) {
  const family = FAMILIES.get(name);
  if (!family || !isTalking(family)) throw new Error(`${name} is no talking family`);
  return family;
}

/** The lines to paste, in a configuration. */
function pasted(stdout: string) {
  const yaml = stdout.split('\n').filter((line) => /^ {2}(- |[ ]+)/.test(line) && !/报文 packets/.test(line));
  return checkConfiguration(
    [
      'gateway: { id: gw-1, address: 1, centre: 2 }',
      'data: .',
      'profile: db36-t1297-2020',
      'uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]',
      'lines:',
      ...yaml,
    ].join('\n'),
    '/',
  );
}

test('a panel that speaks by itself is found, nothing is written to it, and the lines to paste are a sound configuration', async () => {
  await using pair = await serialPair();
  await using panel = await onSerial(pair.device, 40, sayingsOf(familyOf('jb3208')));
  const { code, stdout } = await runGateway('scan', 'serial', '--path', pair.gateway, '--seconds', '1');
  expect(code).toBe(0);
  expect(stdout).toContain('确定 certain');
  expect(pasted(stdout)).toMatchObject({ lines: [{ wire: { path: pair.gateway }, devices: [{ family: 'jb3208' }] }] });
  expect(panel.heardBytes()).toBe(0);
});

test('a panel of another speed is found at its own on a line that knows none; how long it takes at most is said before', async () => {
  await using pair = await serialPair();
  await using panel = await onSerial(pair.device, 40, sayingsOf(familyOf('jbf-native')));
  const { code, stdout, stderr } = await runGateway('scan', 'serial', '--path', pair.gateway, '--seconds', '1');
  expect(code).toBe(0);
  expect(stderr).toMatch(/\d+ settings, 1 s each, 1 port\(s\): about \d+ s at most/);
  expect(stdout).toContain('several settings fit: 2400,8N1 (该族自身 its own), 9600,8N1');
  expect(pasted(stdout)).toMatchObject({ lines: [{ wire: { path: pair.gateway }, devices: [{ family: 'jbf-native' }] }] });
  expect(stdout).not.toContain('baudRate');
  expect(panel.heardBytes()).toBe(0);
});

test('a panel that waits for its poll is silent until asking is allowed', async () => {
  const family = familyOf('ld128e');
  const waiting = [...sayingsOf(family)];
  await using pair = await serialPair();
  let turn = 0;
  await using panel = await onSerial(pair.device, 1000, [], (heard) => {
    const next = waiting[turn++ % waiting.length]!;
    return family.play.answer?.(heard.subarray(-1), next, '2026-10-01T12:00:00') ?? null;
  });
  const silent = await runGateway('scan', 'serial', '--path', pair.gateway, '--seconds', '0.1', '--json');
  expect(silent.rows().every(({ bytes }) => bytes === 0)).toBe(true);
  expect(panel.heardBytes()).toBe(0);
  const found: Hearing[] = [];
  const open = async (path: string, line: LineSetting) => {
    const wire = await openSerial({ kind: 'serial', path }, line, NEVER);
    const inbox = new Inbox(wire.bytes, systemClock, NEVER);
    return {
      take: (ms: number) => inbox.take(ms),
      write: (bytes: Uint8Array) => wire.write(bytes),
      [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
    };
  };
  const order = { path: pair.gateway, families: [family], secondsEach: 1.2, ask: true, clock: systemClock, signal: NEVER, open };
  for await (const heard of scanSerial(order)) if ('bytes' in heard) found.push(heard);
  expect(found.map(({ asked, bytes }) => [asked, bytes > 0])).toEqual([
    [undefined, false],
    ['ld128e', true],
  ]);
  expect(found[1]!.standings).toMatchObject([{ name: 'ld128e' }]);
  expect(panel.heardBytes()).toBeGreaterThan(0);
});

test('a port that is not there is said so with its remedy', async () => {
  const { code, stdout } = await runGateway('scan', 'serial', '--path', '/dev/no-such-port', '--seconds', '1');
  expect(code).toBe(0);
  expect(stdout).toMatch(/✗ wire-open: \/dev\/no-such-port/);
});

test('Modbus units are found, their registers shown, and a family suggested', async () => {
  await using unit = await playUnit(3, 10);
  const wire = `tcp:127.0.0.1:${unit.port}`;
  const { rows, stderr } = await runGateway(
    'scan',
    'modbus',
    '--wire',
    wire,
    '--rtu',
    '--units',
    '2-4',
    '--timeout',
    '60',
    '--registers',
    '0-15',
    '--json',
  );
  expect(stderr).toContain('1 个单元 units of 3');
  const [found] = rows() as Array<{ unit: number; values: Record<string, Record<string, number>>; looksLike: string[] }>;
  expect(found!.unit).toBe(3);
  // Registers 10 to 15 are not there: the block that holds the edge is asked in halves.
  expect(Object.keys(found!.values['3']!)).toEqual(Array.from({ length: 10 }, (_, register) => String(register)));
  expect(Object.keys(found!.values)).toEqual(['3', '4']);
  const shown = await runGateway('scan', 'modbus', '--wire', wire, '--rtu', '--units', '3', '--timeout', '60', '--registers', '0-3');
  expect(shown.stdout).toContain('保持寄存器 holding registers');
});

test('the network scan finds what listens, and only that', async () => {
  const server = createServer((socket) => socket.on('data', () => (heard += 1)).on('error', () => {}));
  let heard = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { rows, code } = await runGateway(
    'scan',
    'network',
    '--subnet',
    '127.0.0.1/32',
    '--ports',
    `${port},1`,
    '--timeout',
    '500',
    '--json',
  );
  server.close();
  expect(code).toBe(0);
  expect(rows()).toEqual([{ host: '127.0.0.1', port }]);
  expect(heard).toBe(0);
});

test('a subnet is its hosts without network and broadcast address', () => {
  expect(hostsOf('192.168.1.77/30')).toEqual(['192.168.1.77', '192.168.1.78']);
  expect(hostsOf('10.0.0.5')).toEqual(['10.0.0.5']);
  expect(hostsOf('192.168.0.0/24')).toHaveLength(254);
  expect(() => hostsOf('10.0.0.0/8')).toThrow(/at most 4096/);
  expect(() => hostsOf('300.1.1.1/24')).toThrow(TypeError);
});
