import { execFileSync } from 'node:child_process';
import { chmod, link, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceWithBackup, writeWhole } from './replace-file.ts';

const NOW_MS = Date.UTC(2026, 2, 1);
const SECRET = 'root only';
let folder: string;
let file: string;
let secret: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-replace-'));
  [file, secret] = [join(folder, 'gateway.yaml'), join(folder, 'secret')];
  await writeFile(secret, SECRET, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true }));

const exchange = (from: string) => replaceWithBackup(file, { from, text: 'new' }, NOW_MS);

describe('a configuration that is exchanged in a folder in which others may write', () => {
  it('is not read through a link, even where its text were known: nothing of what the link leads to is copied', async () => {
    await symlink(secret, file);
    await expect(exchange(SECRET)).rejects.toThrow(/is a link/);
    expect((await readdir(folder)).sort()).toEqual(['gateway.yaml', 'secret']);
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });

  it('is not waited for where a pipe stands in its place', async () => {
    execFileSync('mkfifo', [file]);
    await expect(exchange('')).rejects.toThrow(/no plain file/);
  });

  it('is left alone where it says something else than what was merged, and no copy of it is made', async () => {
    await writeFile(file, 'pushed meanwhile');
    await expect(exchange('as it was read')).rejects.toThrow(/came meanwhile/);
    expect([await readFile(file, 'utf8'), (await readdir(folder)).length]).toEqual(['pushed meanwhile', 2]);
  });

  it('has the mode of the very file whose bytes the backup holds', async () => {
    await link(secret, file); // another name of a file that is closed to others
    const backup = await exchange(SECRET);
    for (const path of [backup, file]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect([await readFile(backup, 'utf8'), await readFile(file, 'utf8'), await readFile(secret, 'utf8')]).toEqual([SECRET, 'new', SECRET]);
  });
});

it('a list of points that is written where a link stands takes the place of the link, with a mode of its own', async () => {
  await chmod(secret, 0o666);
  await symlink(secret, file);
  await writeWhole(file, 'points');
  expect([await readFile(secret, 'utf8'), await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual([
    SECRET,
    'points',
    0o640,
  ]);
});
