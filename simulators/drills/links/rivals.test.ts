import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Child, Children } from '../demo/children.ts';

const COLLECTOR = 'collector/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';
const PATIENCE = { timeout: 60_000, interval: 200 };

let folder: string;
let children: Children;
let collector: Child;

const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-rivals-'));
  for (const name of ['logs', 'one']) mkdirSync(at(name));
  children = new Children(at('logs'), () => {});
  await children.run('init', COLLECTOR, 'init', '--data', at('collector'), '--host', '127.0.0.1');
  await children.run('enrol', COLLECTOR, 'enrol', '--data', at('collector'), '--gateway', 'gw-1', '--out', at('enrolled'));
  const settings = 'collector: { operator: DRILL }\ndata: ./collector\nintake: { port: 0 }\nhttp: { port: 0 }\n';
  writeFileSync(at('collector.yaml'), settings);
  collector = await children.start('collector', COLLECTOR, 'run', '--config', at('collector.yaml'));
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

function start(name: string): Promise<Child> {
  const { port } = new URL(collector.ready['intake']!);
  writeFileSync(
    at(`${name}.yaml`),
    `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./${name}
profile: db36-t1297-2020
uplinks:
  - { name: collector, kind: mqtt, url: "mqtts://127.0.0.1:${port}", ca: enrolled/ca.pem, certificate: enrolled/gw-1.pem, key: enrolled/gw-1.key }
status: { host: 127.0.0.1, port: 0 }
lines:
  - { name: panel-line, wire: { kind: tcp, host: 127.0.0.1, port: 1 }, devices: [ { name: panel-1, family: jbf-193k } ] }
`,
  );
  return children.start(name, GATEWAY, 'run', '--config', at(`${name}.yaml`));
}

const get = async <T>(url: string) => (await (await fetch(url)).json()) as T;
interface Shown {
  readonly source: string;
  readonly class: string;
  readonly points: ReadonlyArray<{ readonly text?: string }>;
}
const ofCollector = (path: string) => new URL(path, collector.ready['page']).href;
const incidents = async () => (await get<{ incidents: Shown[] }>(ofCollector('/api/incidents'))).incidents;

it('a cloned box is an incident at the collector and a trouble with its likely cause at both boxes; one that is started anew is none', async () => {
  const first = await start('one');
  await first.stop();
  cpSync(at('one'), at('two'), { recursive: true });
  const original = await start('one');
  await vi.waitFor(async () => expect(JSON.stringify(await get(ofCollector('/api/status')))).toContain('gw-1'), PATIENCE);
  expect(JSON.stringify(await incidents())).not.toContain('identity');
  const clone = await start('two');
  await vi.waitFor(async () => {
    const found = (await incidents()).filter(({ source }) => source === 'gw-1');
    expect(found).toMatchObject([{ class: 'fault', points: [{ text: expect.stringContaining('several boxes') }] }]);
  }, PATIENCE);
  for (const box of [original, clone]) {
    await vi.waitFor(async () => {
      const status = await get<{ noticed: object[]; troubles: object[]; uplinks: object[] }>(new URL('/status', box.ready['status']).href);
      expect(status.noticed).toContainEqual(expect.objectContaining({ what: 'identity-shared', source: 'collector' }));
      expect(status.troubles).toContainEqual(expect.objectContaining({ code: 'identity-shared', where: 'collector' }));
      expect(status.uplinks).toMatchObject([{ identityFailure: expect.stringContaining('another box') }]);
    }, PATIENCE);
  }
  expect(readFileSync(at('logs', 'one.log'), 'utf8')).toMatch(
    /"trouble":"identity-shared".*another box seems to use this gateway's certificate/,
  );
});
