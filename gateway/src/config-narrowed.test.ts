import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGateway } from './commands/gateway.fixture.ts';
import { checkConfiguration, loadConfiguration, type StoredConfiguration } from './config.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Good at a version that permitted more: five settings beyond the bounds of today. */
const OLD = {
  'journal.ordinaryMiB': [256, 288],
  'uplinks[0].keepaliveS': [40, 20],
  'uplinks[0].reconnectMinMs': [45_000, 30_000],
  'uplinks[0].receiptTimeoutMs': [30_000, 10_000],
  'lines[0].devices[0].pollEveryMs': [14_400_000, 7_200_000],
} as const;
type Path = keyof typeof OLD;

/** What such a site stored; `other` takes the place of some of its values. */
function stored(other: Partial<Record<Path, number>> = {}): string {
  const written = (path: Path) => other[path] ?? OLD[path][0];
  return `
gateway: { id: gw-1, address: 1, centre: 2 }
profile: db36-t1297-2020
data: ./data
journal: { ordinaryMiB: ${written('journal.ordinaryMiB')}, ballastMiB: 0 }
uplinks:
  - name: collector
    kind: mqtt
    url: mqtt://127.0.0.1:1
    keepaliveS: ${written('uplinks[0].keepaliveS')}
    reconnectMinMs: ${written('uplinks[0].reconnectMinMs')}
    reconnectMaxMs: 60000
    receiptTimeoutMs: ${written('uplinks[0].receiptTimeoutMs')}
lines:
  - name: bus
    wire: { kind: tcp, host: 127.0.0.1, port: 1, serialServer: true }
    devices:
      - name: p1
        family: pressure-transmitter
        unit: 3
        part: { systemType: 11, systemAddress: 1 }
        pollEveryMs: ${written('lines[0].devices[0].pollEveryMs')}
        points: [{ register: pressure, place: x }]
`;
}

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-narrowed-'));
  file = join(folder, 'gateway.yaml');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string): StoredConfiguration {
  writeFileSync(file, text);
  const read = loadConfiguration(file);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read;
}

const wrongIn = (text: string) => {
  writeFileSync(file, text);
  const read = loadConfiguration(file);
  return 'problems' in read ? read.problems : [];
};

describe('a stored configuration that an earlier version permitted', () => {
  it('is in force with the bounds of today, and each value is told with what to write and why', () => {
    const { configuration, narrowed } = load(stored());
    expect(Object.fromEntries(narrowed.map(({ path, wrote, inForce }) => [path, [wrote, inForce]]))).toEqual(OLD);
    const { journal, uplinks, lines } = configuration;
    expect(journal.ordinaryMiB).toBe(288);
    expect(uplinks[0]).toMatchObject({ keepaliveS: 20, reconnectMinMs: 30_000, reconnectMaxMs: 60_000, receiptTimeoutMs: 10_000 });
    expect(lines[0]!.devices[0]!.pollEveryMs).toBe(7_200_000);
    for (const { path, wrote, inForce, line } of narrowed) {
      expect(line).toContain(`${path}: ${wrote} was permitted by an earlier version; ${inForce} is in force, write that: it must be `);
      expect(line).toMatch(/ to \d+: .{20,} \/ 旧版本允许 \d+,现按 \d+ 运行/);
      expect(line).not.toContain('(got');
    }
  });

  it.each(Object.keys(OLD) as Path[])('runs with one such value alone: %s', (path) => {
    const today = Object.fromEntries(Object.entries(OLD).map(([other, [, bound]]) => [other, bound]));
    const { narrowed } = load(stored({ ...today, [path]: OLD[path][0] }));
    expect(narrowed.map((one) => one.path)).toEqual([path]);
    expect(load(stored(today)).narrowed).toEqual([]);
  });

  it.each([
    ['journal.ordinaryMiB', 0],
    ['uplinks[0].keepaliveS', 41],
    ['uplinks[0].keepaliveS', 30.5],
    ['uplinks[0].keepaliveS', 0],
    ['uplinks[0].reconnectMinMs', 60_001],
    ['uplinks[0].receiptTimeoutMs', 60_001],
    ['lines[0].devices[0].pollEveryMs', 86_400_001],
  ] as const)('is refused beyond what any version permitted: %s %d', (path, value) => {
    const problems = wrongIn(stored({ [path]: value }));
    expect(new Set(problems.map((problem) => problem.split(': ')[0]))).toEqual(new Set([path]));
  });

  it('is refused as a new one: what is pushed keeps the bounds of today', () => {
    const pushed = checkConfiguration(stored(), folder);
    expect('problems' in pushed && pushed.problems.map((problem) => problem.split(': ')[0]).sort()).toEqual(Object.keys(OLD).sort());
  });
});

describe('the program', () => {
  it('says in check what is not in force, and that the gateway starts', async () => {
    writeFileSync(file, stored());
    const { code, stdout, stderr } = await runGateway('check', '--config', file);
    expect({ code, stdout: stdout.split('\n')[0] }).toEqual({ code: 0, stdout: 'ok' });
    for (const path of Object.keys(OLD)) expect(stderr).toContain(`${path}: `);
    writeFileSync(file, stored({ 'uplinks[0].keepaliveS': 400 }));
    expect((await runGateway('check', '--config', file)).code).toBe(2);
  });

  it('says so in doctor, as something to look at', async () => {
    writeFileSync(file, stored());
    const { rows } = await runGateway('doctor', '--json', '--config', file);
    const told = rows().filter(({ about, health }) => about === 'configuration' && health === 'doubtful');
    expect(told.map(({ remedy }) => remedy).sort()).toEqual(
      Object.entries(OLD)
        .map(([path, [, bound]]) => `write ${path}: ${bound}`)
        .sort(),
    );
  });

  it('starts with it after an update, tells each in the log and in its status', async () => {
    writeFileSync(file, stored());
    const words = ['--disable-warning=ExperimentalWarning', MAIN, 'run', '--config', file, '--with-parent'];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = once(child, 'close');
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
    try {
      const ready = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
      expect(ready.done, log).not.toBe(true);
      const status = await fetch(`${JSON.parse(ready.value!).status}/status`);
      const { narrowed } = (await status.json()) as { narrowed: ReadonlyArray<{ path: string }> };
      expect(narrowed.map(({ path }) => path).sort()).toEqual(Object.keys(OLD).sort());
    } finally {
      child.stdin.end();
      await ended;
    }
    const logged = log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    const warned = logged.flatMap(({ level, path, inForce }) => (level === 40 && inForce ? [path] : []));
    expect(warned.sort()).toEqual(Object.keys(OLD).sort());
  });
});
