import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeBatch } from '@fengsui/protocol';
import SqliteDatabase from 'better-sqlite3';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchOf } from './ledger/conformance.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const SETTINGS = 'collector: { operator: JDZ-DEMO }\ndata: ./data\nintake: { port: 0 }\nhttp: { port: 0 }\nlog: { level: warn }\n';
/** Where it says that it takes deliveries, with what closes the word: half a word is no address. */
const INTAKE = /mqtts:[^"]+(?=")/;
let folder: string;
let running: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-collector-'));
  await writeFile(join(folder, 'collector.yaml'), SETTINGS);
  running = [];
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function begin(...command: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  return child;
}

async function collector(...command: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = begin(...command);
  const said = { out: '', err: '' };
  child.stdout!.on('data', (chunk) => (said.out += chunk));
  child.stderr!.on('data', (chunk) => (said.err += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

async function readyLine(child: ChildProcess): Promise<{ ready: string; page: string; intake: string }> {
  let said = '';
  for await (const chunk of child.stdout!) {
    said += chunk;
    if (said.includes('\n')) return JSON.parse(said.slice(0, said.indexOf('\n')));
  }
  throw new Error(`ended without being ready: ${said}`);
}

async function stopped(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
  return child.exitCode;
}

interface Keys {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

async function enrolledGateway(data: string): Promise<Keys> {
  expect((await collector('init', '--data', data)).code).toBe(0);
  const { out } = await collector('enrol', '--data', data, '--gateway', 'gw-1', '--out', `${data}-gw`);
  const { authority, certificate, key } = JSON.parse(out) as Record<string, string>;
  const [ca, cert, own] = await Promise.all([authority, certificate, key].map((file) => readFile(file!)));
  return { ca: ca!, cert: cert!, key: own! };
}

async function deliver(intake: string, gateway: Keys, numbers: readonly number[]): Promise<void> {
  const client = await mqtt.connectAsync(intake, { clientId: 'gw-1', ...gateway, reconnectPeriod: 0, keepalive: 20 });
  await client.publishAsync('up/gw-1/alarm', Buffer.from(encodeBatch(batchOf(numbers))), { qos: 1 });
  client.end(true);
}

function numbersIn(data: string): unknown[] {
  const database = new SqliteDatabase(join(folder, data, 'ledger.sqlite'), { readonly: true });
  try {
    return database.prepare('SELECT number FROM ledger ORDER BY position').pluck().all();
  } finally {
    database.close();
  }
}

describe('the collector as a process', () => {
  it('is made, enrols a gateway, takes its deliveries, stops in order and has them when it is back', async () => {
    const gateway = await enrolledGateway('data');
    expect(await collector('check', '--config', 'collector.yaml')).toMatchObject({ code: 0 });
    for (const numbers of [
      [1, 2],
      [2, 3],
    ]) {
      const child = begin('run', '--config', 'collector.yaml');
      child.stderr!.resume();
      const { ready, page, intake } = await readyLine(child);
      expect(ready).toBe('collector');
      expect((await fetch(page)).status).toBe(200);
      await deliver(intake, gateway, numbers);
      expect(await stopped(child)).toBe(0);
    }

    expect(numbersIn('data')).toEqual([1, 2, 3]);
    expect((await stat(join(folder, 'data', 'ledger.sqlite'))).mode & 0o077).toBe(0);
  });

  it('says every problem of its configuration and ends with 2', async () => {
    await writeFile(join(folder, 'collector.yaml'), 'data: ./data\nhttp: { port: high }\n');
    for (const command of ['run', 'check']) {
      const { code, out, err } = await collector(command, '--config', 'collector.yaml');
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err.trim().split('\n').sort()).toEqual(['collector: is missing', 'http.port: must be integer (got high)']);
    }
  });

  it.each([
    ['run', '--config', 'collector.yaml'],
    ['check', '--config', 'collector.yaml'],
    ['enrol', '--data', 'data', '--gateway', 'gw-1', '--out', 'gw'],
  ])('without an authority says how to make one (%s)', async (...command) => {
    const { code, err } = await collector(...command);
    expect(code).toBe(1);
    expect(err).toContain('Run `collector init --data <folder>` first');
  });

  it('takes deliveries although its page cannot be opened, and opens it when it can', async () => {
    await enrolledGateway('data');
    const first = begin('run', '--config', 'collector.yaml');
    first.stderr!.resume();
    const { page } = await readyLine(first);

    const second = SETTINGS.replace('./data', './second').replace('http: { port: 0 }', `http: { port: ${new URL(page).port} }`);
    await writeFile(join(folder, 'second.yaml'), second.replace('level: warn', 'level: info'));
    const gateway = await enrolledGateway('second');
    const child = begin('run', '--config', 'second.yaml');
    let said = '';
    child.stderr!.on('data', (chunk) => (said += chunk));
    const opened = readyLine(child);
    await expect.poll(() => said, { timeout: 60_000 }).toContain('http-unopened');
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(INTAKE);
    expect(JSON.parse(said.split('\n')[0]!).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/);
    await deliver(INTAKE.exec(said)![0], gateway, [1, 2]);
    expect(numbersIn('second')).toEqual([1, 2]);
    expect(await stopped(first)).toBe(0);
    expect((await opened).page).toBe(page);
    expect(await stopped(child)).toBe(0);
  });
});
