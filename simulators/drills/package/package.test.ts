import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROCESSORS, type Processor, stage, VERSION, writeControl } from '../../../gateway/package/box.ts';
import { runTool } from '../house/tool.ts';
import { elvesIn, MACHINES } from './elf.ts';
import { fires } from './journal-rows.ts';
import { fireAt, settings, startPanel } from './panel-site.ts';

const PROCESSOR = Object.entries(PROCESSORS).find(([, arch]) => arch === process.arch)![0] as Processor;
const soon = { timeout: 60_000, interval: 200 };
let folder: string;
let tree: string;
const launcher = () => join(tree, 'usr/bin/fengsui-gateway');

async function packetsOf(status: string): Promise<number> {
  return ((await (await fetch(`${status}/status`)).json()) as { readonly lines: ReadonlyArray<{ readonly packets: number }> }).lines[0]!
    .packets;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-package-test-'));
  tree = join(folder, 'tree');
  mkdirSync(tree);
  await stage(tree, PROCESSOR, VERSION);
  writeControl(tree, PROCESSOR, VERSION);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is installed is for this processor alone, and nobody but root may change it', () => {
  const elves = elvesIn(tree);
  expect(elves.map(([file]) => file.split('/').at(-1)).sort()).toEqual([
    '@serialport+bindings-cpp.glibc.node',
    `linux-${process.arch}.node`,
    'node',
  ]);
  expect(new Set(elves.map(([, machine]) => machine))).toEqual(new Set([MACHINES[PROCESSOR]]));
  const writable = readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter(
    (file) => (lstatSync(join(tree, file)).mode & 0o022) !== 0,
  );
  expect(writable).toEqual([]);
  expect(lstatSync(join(tree, 'etc/fengsui/gateway.yaml')).mode & 0o777).toBe(0o640);
});

test('every source is plain ASCII, so that the runtime keeps it with one byte a character', () => {
  const library = join(tree, 'usr/lib/fengsui-gateway');
  const sources = readdirSync(library).filter((file) => file.endsWith('.cjs'));
  expect(sources).toContain('worker.cjs');
  expect(sources.filter((file) => readFileSync(join(library, file)).some((byte) => byte > 0x7f))).toEqual([]);
});

test('dpkg takes the package, and lists it as root’s', async () => {
  const deb = join(folder, 'box.deb');
  expect((await runTool('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, deb])).code).toBe(0);
  const { output } = await runTool('dpkg-deb', ['--contents', deb]);
  expect(
    output
      .trim()
      .split('\n')
      .every((line) => line.includes(' root/root ')),
  ).toBe(true);
  expect((await runTool('dpkg-deb', ['--field', deb, 'Version', 'Architecture'])).output).toContain(PROCESSOR);
});

test('the settings it is installed with lack only what the collector gives', async () => {
  const { code, output } = await runTool(launcher(), ['check', '--config', join(tree, 'etc/fengsui/gateway.yaml')]);
  expect(code).toBe(2);
  const problems = output.trim().split('\n');
  expect(problems.length).toBe(3);
  for (const problem of problems) expect(problem).toMatch(/^uplinks\[0\]\.(ca|certificate|key): .*cannot be read/);
});

test('the unit holds the gateway tighter than systemd’s own services are held', async () => {
  const unit = join(tree, 'usr/lib/systemd/system/fengsui-gateway.service');
  const { code, output } = await runTool('systemd-analyze', ['security', '--offline=true', '--threshold=25', unit]);
  expect(output).toContain('Overall exposure level');
  expect(code, output).toBe(0);
});

test('a gateway run from the unpacked tree hears a panel and makes its fire durable; it stops in order', async () => {
  const panel = await startPanel(folder);
  const data = join(folder, 'data');
  writeFileSync(join(folder, 'gateway.yaml'), settings(panel.address, data));
  const gateway: ChildProcess = spawn(launcher(), ['run', '--config', join(folder, 'gateway.yaml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  gateway.stderr!.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  try {
    const [ready] = (await once(gateway.stdout!, 'data')) as [Buffer];
    const { status, ...rest } = JSON.parse(ready.toString()) as { readonly status: string };
    expect(rest).toEqual({ ready: 'gateway', id: 'gw-box' });
    await vi.waitFor(async () => expect(await packetsOf(status)).toBeGreaterThan(0), soon);
    await fireAt(panel, 2);
    await vi.waitFor(() => expect(fires(data)).toBe(1), soon);
    gateway.kill('SIGTERM');
    expect((await once(gateway, 'exit'))[0], said).toBe(0);
    expect(said.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  } finally {
    gateway.kill('SIGKILL');
    await panel[Symbol.asyncDispose]();
  }
});

test('what is seldom needed is there when it is: the reader of spreadsheets loads', async () => {
  const library = join(tree, 'usr/lib/fengsui-gateway');
  const { code, output } = await runTool(join(library, 'node'), ['-e', `if (!require('${library}/gateway-excel.cjs')) process.exit(1)`]);
  expect(code, output).toBe(0);
});
