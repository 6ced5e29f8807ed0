import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGateway } from '../commands/gateway.fixture.ts';
import { eventOf, open, temporaryFolder } from './journal.fixture.ts';

let folder: string;
let directory: string;
let epoch: number;

/** A journal as its process left it when it was killed: with its log, and without the log's index. */
beforeEach(async () => {
  folder = temporaryFolder();
  directory = join(folder, 'data');
  const living = join(folder, 'living');
  const journal = await open(living);
  await journal.append([eventOf('fire'), eventOf('fault')]);
  ({ epoch } = (await journal.state()).lanes.alarm);
  cpSync(living, directory, { recursive: true, filter: (path) => !path.endsWith('-shm') });
  await journal.close();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Names and contents of the files that hold rows. */
function files(): string[] {
  const names = readdirSync(directory).filter((name) => /\.sqlite(-wal)?$/.test(name));
  return names.map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex')}`,
  );
}

describe('a journal that cannot be opened', () => {
  const LANES_SHUT = ['alarm.sqlite-shm', 'ordinary.sqlite-shm'];

  it.each([[LANES_SHUT]])(
    'because something else lies where %s belongs says so, changes nothing, and opens with every row when that is mended',
    async (names) => {
      for (const name of names) rmSync(join(directory, name), { force: true });
      for (const name of names) mkdirSync(join(directory, name));
      const before = files();
      await expect(open(directory)).rejects.toMatchObject({
        code: 'journal-unopened',
        message: expect.stringContaining(`${names[0]} is no file`),
      });
      expect(files()).toEqual(before);
      for (const name of names) rmSync(join(directory, name), { recursive: true });
      const journal = await open(directory);
      const { lanes, damagedFiles, findings } = await journal.state();
      await journal.close();
      expect([damagedFiles, findings]).toEqual([[], []]);
      expect(lanes).toMatchObject({ alarm: { epoch, waiting: 1 }, ordinary: { epoch, waiting: 1 } });
    },
  );

  it('because its folder cannot be made says which, and why', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(open(join(file, 'data'))).rejects.toMatchObject({ code: 'journal-unopened', message: expect.stringContaining('ENOTDIR') });
  });

  it('ends the gateway for its supervisor to try again, with where, why and how to mend it on its last line', async () => {
    for (const name of LANES_SHUT) mkdirSync(join(directory, name));
    const before = files();
    const file = join(folder, 'gateway.yaml');
    writeFileSync(file, CONFIGURATION(directory));
    const { code, stdout, stderr } = await runGateway('run', '--config', file);
    expect([code, stdout], stderr).toEqual([1, '']); // 2 would keep the service manager from starting it again
    const last = JSON.parse(stderr.trimEnd().split('\n').at(-1)!);
    expect(last).toMatchObject({ level: 60, code: 'journal-unopened' });
    expect(last.msg).toContain(join(directory, 'alarm.sqlite'));
    expect(last.msg).toContain('alarm.sqlite-shm is no file');
    expect(last.msg).toContain('It is tried again; nothing was moved or changed');
    expect(files()).toEqual(before);
  });
});

const CONFIGURATION = (data: string) => `
gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ${data}
profile: db36-t1297-2020
status: { port: 0 }
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" }]
lines:
  - { name: bus-1, wire: { kind: tcp, host: 127.0.0.1, port: 1 }, devices: [{ name: panel-1, family: jbf-193k, points: [] }] }
`;
