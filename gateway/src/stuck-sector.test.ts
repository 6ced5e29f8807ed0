import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventOf, open, temporaryFolder } from './journal/journal.fixture.ts';

/** The disk does not answer for a sector of a file that was moved aside, for longer than anybody waits. */

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));
let folder: string;
let child: ChildProcess | null = null;

beforeEach(async () => {
  folder = temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'sector')]);
  const journal = await open(join(folder, 'data'), { gateway: 'gw-1' });
  await journal.append([eventOf('fire')]);
  await journal.close();
  renameSync(join(folder, 'data/alarm.sqlite'), join(folder, 'data/alarm.damaged-20261129T000000000Z.sqlite'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program until the sector is being read for it. */
async function reading(...words: string[]) {
  const env = { ...process.env, STUCK_SECTOR: join(folder, 'sector') };
  const started = spawn(process.execPath, ['--import', at('./journal/stuck-sector.fixture.ts'), ...words], { env });
  child = started;
  const heard = { said: '' };
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (bytes: Buffer) => (heard.said += bytes));
  await vi.waitFor(() => expect(heard.said).toContain('a sector is read'), { timeout: 60_000 });
  return { started, heard };
}

it('keeps no gateway from stopping in order', async () => {
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `gateway: { id: gw-1, address: 1, centre: 2 }
data: ${join(folder, 'data')}
profile: db36-t1297-2020
uplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]
status: { port: 0 }
lines: []
`,
  );
  const { started, heard } = await reading(at('./main.ts'), 'run', '--config', config);
  await vi.waitFor(() => expect(heard.said).toContain('"ready":"gateway"'), { timeout: 60_000 });
  started.kill('SIGTERM');
  expect(await once(started, 'exit')).toEqual([null, 'SIGKILL']); // by its own hand: the runtime would wait for the sector
  expect(heard.said).toContain('stopping');
});

it('keeps no journal from being closed and opened anew in the same process, nor that from ending', async () => {
  const { started, heard } = await reading(at('./journal/closed-twice.fixture.ts'), join(folder, 'data'));
  started.stdin.write('now\n');
  await once(started, 'exit');
  expect(heard.said).toContain('closed twice');
});
