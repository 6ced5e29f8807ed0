import { expect, test } from 'vitest';
import { runGateway } from './gateway.fixture.ts';

const FRAME = {
  ...{ kind: 'frame', serial: 1, version: { main: 1, user: 0 }, time: '2026-11-23T20:00:00', source: '3000001', destination: '20' },
  command: 2,
};
const PRESSURE = { systemType: 11, systemAddress: 1, componentType: 99, componentAddress: 5, analogueType: 5, value: 352, time: null };
const READING = { ...FRAME, unit: { type: 3, count: 1, objects: [PRESSURE] } };

async function hexOf(view: object, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runGateway('encode', JSON.stringify(view), ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

test('numbers of systems, parts and quantities come with their names', async () => {
  const { stdout } = await runGateway('decode', await hexOf(READING));
  expect(stdout).toMatch(/system type +11 消火栓系统 hydrant system$/m);
  expect(stdout).toMatch(/component type +99 压力开关 pressure switch$/m);
  expect(stdout).toMatch(/analogue type +5 压力 pressure$/m);
  expect(stdout).toContain('→ 352 kPa');
});

test('a number without a name is said to be reserved or the user’s own, and a dialect names its own', async () => {
  const odd = {
    ...READING,
    unit: { ...READING.unit, objects: [{ ...PRESSURE, systemType: 9, componentType: 200, analogueType: 128, raw: -71 }] },
  };
  const { stdout } = await runGateway('decode', await hexOf(odd));
  expect(stdout).toMatch(/system type +9 保留 reserved$/m);
  expect(stdout).toMatch(/component type +200 用户自定义 user-defined$/m);
  expect(stdout).toMatch(/analogue type +128 用户自定义 user-defined$/m);
  const own = await runGateway('decode', '--dialect', 'four-faith', await hexOf(odd));
  expect(own.stdout).toMatch(/analogue type +128 信号强度 signal strength$/m);
});

test.each([
  ['decode', '', 'nothing to decode'],
  ['decode', 'zz', 'zz: neither hex'],
  ['encode', '{"kind":"frame","serial":1}', 'line 1: version.main, version.user, source, destination, command: are missing'],
  ['encode', JSON.stringify({ ...FRAME, serial: 'one' }), 'line 1: serial: "one" is not a whole number from 0 to 65535'],
  ['encode', 'no-such-file', 'no-such-file: neither a JSON object nor a file'],
  ['encode', '{', 'line 1: not JSON'],
  ['encode', '{}\n[]', 'line 1: kind: must be frame'],
])('%s %j says what is wrong', async (command, source, trouble) => {
  const { code, stdout, stderr } = await runGateway(command, source);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(trouble);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
