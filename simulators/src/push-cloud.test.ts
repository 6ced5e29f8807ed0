import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { machineClock } from './clock.ts';
import { temporaryFolder } from './folder.fixture.ts';
import { PushCloud, type PushCloudParts } from './push-cloud.ts';
import { signature } from './push-seal.ts';
import { seeded } from './random.ts';
import { TruthLog } from './truth.ts';

interface Came {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

let server: Server;
let came: Came[];
let answer: (came: Came) => number | null;
let clouds: PushCloud[];
let truthFile: string;

beforeEach(async () => {
  came = [];
  clouds = [];
  answer = () => 200;
  truthFile = join(temporaryFolder(), 'truth.jsonl');
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method!, url: request.url!, body: Buffer.concat(chunks).toString() };
      came.push(one);
      const status = answer(one);
      if (status === null) request.socket.destroy();
      else response.writeHead(status).end(new URL(one.url, 'http://x').searchParams.get('msg') ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const cloud of clouds) await cloud[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function play(over: Partial<PushCloudParts> = {}): Promise<PushCloud> {
  const cloud = new PushCloud({
    ...{ cloud: 'ctwing', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push/`, secret: 'a-secret-of-our-own' },
    ...{ share: { token: null, key: null }, endpoint: '860000000000017', retries: null, retryEveryMs: 10 },
    ...{ clock: machineClock, random: seeded('1'), narrate: () => {} },
    truth: new TruthLog(truthFile, 'cloud', 'push-ctwing'),
    ...over,
  });
  clouds.push(cloud);
  await cloud.start();
  return cloud;
}

const fire = (device?: string) => ({ kind: 'say', say: { what: 'fire', address: device ? { device } : {} } }) as const;
const truth = () =>
  readFileSync(truthFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('pushes to the secret path and calls a message delivered when it was answered with 200', async () => {
  const cloud = await play();
  await cloud.perform(fire());
  await vi.waitFor(
    () => expect(truth().at(-1)).toMatchObject({ what: 'fire', expect: 'must', acknowledgedMs: expect.any(Number) }),
    60_000,
  );
  expect(came).toHaveLength(1);
  expect(came[0]).toMatchObject({ method: 'POST', url: '/push/a-secret-of-our-own' });
  expect(JSON.parse(came[0]!.body)).toMatchObject({ messageType: 'dataReport', IMEI: '860000000000017', upPacketSN: 1 });
});

test('sends the very same body again until it is answered, and gives up after as many tries as that cloud makes', async () => {
  const answers = [503, null, 500, 200];
  answer = () => answers.shift() ?? 503;
  const cloud = await play();
  await cloud.perform(fire());
  await vi.waitFor(() => expect(came).toHaveLength(4), 60_000);
  expect(new Set(came.map(({ body }) => body)).size).toBe(1);
  await cloud.perform(fire());
  await vi.waitFor(() => expect(came).toHaveLength(8), 60_000);
  await cloud.perform({ kind: 'duplicate', packets: 1, copies: 3 });
  answer = () => 200;
  await cloud.perform(fire());
  await vi.waitFor(() => expect(came).toHaveLength(11), 60_000);
  const states = new Map(truth().map(({ sid, expect }) => [sid, expect]));
  expect([...states.values()]).toEqual(['must', 'may', 'must']);
});

test('keeps the order of one device and lets none wait for another', async () => {
  let isOpen = false;
  answer = ({ body }) => (body.includes('860000000000017') && !isOpen ? 503 : 200);
  const cloud = await play({ retries: 1_000 });
  for (let time = 0; time < 3; time++) await cloud.perform(fire());
  await cloud.perform(fire('860000000000018'));
  await vi.waitFor(() => expect(truth().at(-1)).toMatchObject({ expect: 'must', address: { device: '860000000000018' } }), 60_000);
  isOpen = true;
  await vi.waitFor(() => expect(truth().filter(({ acknowledgedMs }) => acknowledgedMs)).toHaveLength(4), 60_000);
  const done = truth().filter(({ acknowledgedMs }) => acknowledgedMs);
  expect(done.map(({ counter }) => counter)).toEqual([1, 1, 2, 3]);
});

test('tries the address and signs as OneNET does; a forger does not know the token', async () => {
  const cloud = await play({ cloud: 'onenet', share: { token: 'tok', key: null } });
  const tried = new URL(came[0]!.url, 'http://x').searchParams;
  expect(tried.get('signature')).toBe(signature('tok', tried.get('nonce')!, tried.get('msg')!));
  await cloud.perform(fire());
  await vi.waitFor(() => expect(came).toHaveLength(2), 60_000);
  const { msg, nonce, signature: signed } = JSON.parse(came[1]!.body) as Record<string, string>;
  expect(signed).toBe(signature('tok', nonce!, msg!));
  await cloud.perform({ kind: 'forge', how: 'signature' });
  const forged = JSON.parse(came[2]!.body) as Record<string, string>;
  expect(forged['signature']).not.toBe(signature('tok', forged['nonce']!, forged['msg']!));
  await cloud.perform({ kind: 'forge', how: 'path' });
  expect(came[3]!.url).not.toContain('a-secret-of-our-own');
  expect(truth().filter(({ expect }) => expect === 'mustNot')).toHaveLength(2);
});

test('an address that does not give the tried text back is a failure', async () => {
  answer = () => 404;
  await expect(play({ cloud: 'onenet-old', share: { token: 'tok', key: null } })).rejects.toMatchObject({ code: 'SIM_PEER_UNREACHABLE' });
});

test('an unknown cloud is told with those there are', () => {
  expect(() => new PushCloud({ cloud: 'aliyun' } as PushCloudParts)).toThrow(/ctwing, onenet-old, onenet, oceanconnect, iotda/);
});
