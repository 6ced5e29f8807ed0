import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT, runTool } from '../house/tool.ts';

/** The gateway's user may write into the folder of its settings, and an installation runs as root there. */

let folder: string;
let settings: string;
let secret: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-postinst-'));
  mkdirSync(join(folder, 'etc'));
  [settings, secret] = [join(folder, 'etc/gateway.yaml'), join(folder, 'secret')];
  writeFileSync(secret, 'of root');
  chmodSync(secret, 0o600);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The lines of the package's own script that are about the settings, for a folder and a user of ours. */
async function give(): Promise<void> {
  const whole = readFileSync(join(ROOT, 'gateway/package/debian/postinst'), 'utf8');
  const [lines] = /^ *chown root:fengsui \/etc\/fengsui\n[\s\S]*?^ *chmod 0770 \/etc\/fengsui\n/m.exec(whole)!;
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  const ours = lines
    .replaceAll('/etc/fengsui', join(folder, 'etc'))
    .replaceAll('root:fengsui', `${uid}:${gid}`)
    .replaceAll('chgrp fengsui', `chgrp ${gid}`);
  const { code, output } = await runTool('sh', ['-e', '-c', ours]);
  expect(code, output).toBe(0);
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('an installation opens the settings to the gateway’s user', async () => {
  writeFileSync(settings, 'gateway: {}');
  chmodSync(settings, 0o600);
  await give();
  expect([modeOf(settings), modeOf(join(folder, 'etc'))]).toEqual([0o640, 0o770]);
});

test.each([
  ['link', symlinkSync],
  ['second name', linkSync],
])('an installation opens no other file to him, of which he put a %s there', async (_what, plant) => {
  plant(secret, settings);
  await give();
  expect([modeOf(secret), modeOf(join(folder, 'etc')), lstatSync(settings).isDirectory()]).toEqual([0o600, 0o770, false]);
});
