import {
  chmodSync,
  existsSync,
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

/** The lines of the package's own script that start the new version, on a box whose `check` ends with `code`. */
async function upgrade(code: number): Promise<{ readonly output: string; readonly isStartedAnew: boolean }> {
  const whole = readFileSync(join(ROOT, 'gateway/package/debian/postinst'), 'utf8');
  const [lines] = /^ {2}if \[ -n "\$2" \]; then\n[\s\S]*?\n {2}fi\n/m.exec(whole)!;
  const started = join(folder, 'started');
  writeFileSync(join(folder, 'setpriv'), `#!/bin/sh\necho "asked: $*"\nexit ${code}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$*" >'${started}'\n`, { mode: 0o755 });
  const ours = `PATH='${folder}':$PATH\n${lines.replaceAll('/run/systemd/system', folder)}`;
  const { code: ended, output } = await runTool('sh', ['-e', '-c', ours, 'postinst', 'configure', '0.1.0']);
  expect(ended, output).toBe(0);
  return { output, isStartedAnew: existsSync(started) };
}

test.each([0, 3])('an upgrade shows what check says, asked as the gateway’s user, and starts the new version (%i)', async (code) => {
  const { output, isStartedAnew } = await upgrade(code);
  expect(output).toContain('asked: --reuid=fengsui --regid=fengsui --init-groups /usr/bin/fengsui-gateway check');
  expect(output).not.toContain('cannot run');
  expect(isStartedAnew).toBe(true);
});

test.each([
  ['whose settings cannot run', 2],
  ['that cannot even be loaded', 1],
  ['that does not answer in time', 124],
])('an upgrade to a version %s says so at once, and lets go on what runs', async (_what, code) => {
  const { output, isStartedAnew } = await upgrade(code);
  expect(output).toContain('asked: ');
  expect(output).toMatch(new RegExp(`the new version cannot run \\(check ended with ${code}\\): mend what is said above`));
  expect(isStartedAnew).toBe(false);
});
