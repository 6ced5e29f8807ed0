import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from './folder.fixture.ts';

const CLI = fileURLToPath(new URL('./cli.ts', import.meta.url));
const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
});

function sim(...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  running.push(child);
  return child;
}

async function finished(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = sim(...words);
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code: code as number | null, out, err };
}

/** The ready line, which is the first and only thing on standard output. */
async function ready(child: ChildProcess): Promise<Record<string, string>> {
  let out = '';
  child.stdout!.on('data', (bytes) => (out += bytes));
  return vi.waitFor(() => JSON.parse(out) as Record<string, string>, 60_000);
}

const PANEL = ['device', '--family', 'jbf-193k', '--wire', 'tcp:127.0.0.1:0', '--name', 'panel-1'];

describe('sim device', () => {
  test('says when it is ready, plays its scenario, takes live steps, writes the truth and stops on SIGTERM', async () => {
    const dir = temporaryFolder();
    const truth = join(dir, 'truth.jsonl');
    writeFileSync(join(dir, 's.yaml'), 'steps:\n  - { at: 100ms, say: { what: fire, address: { loop: 1, point: 2 } } }\n');
    const child = sim(...PANEL, '--scenario', join(dir, 's.yaml'), '--truth', truth, '--live');
    const { ready: role, name, wire } = await ready(child);
    expect([role, name]).toEqual(['device', 'panel-1']);
    const [host, port] = wire!.split(':');
    const socket = connect(Number(port), host);
    child.stdin!.write('{"say":{"what":"fault","address":{"loop":1,"point":9}}}\n');
    const lines = () =>
      readFileSync(truth, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).what);
    await vi.waitFor(() => expect(lines().sort()).toEqual(['fault', 'fire']), 60_000);
    child.stdin!.write('{"sing":true}\n');
    const [complaint] = await once(child.stderr!, 'data');
    expect(String(complaint)).toBeTruthy();
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await exit)[0]).toBe(0);
    socket.destroy();
  });

  test('ends with its parent when told to', async () => {
    const child = sim(...PANEL, '--with-parent');
    await ready(child);
    const exit = once(child, 'exit');
    child.stdin!.end();
    expect((await exit)[0]).toBe(0);
  });

  test('answers wrong words with every problem and exit 2', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 's.yaml'), 'steps:\n  - { at: 1s, say: { what: fier } }\n  - { at: 1s, rebind: true }\n');
    const [family, wire, scenario, number] = await Promise.all([
      finished('device', '--family', 'no-such', '--wire', 'pty', '--name', 'x'),
      finished('device', '--family', 'nb-huaqiang', '--wire', 'pty', '--name', 'x'),
      finished(...PANEL, '--scenario', join(dir, 's.yaml')),
      finished(...PANEL, '--unit', '0'),
    ]);
    expect([family, wire, scenario, number].map(({ code, out }) => [code, out])).toEqual(Array(4).fill([2, '']));
    expect(family.err).toMatch(/--family: must be one of .*\bjbf-193k\b/);
    expect(wire.err).toContain('speaks CoAP: udp:host:port');
    expect(scenario.err).toContain('steps[0].say.what: must be one of fire');
    expect(number.err).toContain('a whole number from 1 to 247');
  });
});

test('sim municipal and sim proxy say where they are', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'token'), 'secret\n');
  const municipal = sim('municipal', '--log', join(dir, 'm.jsonl'), '--token-file', join(dir, 'token'));
  const proxy = sim('proxy', '--to', '127.0.0.1:9', '--live', '--log', join(dir, 'link.jsonl'));
  const [{ url, control }, { address }] = await Promise.all([ready(municipal), ready(proxy)]);
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect((await fetch(url!, { method: 'POST', body: '{}' })).status).toBe(401);
  expect((await fetch(control!, { method: 'POST', body: '{"mode":"fail"}' })).status).toBe(200);
  proxy.stdin!.write('{"mode":"cut"}\n');
  await vi.waitFor(() => expect(JSON.parse(readFileSync(join(dir, 'link.jsonl'), 'utf8')).mode).toBe('cut'), 60_000);
});

test('sim list names every family with its shape', async () => {
  const { code, out } = await finished('list', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ name: 'jbf-193k', shape: 'talks', tier: 1 }));
});
