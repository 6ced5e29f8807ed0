import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Clock, configurationBytes, Failure, type GatewayNote, type Order } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GatewayConfiguration, loadConfiguration, type StoredConfiguration } from '../config.ts';
import { fail } from '../failures.ts';
import { ConfigurationHistory } from './configuration-history.ts';
import { ConfigurationOrder } from './configuration-order.ts';
import { type CarryOutAll, Downlink } from './downlink.ts';
import type { Steps } from './faulty-files.fixture.ts';
import { type KeptOrder, OrderRecord } from './record.ts';

const world = vi.hoisted(() => ({ steps: null as unknown as Steps }));
vi.mock('node:fs/promises', async (original) => {
  const { faulty, Steps } = await import('./faulty-files.fixture.ts');
  world.steps = new Steps();
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, ...faulty(real, world.steps) };
});

const pair = generateKeyPairSync('ed25519');
const log = { info: () => {}, warn: () => {}, error: () => {} };
const nobody = { begin: () => Promise.reject(new Error('not in this test')) };
const VERSION = 5;

let folder: string;
let file: string;
let said: GatewayNote[];
let isUplinkBack: boolean;
let nowMs: number;
/** What the last life runs with. */
let running: string;
/** Files that were read, by what is in them: the law reads three of them a thousand times. */
let read: Map<string, GatewayConfiguration>;

/** Time passes only where somebody waits for it. */
const clock: Clock = {
  wallMs: () => nowMs,
  monotonicMs: () => nowMs,
  async sleep(ms) {
    nowMs += ms;
    await setImmediate();
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-steps-'));
  [file, read] = [join(folder, 'gateway.yaml'), new Map()];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (words: string) => `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
orders: { configurationKey: key.pem, uplinkBackWithinMs: 1000 }
# ${words}
`;
const [BEFORE, AFTER, EDITED] = [text('before'), text('after'), text('edited by an installer')];

function anew(isBack: boolean): void {
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'key.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(file, BEFORE);
  [said, isUplinkBack, nowMs] = [[], isBack, 1_790_000_000_000];
}

function pushed(id: string): Order {
  const signature = sign(null, configurationBytes('gw-1', VERSION, AFTER), pair.privateKey).toString('base64');
  const times = { issuedMs: nowMs, sentMs: nowMs, expiresMs: nowMs + 86_400_000 };
  return { gateway: 'gw-1', id, kind: 'configuration', parameters: { version: VERSION, text: AFTER, signature }, ...times };
}

async function say({ note }: { readonly note?: GatewayNote }): Promise<void> {
  await world.steps.take(`say ${note}`).catch(() => {
    throw fail('journal-full', 'no room');
  });
  said.push(note!);
}

/** One life of the process, from its start until it stops, or is killed. Answers the record as it left it. */
async function life(order: Order | null): Promise<readonly KeptOrder[]> {
  const stop = new AbortController();
  const { configuration, history } = await begun();
  running = readFileSync(file, 'utf8');
  const record = await OrderRecord.open(join(configuration.data, 'orders.jsonl'), nowMs);
  const options = { configuration, file, history, clock, say, log, signal: stop.signal, isUplinkBack: () => isUplinkBack };
  const kind = new ConfigurationOrder({ ...options, again: () => stop.abort() });
  const carryOut: CarryOutAll = {
    ...{ read: nobody, 'duty-check': nobody, capture: nobody, restart: nobody, clock: nobody, 'device-read': nobody },
    configuration: kind,
  };
  const downlink = new Downlink({ gateway: 'gw-1', record, clock, clockSynchronised: () => true, carryOut, log });
  downlink.resume();
  await Promise.all([downlink.idle(), order && downlink.take(order, 'collector').catch(failuresOnly)]);
  await downlink.idle();
  await record.close();
  return record.all();
}

/** As the program starts: the file is read anew when a trial changed it, and what cannot be written keeps nobody from running. */
async function begun(): Promise<{ configuration: GatewayConfiguration; history: ConfigurationHistory }> {
  for (;;) {
    const words = readFileSync(file, 'utf8');
    const configuration = read.get(words) ?? (loadConfiguration(file) as StoredConfiguration).configuration;
    read.set(words, configuration);
    const history = new ConfigurationHistory(file, configuration.data);
    if (!(await history.began().catch((error: unknown) => failuresOnly(error) ?? false))) return { configuration, history };
  }
}

function failuresOnly(error: unknown): undefined {
  if (!(error instanceof Failure)) throw error;
}

/** Lives until an order is over; `isRepeated`: whoever gave it says it again in each. */
async function lives(order: Order, isRepeated: boolean): Promise<KeptOrder | undefined> {
  for (let count = 0; count < 8; count++) {
    const given = count === 0 || isRepeated ? order : null;
    const record = await Promise.race([life(given).catch((error: unknown) => failuresOnly(error) ?? []), world.steps.killed]);
    const found = record === 'killed' ? undefined : record.find(({ id }) => id === order.id);
    if (found && found.state !== 'delivered') return found;
    if (record === 'killed') world.steps.rehearse('fail', Number.POSITIVE_INFINITY);
  }
  return undefined;
}

const ID = 'a'.repeat(32);
const AGAIN = 'b'.repeat(32);
const NEVER = Number.POSITIVE_INFINITY;

async function stepsOf(isBack: boolean): Promise<string[]> {
  anew(isBack);
  world.steps.rehearse('fail', NEVER);
  await lives(pushed(ID), true);
  return [...world.steps.passed];
}

const trial = async () => (await new ConfigurationHistory(file, join(folder, 'data')).past()).trial;

interface Fault {
  readonly name: string;
  readonly how: 'kill' | 'fail';
  readonly times: number;
}
const FAULTS: readonly Fault[] = [
  { name: 'a kill', how: 'kill', times: 1 },
  { name: 'a failing file system', how: 'fail', times: 1 },
  { name: 'a file system that fails for a while', how: 'fail', times: 9 },
];

describe.each(FAULTS)('$name at any step between an order and its receipt', ({ how, times }) => {
  const ways = times === 1 ? [true, false] : [true];
  it.each(ways)(
    'leaves the configuration wholly old or wholly new, and receipt, event and history say which (uplink back: %s)',
    async (isBack) => {
      const steps = await stepsOf(isBack);
      expect(steps).toEqual(expect.arrayContaining(['rename state.json.new', 'rename gateway.yaml.new', 'datasync']));
      for (const [at, step] of steps.entries()) {
        anew(isBack);
        world.steps.rehearse(how, at, times);
        const order = await lives(pushed(ID), true);
        const isNew = readFileSync(file, 'utf8') === AFTER;
        world.steps.rehearse('fail', NEVER);
        const found = { at, step, state: order?.state, file: readFileSync(file, 'utf8'), running, trial: await trial() };
        const [state, whole] = isNew ? ['done', AFTER] : ['refused', BEFORE];
        expect(found).toEqual({ at, step, state, file: whole, running: whole, trial: null });
        expect([at, step, said.includes('configuration-changed')]).toEqual([at, step, isNew]);
        if (!isBack) expect([at, step, isNew]).toEqual([at, step, false]);
        isUplinkBack = true;
        const second = await lives(pushed(AGAIN), true);
        const why = JSON.stringify(second?.result);
        const wasInForce = isNew || JSON.stringify(order?.result).includes('did not come back');
        if (wasInForce && second?.state === 'refused') expect([at, step, why]).toEqual([at, step, expect.stringContaining('not newer')]);
        else expect([at, step, second?.state, readFileSync(file, 'utf8')]).toEqual([at, step, 'done', AFTER]);
      }
    },
  );

  it.each(ways)('never writes over what somebody else edited in that moment (uplink back: %s)', async (isBack) => {
    const steps = await stepsOf(isBack);
    const onRecord = steps.indexOf('datasync');
    for (const [at, step] of [...steps.entries()].slice(onRecord)) {
      anew(isBack);
      world.steps.rehearse(how, at, times, () => writeFileSync(file, EDITED));
      const order = await lives(pushed(ID), false);
      expect([at, step, readFileSync(file, 'utf8')]).toEqual([at, step, EDITED]);
      world.steps.rehearse('fail', NEVER);
      expect([at, step, await trial()]).toEqual([at, step, null]);
      if (order) expect([at, step, order.state === 'done']).toEqual([at, step, said.includes('configuration-changed')]);
    }
  });
});
