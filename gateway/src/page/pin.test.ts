import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askForRetry } from '../journal/retry.ts';
import { isPin, pinLine, pinProblem } from './pin.ts';
import { readPinFile, writePinFile } from './pin-file.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-pin-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function pinCommand(words: readonly string[], typed: string) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'pin', ...words], { stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  child.stdin.end(typed);
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

describe('a PIN', () => {
  it.each(['480736', '4807361952', '314159'])('may be %s', (pin) => expect(pinProblem(pin)).toBeNull());

  it.each([
    '',
    '12345',
    '12345a',
    '１２３４５６',
    '000000',
    '111111',
    '123456',
    '654321',
    '890123',
    '135791',
    '121212',
    '123123',
    '112233',
    '123321',
    '010110',
    '48073619524807361',
  ])('may not be %j, which is short, no number or the first to be guessed', (pin) => expect(pinProblem(pin)).toMatch(/ \/ /));

  it('is kept as a salted hash: no two lines are alike, and only the PIN itself fits', async () => {
    const [one, other] = [await pinLine('480736'), await pinLine('480736')];
    expect(one).not.toBe(other);
    expect(one + other).not.toContain('480736');
    expect([await isPin(one, '480736'), await isPin(other, '480736'), await isPin(one, '480737'), await isPin(one, '')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is in a file of its owner alone, or the file is not believed', async () => {
    const file = join(folder, 'page.pin');
    await expect(readPinFile(file)).rejects.toThrow(/^page-pin: .*is not there.*gateway -- pin --config/);
    await writePinFile(file, '480736');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await isPin(await readPinFile(file), '480736')).toBe(true);
    chmodSync(file, 0o644);
    await expect(readPinFile(file)).rejects.toThrow(/others can read it, mode 644/);
    writeFileSync(file, '480736\n', { mode: 0o600 });
    chmodSync(file, 0o600);
    await expect(readPinFile(file)).rejects.toThrow(/holds no PIN of ours/);
  });

  it('is set by a command from a line of standard input, and never by a weak one', async () => {
    const file = join(folder, 'page.pin');
    expect(await pinCommand(['--file', file], '123456\n')).toMatchObject({ code: 1, said: expect.stringContaining('过于简单') });
    expect(() => readFileSync(file)).toThrow();
    expect(await pinCommand(['--file', file], '480736\n')).toMatchObject({ code: 0, said: expect.stringContaining('PIN 已设置') });
    expect(await isPin(await readPinFile(file), '480736')).toBe(true);
    expect(await pinCommand([], '480736\n')).toMatchObject({ code: 1, said: expect.stringContaining('--config') });
  });

  it('never goes through a link that was planted beside it', async () => {
    const [file, victim] = [join(folder, 'page.pin'), join(folder, 'victim')];
    writeFileSync(victim, 'untouched', { mode: 0o644 });
    symlinkSync(victim, `${file}.new`);
    await writePinFile(file, '480736');
    expect([readFileSync(victim, 'utf8'), statSync(victim).mode & 0o777]).toEqual(['untouched', 0o644]);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(await isPin(await readPinFile(file), '480736')).toBe(true);
    symlinkSync(victim, join(folder, 'retry.json.new'));
    askForRetry(folder, [{ lane: 'alarm', epoch: 1, number: 1 }]);
    expect([readFileSync(victim, 'utf8'), lstatSync(join(folder, 'retry.json')).isFile()]).toEqual(['untouched', true]);
  });

  it('makes the folder that is not there yet, and says what is wrong where it cannot', async () => {
    const file = join(folder, 'new', 'page.pin');
    expect(await pinCommand(['--file', file], '480736\n')).toMatchObject({ code: 0 });
    expect(statSync(join(folder, 'new')).mode & 0o027).toBe(0);
    const { code, said } = await pinCommand(['--file', join(file, 'page.pin')], '480736\n');
    expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining('could not be written') });
    expect(said).not.toMatch(/^ {4}at /m);
  });

  it('goes where the configuration says', async () => {
    const file = join(folder, 'gateway.yaml');
    const head = 'gateway: { id: gw-1, address: 1, centre: 1 }\ndata: .\nprofile: db36-t1297-2020\n';
    const uplinks = 'uplinks: [ { name: c, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]\n';
    writeFileSync(file, head + uplinks);
    expect(await pinCommand(['--config', file], '480736\n')).toMatchObject({ code: 1, said: expect.stringContaining('page: {}') });
    writeFileSync(file, `${head}${uplinks}page: {}\n`);
    expect(await pinCommand(['--config', file], '480736\n')).toMatchObject({ code: 0 });
    expect(await isPin(await readPinFile(join(folder, 'page.pin')), '480736')).toBe(true);
  });
});
