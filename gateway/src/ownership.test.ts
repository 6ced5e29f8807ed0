import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What root does to a box on which the gateway runs as another user: real processes, real owners. */

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const USER = { uid: 65_534, gid: 65_534 };
const OWNER = `${USER.uid}:${USER.gid}`;

let folder: string;
let data: string;
let config: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-owner-'));
  chmodSync(folder, 0o755);
  data = join(folder, 'data');
  config = join(folder, 'gateway.yaml');
  const text = `gateway: { id: gw-1, address: 1, centre: 1 }\ndata: ${data}\nprofile: db36-t1297-2020\nuplinks: [ { name: c, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]\npage: {}\n`;
  writeFileSync(config, text);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function gateway(words: readonly string[], input = '', owner: string | null = OWNER) {
  const { FENGSUI_OWNER: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, ...words, '--config', config],
    {
      ...{ input, encoding: 'utf8' as const, timeout: 60_000, killSignal: 'SIGKILL' as const },
      env: owner === null ? env : { ...env, FENGSUI_OWNER: owner },
    },
  );
  return { code: status, said: stdout + stderr };
}

/** Runs it until it is ready, or ends before that, and has it stop. */
async function running(more: NodeJS.ProcessEnv = {}): Promise<{ readonly isReady: boolean; readonly said: string }> {
  const words = ['--disable-warning=ExperimentalWarning', MAIN, 'run', '--with-parent', '--config', config];
  const child = spawn(process.execPath, words, { env: { ...process.env, FENGSUI_OWNER: OWNER, ...more } });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes));
  const ended = once(child, 'close');
  const isReady = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  child.stdin.end();
  await ended;
  return { isReady, said };
}

const ownerOf = (path: string) => {
  const { uid, gid, mode } = lstatSync(path);
  return { uid, gid, mode: mode & 0o777 };
};

if (process.getuid?.() === 0) describe('root on a box', asRoot);
else
  it('who is not root works as himself, whatever the box says of its user', () => {
    expect(gateway(['pin'], '480736\n')).toMatchObject({ code: 0 });
    expect(ownerOf(join(data, 'page.pin'))).toMatchObject({ uid: process.getuid!(), mode: 0o600 });
  });

function asRoot() {
  it('a PIN that root sets is the gateway’s own, and so is the folder that had to be made for it', () => {
    expect(gateway(['pin'], '480736\n')).toMatchObject({ code: 0 });
    expect(ownerOf(data)).toEqual({ ...USER, mode: 0o750 });
    expect(ownerOf(join(data, 'page.pin'))).toEqual({ ...USER, mode: 0o600 });
  });

  it('a folder that root makes can be reached by its owner, also where the way there had to be made', () => {
    const deep = join(folder, 'var/lib/data');
    writeFileSync(config, readFileSync(config, 'utf8').replace(`data: ${data}`, `data: ${deep}`));
    expect(gateway(['pin'], '480736\n')).toMatchObject({ code: 0 });
    expect(ownerOf(join(deep, 'page.pin'))).toEqual({ ...USER, mode: 0o600 });
  });

  it.each([
    ['its folder', () => chmodSync(folder, 0o777)],
    ['itself', () => chmodSync(config, 0o666)],
  ])('root makes and gives away no folder that a configuration names which others may write: %s', (_what, open) => {
    open();
    for (const words of [['pin'], ['run', '--with-parent']])
      expect(gateway(words, '480736\n')).toMatchObject({ code: 1, said: expect.stringContaining(`install -d -o ${USER.uid}`) });
    expect(existsSync(data)).toBe(false);
  });

  it('root neither runs a gateway on a box nor sets its PIN as root, also where the data folder is root’s', () => {
    mkdirSync(data);
    expect(gateway(['run', '--with-parent'])).toMatchObject({ code: 1, said: expect.stringContaining(`chown -R ${OWNER} ${data}`) });
    expect(gateway(['pin'], '480736\n')).toMatchObject({ code: 1, said: expect.stringContaining('could not be written') });
    expect(readdirSync(data)).toEqual([]);
  });

  /** As a unit that says `User=root` starts it. */
  const service = () => {
    writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\n', { mode: 0o755 });
    const text = readFileSync(config, 'utf8').replace('status: { port: 0 }\n', '');
    writeFileSync(config, `${text}status: { port: 0 }\n`);
    return running({ NOTIFY_SOCKET: '/run/x', PATH: `${folder}:${process.env['PATH']}` });
  };

  it('a unit that runs the gateway as root is told how to mend it, and runs: nobody else hears the panels', async () => {
    mkdirSync(data);
    expect(await service()).toMatchObject({ isReady: true, said: expect.stringContaining('take User=root out of it') });
    expect(ownerOf(join(data, 'alarm.sqlite'))).toMatchObject({ uid: 0 });
  });

  it('such a unit changes to the user of the data where it may, and gives away no folder that others chose', async () => {
    mkdirSync(data);
    chownSync(data, USER.uid, USER.gid);
    expect(await service()).toMatchObject({ isReady: true, said: expect.stringContaining('runs as the user') });
    for (const path of readdirSync(data, { recursive: true, encoding: 'utf8' }))
      expect(ownerOf(join(data, path)), path).toMatchObject(USER);
    rmSync(data, { recursive: true });
    chmodSync(config, 0o666);
    expect(await service()).toMatchObject({ isReady: true, said: expect.stringContaining('take User=root out of it') });
    expect(ownerOf(data)).toMatchObject({ uid: 0 });
  });

  it('a PIN that root sets leads nowhere the gateway’s user may not go, whatever links that user planted', () => {
    mkdirSync(data);
    const secret = join(folder, 'roots');
    mkdirSync(secret, { mode: 0o700 });
    writeFileSync(join(secret, 'page.pin'), 'of root', { mode: 0o600 });
    symlinkSync(secret, join(data, 'page'));
    chownSync(data, USER.uid, USER.gid);
    writeFileSync(config, readFileSync(config, 'utf8').replace('page: {}', `page: { pinFile: ${join(data, 'page', 'page.pin')} }`));
    expect(gateway(['pin'], '480736\n')).toMatchObject({ code: 1, said: expect.stringContaining('could not be written') });
    expect(readFileSync(join(secret, 'page.pin'), 'utf8')).toBe('of root');
    expect(existsSync(join(secret, 'page.pin.new'))).toBe(false);
  });

  it('a gateway that root starts on a box runs as the user of its data, and leaves nothing of root’s', async () => {
    writeFileSync(config, `${readFileSync(config, 'utf8')}status: { port: 0 }\n`);
    expect(await running()).toMatchObject({ isReady: true, said: expect.stringContaining('runs as the user') });
    const made = readdirSync(data, { recursive: true, encoding: 'utf8' });
    expect(made).toContain('alarm.sqlite');
    for (const path of made) expect(ownerOf(join(data, path)), path).toMatchObject(USER);
  });

  it('elsewhere root is warned of what it does to the data of another', () => {
    mkdirSync(data);
    chownSync(data, USER.uid, USER.gid);
    writeFileSync(config, `${readFileSync(config, 'utf8')}status: { port: 0 }\n`);
    expect(gateway(['run', '--with-parent'], '', null).said).toContain('runs as root, but');
  });

  it('the check and the doctor say that a data folder is out of the gateway’s reach, and how to mend it', () => {
    mkdirSync(data);
    const remedy = `chown -R ${OWNER} ${data}`;
    expect(gateway(['check'])).toMatchObject({ code: 0, said: expect.stringContaining(remedy) });
    expect(gateway(['doctor'])).toMatchObject({ code: 1, said: expect.stringContaining(remedy) });
    chownSync(data, USER.uid, USER.gid);
    for (const command of ['check', 'doctor']) expect(gateway([command]).said).not.toContain(remedy);
  });
}
