import { readFileSync } from 'node:fs';
import type { LineSetting } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { expect, test } from 'vitest';
import { isTalking, sayingsOf } from './panel.fixture.ts';
import { type Hearing, scanSerial, secondsAtMost, settingsOf } from './scan-serial.ts';
import { showOutcome } from './scan-serial-text.ts';
import { showLine } from './wire-text.ts';

const ALL = [...FAMILIES.values()];
const SECONDS_EACH = 6;

/** Scans a port in simulated time: `says` tells what comes at which setting, a packet a second. */
async function scanned(says: (line: LineSetting, turn: number) => readonly Uint8Array[], ask = false) {
  let nowMs = 0;
  const startMs = nowMs;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs, sleep: async () => {} };
  const hearings: Hearing[] = [];
  let turn = 0;
  const open = async (_: string, line: LineSetting) => {
    const packets = [...says(line, turn++)];
    return {
      async take(withinMs: number) {
        const packet = packets.shift();
        nowMs += packet ? Math.min(withinMs, 1000) : withinMs;
        return packet ? { item: packet } : ('silence' as const);
      },
      write: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  };
  const scan = { path: '/dev/ttyS0', families: ALL, secondsEach: SECONDS_EACH, ask, clock, signal: new AbortController().signal, open };
  for await (const heard of scanSerial(scan)) if ('bytes' in heard) hearings.push(heard);
  const shown = showOutcome('/dev/ttyS0', hearings, FAMILIES, 1);
  return { tried: hearings.map(({ line }) => showLine(line)), shown, seconds: (nowMs - startMs) / 1000 };
}

function packetsOf(name: string): Uint8Array[] {
  const family = FAMILIES.get(name);
  if (!family || !isTalking(family)) throw new Error(`${name} is no talking family`);
  return [...sayingsOf(family)].slice(0, 5);
}

const pastedWire = (shown: readonly string[]) => shown.find((line) => line.includes('wire:'))?.trim();
const OWN_WIRE = 'wire: { kind: serial, path: "/dev/ttyS0" }';
const at = (setting: string) => (line: LineSetting) => showLine(line) === setting;

test('a line that knows no speed: the own setting of whoever was recognised is tried next and taken, and every one that fits is said', async () => {
  const { tried, shown } = await scanned(() => packetsOf('jbf-native'));
  expect(tried).toEqual(['9600,8N1', '2400,8N1']);
  expect(pastedWire(shown)).toBe(OWN_WIRE);
  expect(shown).toContain('# 多种参数均可 several settings fit: 2400,8N1 (该族自身 its own), 9600,8N1');
});

test('a panel that said less while its own setting was listened to is pasted with its own all the same', async () => {
  const packets = packetsOf('jb3208');
  const { tried, shown } = await scanned((line, turn) => (turn === 0 ? packets.slice(0, 1) : at('2400,8N1')(line) ? packets : []));
  expect(tried.slice(0, 1)).toEqual(['9600,8N1']);
  expect(tried).toContain('2400,8N1');
  expect(pastedWire(shown)).toBe(OWN_WIRE);
  expect(shown).toContain('# 多种参数均可 several settings fit: 9600,8N1 (该族自身 its own), 2400,8N1');
});

test('a panel that was set to another speed than its own is pasted with that, and nothing else is said to fit', async () => {
  const garbled = (packets: readonly Uint8Array[]) => packets.map((packet) => packet.map((byte) => (byte << 1) ^ 0x5a));
  const packets = packetsOf('jb3208');
  const { shown } = await scanned((line) => (at('2400,8N1')(line) ? packets : garbled(packets)));
  expect(pastedWire(shown)).toBe('wire: { kind: serial, path: "/dev/ttyS0", baudRate: 2400, dataBits: 8, parity: none, stopBits: 1 }');
  expect(shown.join('\n')).not.toContain('several settings');
});

test.each([false, true])('a silent port takes just as long as was said before (asking: %s)', async (ask) => {
  const { tried, seconds } = await scanned(() => [], ask);
  expect(new Set(tried)).toEqual(new Set(settingsOf(ALL).map(showLine)));
  expect(seconds).toBe(secondsAtMost(ALL, SECONDS_EACH, ask));
});

test('the guide for installers says how long a scan takes at most', () => {
  const guide = readFileSync(new URL('../../../docs/install.md', import.meta.url), 'utf8');
  const [listening, asking] = [secondsAtMost(ALL, SECONDS_EACH, false), secondsAtMost(ALL, SECONDS_EACH, true)];
  expect(guide).toContain(
    `${settingsOf(ALL).length} settings of ${SECONDS_EACH} s are up to ${listening} s a port, with \`--ask\` up to ${asking} s`,
  );
  expect(guide).toContain(`每个串口最多 ${listening} 秒,加 \`--ask\` 最多 ${asking} 秒`);
});
