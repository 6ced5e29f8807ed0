import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Child, Children } from './demo/children.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SIM = 'simulators/src/cli.ts';
const COLLECTOR = 'collector/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';
const PATIENCE = { timeout: 60_000, interval: 100 };
const PLACE = '1号楼3层东走道';
const PIN = '480736';

let folder: string;
let children: Children;
let panel: Child;
let collector: string;
let page: string;
let cookie: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-test-alarm-'));
  for (const name of ['logs', 'gateway']) mkdirSync(join(folder, name));
  children = new Children(join(folder, 'logs'), () => {});
  await startAll();
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** City, collector with its certificates, panel and gateway, each a process of its own. */
async function startAll(): Promise<void> {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('city.token'), 'token-of-the-city\n', { mode: 0o600 });
  const data = at('collector');
  const city = await children.start('city', SIM, 'municipal', '--log', at('city.jsonl'), '--token-file', at('city.token'));
  await children.run('init', COLLECTOR, 'init', '--data', data, '--host', '127.0.0.1');
  await children.run('enrol', COLLECTOR, 'enrol', '--data', data, '--gateway', 'gw-1', '--out', at('enrolled'));
  writeFileSync(
    at('collector.yaml'),
    `collector: { operator: DRILL }
data: ./collector
intake: { port: 0 }
http: { port: 0 }
municipal: { url: "${city.ready['url']}", tokenFile: city.token, allowPrivateAddress: true }
`,
  );
  const { ready } = await children.start('collector', COLLECTOR, 'run', '--config', at('collector.yaml'));
  collector = ready['page']!;
  const device = ['--name', 'panel-1', '--family', 'jbf-193k', '--wire', 'tcp:127.0.0.1:0', '--live'];
  panel = await children.start('panel', SIM, 'device', ...device, '--seed', '1', '--truth', at('truth.jsonl'));
  await startGateway(new URL(ready['intake']!).port, panel.ready['wire']!.split(':'));
}

async function startGateway(intake: string, [host, port]: readonly string[]): Promise<void> {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./gateway
profile: db36-t1297-2020
uplinks:
  - { name: collector, kind: mqtt, url: "mqtts://127.0.0.1:${intake}", ca: enrolled/ca.pem, certificate: enrolled/gw-1.pem, key: enrolled/gw-1.key }
page: { port: 0 }
lines:
  - name: panel-line
    wire: { kind: tcp, host: ${host}, port: ${port} }
    devices:
      - name: panel-1
        family: jbf-193k
        points: [ { address: { controller: 1, loop: 1, point: 2 }, place: ${PLACE}, componentType: 42 } ]
`,
  );
  setPin(file);
  page = (await children.start('gateway', GATEWAY, 'run', '--config', file)).ready['page']!;
  const { headers } = await ask('POST', '/api/login', { pin: PIN });
  cookie = String(headers['set-cookie']?.[0]).split(';')[0]!;
}

/** As the script of an installer sets it. */
function setPin(file: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, GATEWAY), 'pin', '--config', file], {
    input: `${PIN}\n`,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
}

interface Answered {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: never;
}

function ask(method: string, path: string, said: object = {}): Promise<Answered> {
  const headers = { origin: page, 'content-type': 'application/json', ...(cookie ? { cookie } : {}) };
  return new Promise((resolve, reject) => {
    const asked = request(`${page}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece));
      response.on('end', () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as never }));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(said));
  });
}

/** The first word of the page's stream that a check likes. */
function status<T>(likes: (status: { alarm: { steps: Array<{ what: string }>; endedMs: number | null } | null }) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = request(`${page}/api/stream`, { headers: { cookie }, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const data = /^event: status\ndata: (.*)$/s.exec(text.slice(0, end))?.[1];
          text = text.slice(end + 2);
          const liked = data === undefined ? null : likes(JSON.parse(data) as never);
          if (liked !== null) {
            asked.destroy();
            resolve(liked);
          }
        }
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

interface Incident {
  readonly class: string;
  readonly test: boolean;
  readonly state: string;
  readonly source: string;
  readonly points: ReadonlyArray<{ readonly place?: string }>;
}

async function incidents(): Promise<Incident[]> {
  const { incidents } = (await (await fetch(new URL('/api/incidents', collector))).json()) as { incidents: Incident[] };
  return incidents.filter((incident) => incident.class === 'fire');
}

const pushedFires = () =>
  readFileSync(join(folder, 'city.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => /fire|火警/.test(line));

describe('a test alarm from the box to the collector', () => {
  test('is a test on its whole way, ends no fire that is real, and never reaches the city', async () => {
    expect((await ask('POST', '/api/test-alarm', { about: PLACE })).code).toBe(202);
    const steps = await status(({ alarm }) => (alarm && alarm.steps.length >= 3 ? alarm.steps.map(({ what }) => what) : null));
    expect(steps).toEqual(['durable', 'sent', 'accepted']);
    await vi.waitFor(
      async () => expect(await incidents()).toMatchObject([{ test: true, state: 'open', source: 'gw-1', points: [{ place: PLACE }] }]),
      PATIENCE,
    );
    // A real fire begins at the very place the test names.
    panel.tell({ at: 0, say: { what: 'fire', address: { controller: 1, loop: 1, point: 2 } } });
    await vi.waitFor(
      async () =>
        expect((await incidents()).filter(({ test: isTest }) => !isTest)).toMatchObject([{ state: 'open', points: [{ place: PLACE }] }]),
      PATIENCE,
    );
    await vi.waitFor(() => expect(pushedFires()).toHaveLength(1), PATIENCE);
    expect((await ask('POST', '/api/test-alarm/end')).code).toBe(200);
    await vi.waitFor(
      async () => expect((await incidents()).filter(({ test: isTest }) => isTest)).toMatchObject([{ state: 'restored' }]),
      PATIENCE,
    );
    expect((await incidents()).filter(({ test: isTest }) => !isTest)).toMatchObject([{ state: 'open', source: 'panel-1' }]);
    expect(pushedFires()).toHaveLength(1);
    expect(pushedFires()[0]).toContain('panel-1');
  });
});
