import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@fengsui/protocol';
import { STANDARD, streamView } from '@fengsui/protocol/gb26875';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CentreLine } from '../src/city-centre.ts';
import { type Child, Children } from './demo/children.ts';

const SIM = 'simulators/src/cli.ts';
const GATEWAY = 'gateway/src/main.ts';
const PATIENCE = { timeout: 60_000, interval: 50 };
let folder: string;
let children: Children;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-centre-'));
  mkdirSync(join(folder, 'logs'));
  children = new Children(join(folder, 'logs'), () => {});
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** A centre that keeps its port and its log when it is started again. */
function startCentre(transport: string, port = '0', ...more: string[]): Promise<Child> {
  const words = ['--transport', transport, '--port', port, '--log', join(folder, 'centre.log'), '--with-parent'];
  return children.start('centre', SIM, 'centre', ...words, ...more);
}

async function startSite(transport: string, port: string): Promise<{ readonly gateway: Child; readonly panel: Child }> {
  const panel = await children.start(
    'panel',
    SIM,
    'device',
    '--family',
    'jbf-193k',
    '--name',
    'panel-1',
    '--wire',
    'tcp:127.0.0.1:0',
    '--live',
    '--with-parent',
  );
  const panelPort = String(panel.ready['wire']).split(':').at(-1);
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks:
  - { name: city, kind: gb26875, transport: ${transport}, host: 127.0.0.1, port: ${port}, heartbeatS: 1, replyTimeoutMs: 400, resends: 3, reconnectMinMs: 50, reconnectMaxMs: 300 }
lines:
  - { name: panel-line, wire: { kind: tcp, host: 127.0.0.1, port: ${panelPort} }, devices: [ { name: panel-1, family: jbf-193k, points: [] } ] }
`,
  );
  const gateway = await children.start('gateway', GATEWAY, 'run', '--config', file);
  await vi.waitFor(async () => expect((await status(gateway)).lines[0]).toMatchObject({ state: 'open' }), PATIENCE);
  return { gateway, panel };
}

interface Heard extends CentreLine {
  readonly states: readonly string[];
  readonly point: number;
}

function heard(): Heard[] {
  const lines = readFileSync(join(folder, 'centre.log'), 'utf8').split('\n').filter(Boolean);
  return lines.map((text) => {
    const line = JSON.parse(text) as CentreLine;
    const { unit } = streamView(fromHex(line.hex)!, STANDARD)[0] as { unit: { objects?: Array<Record<string, unknown>> } | null };
    const [object = {}] = unit?.objects ?? [];
    return { ...line, states: (object['states'] ?? []) as string[], point: Number(object['componentAddress'] ?? 0) };
  });
}
const uploadsOf = (state: string) => heard().filter(({ type, states }) => type === 2 && states.includes(state));
const pointsOf = (state: string) => new Set(uploadsOf(state).map(({ point }) => point));
const say = (panel: Child, what: string, points: readonly number[]) => {
  for (const point of points) panel.tell({ say: { what, address: { controller: 1, loop: 1, point } } });
};
const status = async ({ ready }: Child) =>
  (await fetch(new URL('/status', String(ready['status'])))).json() as Promise<{
    lines: Array<{ state: string }>;
    uplinks: Array<Record<string, unknown>>;
    journal: { lanes: Record<string, { waiting: number; rejected: number }> };
  }>;
const isEmpty = async (gateway: Child) => Object.values((await status(gateway)).journal.lanes).every(({ waiting }) => waiting === 0);

describe.each(['tcp', 'udp'])('a city centre over %s', (transport) => {
  test('hears everything, also of an outage, alarms first, and nothing twice but what was on its way', async () => {
    let centre = await startCentre(transport);
    const port = centre.ready['port']!;
    const { gateway, panel } = await startSite(transport, port);
    say(panel, 'fire', [1, 2, 3]);
    await vi.waitFor(() => expect(pointsOf('fire').size).toBe(3), PATIENCE);
    await vi.waitFor(async () => expect(await isEmpty(gateway)).toBe(true), PATIENCE);
    await vi.waitFor(async () => expect((await status(gateway)).uplinks[0]).toMatchObject({ state: 'up' }), PATIENCE);

    await centre.stop();
    await vi.waitFor(
      async () => expect((await status(gateway)).uplinks[0]).toMatchObject({ state: expect.stringMatching(/down|connecting/) }),
      PATIENCE,
    );
    say(panel, 'fault', [11, 12, 13, 14, 15, 16]);
    await vi.waitFor(async () => expect((await status(gateway)).journal.lanes['ordinary']!.waiting).toBeGreaterThanOrEqual(6), PATIENCE);
    say(panel, 'fire', [21, 22, 23]);
    await vi.waitFor(async () => expect((await status(gateway)).journal.lanes['alarm']!.waiting).toBeGreaterThanOrEqual(3), PATIENCE);

    const before = heard().length;
    centre = await startCentre(transport, port);
    await vi.waitFor(() => expect([pointsOf('fire').size, pointsOf('fault').size]).toEqual([6, 6]), PATIENCE);
    await vi.waitFor(async () => expect(await isEmpty(gateway)).toBe(true), PATIENCE);
    const after = heard()
      .slice(before)
      .filter(({ type }) => type === 2);
    const firstFault = after.findIndex(({ states }) => states.includes('fault'));
    expect(after.slice(0, firstFault).filter(({ states }) => states.includes('fire')).length).toBeGreaterThanOrEqual(3);
    expect(after.slice(firstFault).some(({ states }) => states.includes('fire'))).toBe(false);
    // What was confirmed is never told again.
    const confirmed = heard().filter(({ type, answer }) => type === 2 && answer === 'confirm');
    expect(new Set(confirmed.map(({ states, point }) => `${states} ${point}`)).size).toBe(confirmed.length);
  });

  test('that denies everything is told alarms again and again until it takes them; what is ordinary is kept as rejected', async () => {
    const centre = await startCentre(transport, '0', '--mode', 'deny');
    const { gateway, panel } = await startSite(transport, centre.ready['port']!);
    say(panel, 'fire', [1]);
    await vi.waitFor(() => expect(uploadsOf('fire').length).toBeGreaterThan(4), PATIENCE);
    const { hex } = uploadsOf('fire')[0]!;
    expect(heard().filter((line) => line.hex === hex)).toHaveLength(4);
    say(panel, 'fault', [11]);
    await vi.waitFor(async () => expect((await status(gateway)).journal.lanes['ordinary']!.rejected).toBeGreaterThanOrEqual(1), PATIENCE);
    expect((await status(gateway)).journal.lanes['alarm']!).toMatchObject({ waiting: 1, rejected: 0 });
    centre.tell({ mode: 'deny-first' });
    say(panel, 'fire', [2]);
    await vi.waitFor(
      () =>
        expect(uploadsOf('fire').filter(({ point, answer }) => point !== uploadsOf('fire')[0]!.point && answer === 'confirm')).toHaveLength(
          1,
        ),
      PATIENCE,
    );
    await vi.waitFor(async () => expect(await isEmpty(gateway)).toBe(true), PATIENCE);
  });

  test('asks for state and version, checks the duty, and is denied what touches the device', async () => {
    const centre = await startCentre(transport);
    const { gateway, panel } = await startSite(transport, centre.ready['port']!);
    say(panel, 'fire', [7]);
    await vi.waitFor(() => expect(uploadsOf('fire')).toHaveLength(1), PATIENCE);
    const replies = () => heard().filter(({ command }) => command === 3 || command === 5 || command === 6);
    const ask = async (unit: string, command = 4) => {
      const known = replies().length;
      centre.tell({ ask: unit, command });
      await vi.waitFor(() => expect(replies().length).toBe(known + 1), PATIENCE);
      const { hex } = replies().at(-1)!;
      return streamView(fromHex(hex)!, STANDARD)[0] as {
        command: number;
        unit: null | { type: number; objects: Array<Record<string, unknown>> };
      };
    };
    expect(await ask('510100')).toMatchObject({
      command: 5,
      unit: { type: 21, objects: [{ states: expect.arrayContaining(['normal']) }] },
    });
    expect(await ask('550100')).toMatchObject({ command: 5, unit: { type: 25 } });
    expect(await ask('560100')).toMatchObject({ command: 5, unit: { type: 26, objects: [{ text: expect.any(String) }] } });
    expect(await ask('580100')).toMatchObject({ command: 5, unit: { type: 28 } });
    expect(await ask('3d010101')).toMatchObject({ command: 5, unit: { type: 1, objects: [{ states: ['normal', 'fire'] }] } });
    const point = uploadsOf('fire')[0]!.point;
    const address = Buffer.alloc(4);
    address.writeUInt32LE(point);
    expect(await ask(`3e010101${address.toString('hex')}`)).toMatchObject({
      command: 5,
      unit: { type: 2, objects: [{ componentAddress: point, states: ['normal', 'fire'] }] },
    });
    expect(await ask(`43010101${address.toString('hex')}`)).toMatchObject({
      command: 5,
      unit: { type: 7, objects: [{ componentAddress: point }] },
    });
    expect(await ask('4001010105000000000000')).toMatchObject({ command: 5, unit: { type: 4, count: 0 } });
    expect(await ask('590100', 1)).toMatchObject({ command: 6, unit: null });
    expect(await ask('5a011e1e0e05031b', 1)).toMatchObject({ command: 6 });
    expect(await ask('5b0105', 1)).toMatchObject({ command: 3, unit: null });
    const told = await fetch(new URL('/duty-answer', String(gateway.ready['status'])), {
      method: 'POST',
      body: JSON.stringify({ operatorNumber: 3 }),
      headers: { 'content-type': 'application/json' },
    });
    expect(told.status).toBe(200);
    await vi.waitFor(() => expect(heard().filter(({ type }) => type === 24)).toHaveLength(1), PATIENCE);
  });
});
