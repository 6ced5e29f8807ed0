import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Heard, SiteEvent, Stimulus } from '@fengsui/protocol';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';
import { type BuiltLine, buildLines } from '../lines.ts';

const CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
};
const SECRET = 'a-secret-of-our-own';
const IMEI = '860000000000017';
let folder: string;
let stop: AbortController;
let ended: Promise<unknown>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-push-'));
  await writeFile(join(folder, 'secret'), SECRET, { mode: 0o600 });
  stop = new AbortController();
  ended = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(ended);
  await rm(folder, { recursive: true, force: true });
});

function configurationOf(silenceMs = 90_000_000): GatewayConfiguration {
  const device = `{ name: smoke-302, family: push-ctwing, device: "${IMEI}", silenceMs: ${silenceMs}, points: [ { address: {}, place: 2栋302室 } ] }`;
  const wire = '{ kind: http, cloud: ctwing, host: 127.0.0.1, port: 0, secretFile: secret }';
  const checked = checkConfiguration(
    `gateway: { id: gw-1, address: 1, centre: 2 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
lines: [ { name: clouds, wire: ${wire}, devices: [ ${device} ] } ]`,
    folder,
  );
  if ('problems' in checked) throw new Error(checked.problems.join('\n'));
  return checked;
}

/** A line of a cloud, opened as the gateway opens it; `commit` stands for the journal. */
class Rig {
  readonly events: SiteEvent[] = [];
  readonly line: BuiltLine;
  url = '';

  constructor(configuration = configurationOf()) {
    this.line = buildLines(configuration, CLOCK)[0]!;
  }

  /** Runs the driver until it ends or `commit` throws, as the supervisor does. */
  async open(commit: (heard: readonly Heard[]) => Promise<void> = async () => {}): Promise<{ readonly run: Promise<string> }> {
    const running = await this.line.open(stop.signal);
    this.url = `http://${running.at}/push/${SECRET}`;
    const { devices } = this.line.configuration;
    const normalizer = createNormalizer({ devices, zoneMinutes: 480, newEventId: () => 'f'.repeat(32), clock: CLOCK });
    const run = (async () => {
      try {
        await using _ = running;
        for await (const heard of running.heard) {
          await commit(heard);
          this.events.push(...heard.flatMap((one) => normalizer.normalize(one)));
          normalizer.settle(heard);
        }
        return 'ended';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    ended.push(run);
    return { run };
  }
}

const said = (counter: number, what: Stimulus['what'] = 'fire') =>
  CLOUDS.get('ctwing')!.family.play.say({ what, address: {}, deviceTime: '2026-10-01T04:00:00' }, IMEI, counter)!;

async function post(url: string, body: Uint8Array | string): Promise<number> {
  return (await fetch(url, { method: 'POST', body: Buffer.from(body) })).status;
}
const kinds = ({ events }: Rig) => events.map(({ kind, edge }) => `${kind} ${edge}`).filter((kind) => !kind.startsWith('reading'));

test('a cloud has its answer only after what it pushed is durable', async () => {
  const rig = new Rig();
  const order: string[] = [];
  await rig.open(async () => {
    await sleep(50);
    order.push('durable');
  });
  expect(await post(rig.url, said(1))).toBe(200);
  order.push('answered');
  expect(order).toEqual(['durable', 'answered']);
  expect(kinds(rig)).toEqual(['link ended', 'fire began']);
  expect(rig.events[1]).toMatchObject({ source: 'smoke-302', place: '2栋302室', family: 'push-ctwing/1' });
  expect(rig.events[1]!.id).not.toBe('f'.repeat(32));
});

test('when the journal refuses, the cloud is told to try again, and its repeat is heard', async () => {
  const rig = new Rig();
  const { run } = await rig.open(async () => {
    throw new Error('the journal refused');
  });
  expect(await post(rig.url, said(1))).toBe(503);
  expect(await run).toBe('the journal refused');
  await rig.open();
  expect(await post(rig.url, said(1))).toBe(200);
  expect(kinds(rig)).toEqual(['link ended', 'fire began']);
});

test('a repeat is answered and not heard, on another wire of the same line too', async () => {
  const rig = new Rig();
  let fails = false;
  const { run } = await rig.open(async () => {
    if (fails) throw new Error('lost');
  });
  expect(await post(rig.url, said(1))).toBe(200);
  expect(await post(rig.url, said(1))).toBe(200);
  fails = true;
  expect(await post(rig.url, said(2))).toBe(503);
  await run;
  await rig.open();
  expect(await post(rig.url, said(1))).toBe(200);
  expect(await post(rig.url, said(2, 'restored'))).toBe(200);
  expect(kinds(rig)).toEqual(['link ended', 'fire began', 'fire ended']);
  expect(Object.fromEntries(rig.line.counters.unheard)).toEqual({ repeat: 2 });
});

test('what nobody can read is heard as a text, answered and counted; who does not know the secret is not', async () => {
  const rig = new Rig();
  await rig.open();
  expect(await post(rig.url, 'nothing a cloud would say')).toBe(200);
  expect(await post(rig.url.replace(SECRET, 'guess'), said(1))).toBe(404);
  expect((await fetch(rig.url)).status).toBe(405);
  expect(await post(rig.url, new Uint8Array(70_000))).toBe(413);
  expect(rig.events).toMatchObject([{ kind: 'text', text: 'undecodable', source: 'unknown-ctwing' }]);
  expect(Object.fromEntries(rig.line.counters.unheard)).toEqual({
    ...{ undecodable: 1, 'unknown-device': 1 },
    ...{ 'wrong-path': 1, 'wrong-method': 1, 'too-large': 1 },
  });
  expect(rig.line.counters.noise.map(({ why }) => why)).toContain('undecodable');
});

test('a burst of pushes is heard once each, in few commits', async () => {
  const rig = new Rig();
  let commits = 0;
  await rig.open(async () => {
    commits += 1;
    await sleep(20);
  });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => post(rig.url, said(index >> 1))));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(rig.events.filter(({ kind }) => kind === 'fire')).toHaveLength(100);
  expect(new Set(rig.events.map(({ id }) => id)).size).toBe(rig.events.length);
  expect(commits).toBeLessThan(100);
});

test('a device of the cloud that is silent for its time is lost, and who waits at the stop is told to come again', async () => {
  const rig = new Rig(configurationOf(100));
  let commits = 0;
  const { run } = await rig.open(async () => {
    commits += 1;
    if (commits > 1) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  });
  await expect.poll(() => kinds(rig), { timeout: 60_000 }).toEqual(['link began']);
  const first = post(rig.url, said(1));
  await expect.poll(() => commits, { timeout: 60_000 }).toBe(2);
  const waiting = post(rig.url, said(2));
  await expect.poll(() => rig.line.counters.packets).toBe(1);
  await sleep(100);
  stop.abort();
  expect([await first, await waiting]).toEqual([200, 503]);
  expect(await run).toBe('ended');
});
