import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Child, Children } from './demo/children.ts';

const SIM = 'simulators/src/cli.ts';
const COLLECTOR = 'collector/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';
const DEVICES = Array.from({ length: 20 }, (_, index) => `8600000000001${String(index).padStart(2, '0')}`);
const PATIENCE = { timeout: 60_000, interval: 50 };
let folder: string;
let children: Children;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-push-'));
  mkdirSync(join(folder, 'logs'));
  children = new Children(join(folder, 'logs'), () => {}); // being killed is part of the drill
  for (const name of ['ctwing', 'onenet']) writeFileSync(join(folder, `${name}.secret`), `a-secret-of-${name}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'onenet.token'), 'tokenOfTheIntake\n', { mode: 0o600 });
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const devicesOf = (family: string) =>
  DEVICES.map((device, index) => `{ name: smoke-${index}, family: ${family}, device: "${device}", points: [ { address: {} } ] }`).join(
    ', ',
  );

function collectorSettings(port: number): string {
  return `collector: { operator: DRILL }
data: ./data
intake: { port: 0 }
http: { port: 0 }
log: { level: warn }
pushes:
  - { cloud: ctwing, gateway: cloud-ctwing, host: 127.0.0.1, port: ${port}, secretFile: ctwing.secret, devices: [ ${devicesOf('push-ctwing')} ] }
  - { cloud: onenet, gateway: cloud-onenet, host: 127.0.0.1, port: 0, secretFile: onenet.secret, tokenFile: onenet.token, devices: [ ${devicesOf('push-onenet')} ] }
`;
}

interface Collector {
  readonly child: Child;
  readonly pushes: Readonly<Record<string, string>>;
}

/** Starts the collector; the cloud keeps the port that it was given at first. */
async function startCollector(port = 0): Promise<Collector> {
  const file = join(folder, 'collector.yaml');
  writeFileSync(file, collectorSettings(port));
  const child = await children.start('collector', COLLECTOR, 'run', '--config', file);
  const { pushes } = child.ready as unknown as { pushes: Record<string, string> };
  return { child, pushes };
}

async function kill({ child }: Collector): Promise<void> {
  const gone = once(child.process, 'exit');
  child.process.kill('SIGKILL');
  await gone;
}

function startCloud(cloud: string, url: string, ...more: string[]): Promise<Child> {
  const files = ['--secret-file', join(folder, `${cloud}.secret`), '--truth', join(folder, `${cloud}.truth`)];
  return children.start(cloud, SIM, 'push', '--cloud', cloud, '--name', cloud, '--url', url, ...files, '--live', '--with-parent', ...more);
}

interface Told {
  readonly sid: string;
  readonly what: string;
  readonly expect: string;
  readonly counter: number;
  readonly address: { readonly device: string };
}

/** What the devices of a cloud really said, each thing as it stood last. */
function truthOf(cloud: string): Told[] {
  const lines = readFileSync(join(folder, `${cloud}.truth`), 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean);
  return [...new Map(lines.map((line) => JSON.parse(line) as Told).map((line) => [line.sid, line])).values()];
}

interface Stored {
  readonly number: number;
  readonly lane: string;
  readonly ordinal: number;
  readonly event_id: string;
  readonly kind: string;
  readonly edge: string;
  /** `device/counter`, from the body that the event carries as its evidence. */
  readonly said: string;
}

function ledgerOf(gateway: string, data = 'data'): Stored[] {
  const database = new SqliteDatabase(join(folder, data, 'ledger.sqlite'), { readonly: true });
  try {
    const rows = database
      .prepare('SELECT number, lane, ordinal, event_id, event FROM ledger WHERE gateway = ? ORDER BY ordinal')
      .all(gateway);
    return (rows as Array<Omit<Stored, 'kind' | 'edge' | 'said'> & { event: string }>).map(({ event, ...row }) => {
      const { kind, edge, packetHex } = JSON.parse(event) as { kind: string; edge: string; packetHex?: string };
      return { ...row, kind, edge, said: saidIn(packetHex) };
    });
  } finally {
    database.close();
  }
}

function saidIn(packetHex: string | undefined): string {
  if (packetHex === undefined) return '';
  try {
    const body = JSON.parse(Buffer.from(packetHex, 'hex').toString()) as { IMEI?: string; upPacketSN?: number };
    return `${body.IMEI}/${body.upPacketSN}`;
  } catch {
    return 'unreadable';
  }
}

const fires = (rows: readonly Stored[]) => rows.filter(({ kind, edge }) => kind === 'fire' && edge === 'began').map(({ said }) => said);
const wanted = (told: readonly Told[]) =>
  told.filter(({ what, expect }) => what === 'fire' && expect === 'must').map(({ address, counter }) => `${address.device}/${counter}`);
const fire = (device: string) => ({ say: { what: 'fire', address: { device } } });

/** Numbers without a gap, one order over both lanes, no event twice. */
function expectWhole(rows: readonly Stored[]): void {
  for (const lane of ['alarm', 'ordinary']) {
    const numbers = rows.filter((row) => row.lane === lane).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }
  expect(new Set(rows.map(({ ordinal }) => ordinal)).size).toBe(rows.length);
  expect(new Set(rows.map(({ event_id }) => event_id)).size).toBe(rows.length);
}

async function acknowledged(cloud: string, count: number): Promise<void> {
  await vi.waitFor(() => expect(truthOf(cloud).filter((told) => told.expect === 'must').length).toBeGreaterThanOrEqual(count), PATIENCE);
}

const portOf = (url: string) => Number(new URL(url).port);

describe('an operator cloud that pushes to the collector', () => {
  beforeEach(() => children.run('init', COLLECTOR, 'init', '--data', join(folder, 'data')));

  test('loses nothing and doubles nothing when the collector is killed between the commit and the answer', async () => {
    let collector = await startCollector();
    const port = portOf(collector.pushes['cloud-ctwing']!);
    const link = await children.start('link', SIM, 'proxy', '--to', `127.0.0.1:${port}`, '--live', '--with-parent');
    const cloud = await startCloud('ctwing', `http://${link.ready['address']}/push/`, '--retries', '1000', '--retry-every', '50');

    for (const device of DEVICES.slice(0, 3)) {
      link.tell({ mode: 'answers-lost' });
      cloud.tell(fire(device));
      await vi.waitFor(() => expect(fires(ledgerOf('cloud-ctwing'))).toContain(`${device}/1`), PATIENCE);
      await kill(collector);
      expect(wanted(truthOf('ctwing'))).not.toContain(`${device}/1`); // it is stored, and the cloud does not know
      link.tell({ mode: 'cut' });
      link.tell({ mode: 'pass' });
      collector = await startCollector(port);
      await vi.waitFor(() => expect(wanted(truthOf('ctwing'))).toContain(`${device}/1`), PATIENCE);
    }
    const rows = ledgerOf('cloud-ctwing');
    expect(fires(rows).sort()).toEqual(wanted(truthOf('ctwing')).sort());
    expectWhole(rows);
  });

  test('in bursts, with repeats, kills and forgers: every alarm is in the ledger once, and nothing else is', async () => {
    let collector = await startCollector();
    const port = portOf(collector.pushes['cloud-ctwing']!);
    const cloud = await startCloud('ctwing', `http://127.0.0.1:${port}/push/`, '--retries', '1000', '--retry-every', '50');
    cloud.tell({ forge: { how: 'path' } });
    for (let turn = 0; turn < 3; turn++) {
      cloud.tell({ duplicate: { packets: 10, copies: 3 } });
      for (const device of DEVICES) cloud.tell(fire(device));
      await vi.waitFor(() => expect(wanted(truthOf('ctwing')).length).toBeGreaterThan(20 * turn + 2), PATIENCE);
      await kill(collector);
      collector = await startCollector(port);
    }
    await acknowledged('ctwing', 60);
    const status = (await (await fetch(new URL('/api/status', collector.child.ready['page']))).json()) as {
      pushes: Array<{ gateway: string; address: string }>;
    };
    expect(status.pushes.map(({ gateway }) => gateway)).toEqual(['cloud-ctwing', 'cloud-onenet']);
    expect(status.pushes[0]!.address).toBe(collector.pushes['cloud-ctwing']);
    const rows = ledgerOf('cloud-ctwing');
    expect(fires(rows).sort()).toEqual(wanted(truthOf('ctwing')).sort());
    expect(fires(rows)).toHaveLength(60);
    expectWhole(rows);
  });

  test('that signs is believed, and who signs with another token is not', async () => {
    const { pushes } = await startCollector();
    const cloud = await startCloud('onenet', pushes['cloud-onenet']!, '--token-file', join(folder, 'onenet.token'));
    cloud.tell({ forge: { how: 'signature' } });
    cloud.tell({ noise: { bytes: 40 } });
    for (const device of DEVICES.slice(0, 5)) cloud.tell(fire(device));
    await acknowledged('onenet', 5);
    const kinds = ledgerOf('cloud-onenet').map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'fire')).toHaveLength(5);
    expectWhole(ledgerOf('cloud-onenet'));
  });
});

describe('an operator cloud that pushes to a gateway', () => {
  interface Door {
    readonly child: Child;
    /** Where it listens: the cloud keeps the port that it was given at first. */
    readonly at: string;
  }
  const statusOf = async ({ ready }: Child) =>
    (await (await fetch(`${ready['status']}/status`)).json()) as { lines: Array<{ at: string; unheard: object }> };

  async function startGateway(intake: string, port = 0): Promise<Door> {
    writeFileSync(
      join(folder, 'gateway.yaml'),
      `gateway: { id: gw-1, address: 1, centre: 2 }
data: ./gateway-data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "${intake}", ca: gw-1/ca.pem, certificate: gw-1/gw-1.pem, key: gw-1/gw-1.key }]
log: { level: warn }
lines:
  - name: clouds
    wire: { kind: http, cloud: ctwing, host: 127.0.0.1, port: ${port}, secretFile: ctwing.secret }
    devices: [ ${devicesOf('push-ctwing')} ]
`,
    );
    const child = await children.start('gateway', GATEWAY, 'run', '--config', join(folder, 'gateway.yaml'));
    await vi.waitFor(async () => expect((await statusOf(child)).lines[0]!.at).toMatch(/:\d+$/), PATIENCE);
    return { child, at: (await statusOf(child)).lines[0]!.at };
  }

  async function startSite(): Promise<{ readonly intake: string; readonly door: Door }> {
    await children.run('init', COLLECTOR, 'init', '--data', join(folder, 'data'));
    await children.run('enrol', COLLECTOR, 'enrol', '--data', join(folder, 'data'), '--gateway', 'gw-1', '--out', join(folder, 'gw-1'));
    const intake = (await startCollector()).child.ready['intake'] as string;
    return { intake, door: await startGateway(intake) };
  }

  test('has its alarms in the ledger once each, over the journal and the uplink', async () => {
    const { door } = await startSite();
    const cloud = await startCloud('ctwing', `http://${door.at}/push/`, '--retries', '100', '--retry-every', '50');
    cloud.tell({ forge: { how: 'path' } });
    cloud.tell({ duplicate: { packets: 20, copies: 2 } });
    for (const device of [...DEVICES, ...DEVICES]) cloud.tell(fire(device));
    await acknowledged('ctwing', 40);
    await vi.waitFor(() => expect(fires(ledgerOf('gw-1'))).toHaveLength(40), PATIENCE);
    expect(fires(ledgerOf('gw-1')).sort()).toEqual(wanted(truthOf('ctwing')).sort());
    expectWhole(ledgerOf('gw-1'));
    expect((await statusOf(door.child)).lines[0]!.unheard).toMatchObject({ 'wrong-path': 1, repeat: 20 });
  });

  test('has them there once each also when the gateway is killed between its journal and its answers', async () => {
    const { intake, door } = await startSite();
    const cloud = await startCloud('ctwing', `http://${door.at}/push/`, '--retries', '1000', '--retry-every', '50');
    let { child } = door;
    for (let round = 0; round < 3; round++) {
      cloud.tell({ duplicate: { packets: 20, copies: 2 } });
      for (const device of DEVICES) cloud.tell(fire(device));
      await acknowledged('ctwing', 20 * round + 5);
      const gone = once(child.process, 'exit');
      child.process.kill('SIGKILL');
      await gone;
      ({ child } = await startGateway(intake, portOf(`http://${door.at}`)));
      await acknowledged('ctwing', 20 * (round + 1));
    }
    await vi.waitFor(() => expect(fires(ledgerOf('gw-1')).length).toBeGreaterThanOrEqual(60), PATIENCE);
    expect(fires(ledgerOf('gw-1')).sort()).toEqual(wanted(truthOf('ctwing')).sort());
    expectWhole(ledgerOf('gw-1'));
  });
});
