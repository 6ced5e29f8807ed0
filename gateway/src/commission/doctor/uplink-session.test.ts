import { Failure } from '@fengsui/protocol';
import { expect, test } from 'vitest';
import { sessionFindings } from './uplink-session.ts';

const ROW = { retry: 'later', en: 'e', zh: 'z', remedy: 'Do this' } as const;
const never = () => Promise.reject(new Error('must not be asked'));
const refused = (code: number) => new Failure('uplink-refused', ROW, 'no', Object.assign(new Error('Connection refused'), { code }));

test('a gateway that does not run is let in for a moment', async () => {
  let tries = 0;
  const connect = async () => void (tries += 1);
  expect(await sessionFindings('uplinks[0]', { isRunning: () => false, ask: never, connect })).toMatchObject([{ health: 'right' }]);
  expect(tries).toBe(1);
});

test.each([
  [1, 'MQTT 3.1.1', 'url'],
  [2, '编号与证书不符', 'gateway.id'],
  [3, '尚未就绪', 'log'],
  [4, '要求密码', 'url'],
  [5, '已吊销或未登记', 'pki/revoked'],
])('a refusal with CONNACK %i is named, with what to do', async (code, zh, remedy) => {
  const [finding] = await sessionFindings('uplinks[0]', {
    isRunning: () => false,
    ask: never,
    connect: () => Promise.reject(refused(code)),
  });
  expect(finding).toMatchObject({ health: 'wrong', zh: expect.stringContaining(zh), remedy: expect.stringContaining(remedy) });
  expect(finding!.en).toContain(`CONNACK ${code}`);
});

test('whatever else stands against it is told with its remedy', async () => {
  const connect = () => Promise.reject(new Failure('uplink-unreachable', ROW, 'no answer'));
  expect(await sessionFindings('uplinks[0]', { isRunning: () => false, ask: never, connect })).toMatchObject([
    { health: 'wrong', en: 'MQTT CONNECT: uplink-unreachable: no answer', remedy: 'Do this' },
  ]);
});

test.each([true, null])('while it runs, or nobody can tell (%s), its session is not ended: it is asked', async (isRunning) => {
  const told = async (ask: () => Promise<{ state: string; lastFailure: string | null } | null>) =>
    (await sessionFindings('uplinks[0]', { isRunning: () => isRunning, ask, connect: never }))[0];
  expect(await told(async () => ({ state: 'up', lastFailure: null }))).toMatchObject({
    health: 'right',
    zh: expect.stringContaining('未尝试'),
  });
  expect(await told(async () => ({ state: 'down', lastFailure: 'uplink-refused: revoked' }))).toMatchObject({
    health: 'wrong',
    en: expect.stringContaining('uplink-refused: revoked'),
  });
  expect(await told(() => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })))).toMatchObject({
    health: 'doubtful',
    en: expect.stringContaining('ECONNREFUSED'),
  });
});
