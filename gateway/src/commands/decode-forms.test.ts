import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '@fengsui/protocol';
import { afterAll, expect, test } from 'vitest';
import { inkOf } from '../commission/explain.ts';
import { runGateway } from './gateway.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'fengsui-decode-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const FIRE =
  '404001000101203a091a090c790300000000385b0100000030000202010101280a000200020020202020202020202020202020202020202020202020202020202020202000023a091a090c462323';
const CONFIRM = '404001000101233a091a090c385b01000000790300000000000003ab2323';

async function kinds(source: string, ...words: string[]): Promise<string[]> {
  const { code, stdout } = await runGateway('decode', '--json', source, ...words);
  expect(code).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const { kind, command, why } = JSON.parse(line) as Record<string, unknown>;
      return [kind, command ?? why].join(' ');
    });
}

test('hex is taken as people and tools write it, from a file as from the line', async () => {
  const pairs = CONFIRM.match(/../g)!;
  for (const text of [
    CONFIRM.toUpperCase(),
    pairs.join(' '),
    pairs.join(':'),
    pairs.join('-'),
    pairs.map((pair) => `0x${pair}`).join(', '),
  ])
    expect(await kinds(text)).toEqual(['frame 3']);
  expect(await kinds(file('two.txt', `\ufeff${pairs.join(' ')}\r\n${FIRE}\n`))).toEqual(['frame 3', 'frame 2']);
});

test('a file of raw bytes is cut into frames and noise, in the order of the stream', async () => {
  const broken = fromHex(FIRE)!;
  broken[40]! ^= 1;
  const stream = Uint8Array.of(1, 2, ...fromHex(FIRE)!, ...broken, ...fromHex(CONFIRM)!, ...fromHex(FIRE)!.subarray(0, 33));
  expect(await kinds(file('stream.bin', stream))).toEqual(['noise no-start', 'frame 2', 'noise checksum', 'frame 3', 'noise length']);
});

test('people read every byte of a frame with its range, in two languages, without colours where no terminal is', async () => {
  const { stdout } = await runGateway('decode', FIRE);
  for (const line of [
    /^ {2}0–1 +4040 +启动符 start +@@$/m,
    /^ {2}27 +02 +类型标志 type flag +2$/m,
    /^ {2}28 +01 +信息对象数目 object count +1$/m,
    /^ {2}75 +46 +校验和 checksum/m,
  ])
    expect(stdout).toMatch(line);
  expect(stdout).toMatch(/→ fire$/m);
  expect(stdout).not.toContain('\u001b');
});

test('colours are for terminals that have them and people who want them', () => {
  const coloured = (out: Parameters<typeof inkOf>[0]) => inkOf(out).bad('x') !== 'x';
  expect([coloured({ isTTY: true }), coloured({ isTTY: true, hasColors: () => true })]).toEqual([true, true]);
  expect([coloured({}), coloured({ isTTY: true, hasColors: () => false })]).toEqual([false, false]);
});

test('people are told the dialect that the bytes look like', async () => {
  const twelve = toHex(fromHex('40400725518012ff04882323')!);
  expect((await runGateway('decode', twelve)).stderr).toContain('--dialect four-faith');
  expect((await runGateway('decode', twelve, '--dialect', 'four-faith')).stdout).toContain('心跳 heartbeat');
  expect((await runGateway('decode', FIRE)).stderr).toBe('');
});
