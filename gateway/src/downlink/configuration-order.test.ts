import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, configurationBytes, type SiteEvent } from '@fengsui/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration, type StoredConfiguration } from '../config.ts';
import { TRIAL_STARTS_MAX } from '../limits.ts';
import { ConfigurationHistory } from './configuration-history.ts';
import { ConfigurationOrder } from './configuration-order.ts';
import { STOPPING } from './downlink.ts';
import type { KeptOrder } from './record.ts';

const clock: Clock = {
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.min(ms, 5), undefined, signal ? { signal } : {}),
};
const order = { id: 'a'.repeat(32) } as KeptOrder;

let folder: string;
let file: string;
let key: KeyObject;
let history: ConfigurationHistory;
let events: Array<Partial<SiteEvent>>;
let restarts: number;
let isUplinkBack: boolean;
let stop: AbortController;

const text = (place: string, more = '') => `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
orders: { configurationKey: key.pem, uplinkBackWithinMs: 1000 }
${more}# ${place}
`;

function signed(version: number, body: string, over: { gateway?: string; signed?: number; by?: KeyObject } = {}) {
  const bytes = configurationBytes(over.gateway ?? 'gw-1', over.signed ?? version, body);
  return { version, text: body, signature: sign(null, bytes, over.by ?? key).toString('base64') };
}

/** The kind as a start of the gateway has it. */
function kind(): ConfigurationOrder {
  const { configuration } = loadConfiguration(file) as StoredConfiguration;
  history = new ConfigurationHistory(file, configuration.data);
  return new ConfigurationOrder({
    ...{ configuration, file, history, clock },
    isUplinkBack: () => isUplinkBack,
    say: async (event) => events.push(event),
    again: () => {
      restarts += 1;
      stop.abort();
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    signal: stop.signal,
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-configuration-'));
  file = join(folder, 'gateway.yaml');
  const pair = generateKeyPairSync('ed25519');
  key = pair.privateKey;
  writeFileSync(join(folder, 'key.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(file, text('before'), { mode: 0o640 });
  [events, restarts, isUplinkBack, stop] = [[], 0, false, new AbortController()];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a pushed configuration', () => {
  it('takes the place of the file, whole, and is kept when the uplink comes back; history stays', async () => {
    await expect(kind().begin(order, signed(3, text('after')))).rejects.toBe(STOPPING);
    expect([readFileSync(file, 'utf8'), restarts, statSync(file).mode & 0o777]).toEqual([text('after'), 1, 0o640]);
    stop = new AbortController();
    const again = kind();
    expect(await history.began()).toBe(false);
    isUplinkBack = true;
    expect(await again.resume(order, signed(3, text('after')))).toEqual({ state: 'done', result: { version: 3 } });
    expect(events).toMatchObject([{ note: 'configuration-changed', text: 'version 3' }]);
    expect(readdirSync(join(folder, 'data', 'configuration')).sort()).toEqual(['3.yaml', 'before-3.yaml', 'state.json']);
    expect(await history.past()).toMatchObject({ version: 3, trial: null });
  });

  it('is taken back when the uplink does not come back in time', async () => {
    await expect(kind().begin(order, signed(1, text('after')))).rejects.toBe(STOPPING);
    stop = new AbortController();
    const again = kind();
    await history.began();
    await expect(again.resume(order, signed(1, text('after')))).rejects.toBe(STOPPING);
    expect([readFileSync(file, 'utf8'), restarts]).toEqual([text('before'), 2]);
    stop = new AbortController();
    expect(await kind().resume(order, signed(1, text('after')))).toMatchObject({
      state: 'refused',
      result: { why: expect.stringContaining('taken back') },
    });
    expect(events.at(-1)).toMatchObject({ note: 'configuration-refused' });
    expect(await kind().begin(order, signed(1, text('after')))).toMatchObject({
      state: 'refused',
      result: { why: 'version 1 is not newer than 1' },
    });
  });

  it('with which the process does not stay up is taken back before it runs once more', async () => {
    await expect(kind().begin(order, signed(1, text('after')))).rejects.toBe(STOPPING);
    for (let start = 0; start < TRIAL_STARTS_MAX; start++) expect(await history.began()).toBe(false);
    expect(await history.began()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text('before'));
  });

  it.each<readonly [string, () => ReturnType<typeof signed>, string]>([
    ['without a fitting signature', () => signed(1, text('after'), { by: generateKeyPairSync('ed25519').privateKey }), 'signature'],
    ['signed for another gateway', () => signed(1, text('after'), { gateway: 'gw-2' }), 'signature'],
    ['signed for another version', () => signed(2, text('after'), { signed: 1 }), 'signature'],
    ['changed after it was signed', () => ({ ...signed(1, text('after')), text: text('changed') }), 'signature'],
    [
      'that the schema does not take',
      () => signed(1, text('after', 'colour: red\nlog: { level: loud }\n')),
      'colour: is no key here; log.level',
    ],
    ['that names a file the box does not have', () => signed(1, text('after').replace('key.pem', 'other.pem')), 'cannot be read'],
    ['of another gateway', () => signed(1, text('after').replace('gw-1', 'gw-2')), 'gateway.id'],
    ['that leaves the journal behind', () => signed(1, text('after').replace('./data', './elsewhere')), 'data:'],
  ])('%s is refused, said, and changes nothing', async (_, parameters, why) => {
    expect(await kind().begin(order, parameters())).toMatchObject({ state: 'refused', result: { why: expect.stringContaining(why) } });
    expect(events).toMatchObject([{ note: 'configuration-refused', text: expect.stringContaining(why) }]);
    expect([readFileSync(file, 'utf8'), restarts]).toEqual([text('before'), 0]);
  });

  it('is refused where nobody was given a key', async () => {
    writeFileSync(file, text('before').replace('configurationKey: key.pem, ', ''));
    expect(await kind().begin(order, signed(1, text('after')))).toMatchObject({
      state: 'refused',
      result: { why: expect.stringContaining('no key') },
    });
  });
});
