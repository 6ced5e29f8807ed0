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

/** A script of the package with the places of the box in our folder, and its commands found there first. */
function ours(script: string): string {
  const text = readFileSync(join(ROOT, 'gateway/package/debian', script), 'utf8');
  return ['/etc/fengsui', '/usr/lib/fengsui-gateway', '/var/lib/fengsui-gateway'].reduce(
    (made, place) => made.replaceAll(place, join(folder, place)),
    text.replaceAll('/run/systemd/system', folder),
  );
}

const at = (...place: string[]) => join(folder, ...place);
const LIBRARY = 'usr/lib/fengsui-gateway';
const KEPT = `${LIBRARY}.before`;
const MARK = 'var/lib/fengsui-gateway/upgrade-unproven';
const program = (path: string, text: string) => writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });

/** A version of the program on the box: what its `check` ends with. */
function version(name: string, code: number, place = LIBRARY): void {
  mkdirSync(at(place), { recursive: true });
  rmSync(at(place, 'node'), { force: true }); // as dpkg does: another file under the name
  program(at(place, 'node'), `case "$*" in *' check '*) echo "${name} checks"; exit ${code};; *) echo "${name} runs";; esac`);
}

/** A box with the version before, and stand-ins for what the scripts call. */
function box(): void {
  mkdirSync(at('var/lib/fengsui-gateway'), { recursive: true });
  mkdirSync(at('usr/bin'), { recursive: true });
  version('before', 0);
  program(at('setpriv'), '[ "$1 $2 $3" = "--reuid=fengsui --regid=fengsui --init-groups" ] || exit 99; shift 3; exec "$@"');
  program(at('systemctl'), `echo "$*" >'${at('started')}'`);
}

async function shell(text: string, ...words: string[]) {
  return runTool('sh', ['-e', '-c', `PATH='${folder}':$PATH\n${text}`, ...words]);
}

/** The starter, as the unit calls it: which version runs, and all that was said, in no certain order. */
async function started(): Promise<{ readonly runs: string | undefined; readonly said: string }> {
  program(at('usr/bin/fengsui-gateway'), ours('fengsui-gateway').replace('#!/bin/sh\n', ''));
  const { code, output } = await runTool(at('usr/bin/fengsui-gateway'), ['run']);
  expect(code, output).toBe(0);
  return { runs: /^(\w+) runs$/m.exec(output)?.[1], said: output };
}

/** An upgrade, to a version whose `check` ends with `code`; `canKeep`: its preparations can. */
async function upgrade(code: number, canKeep = true): Promise<{ readonly output: string; readonly isStartedAnew: boolean }> {
  if (canKeep) expect((await shell(ours('preinst'), 'preinst', 'upgrade', '0.1.0')).code).toBe(0);
  version('new', code);
  const whole = ours('postinst');
  const [lines] = /^ {2}if \[ -n "\$2" \]; then\n[\s\S]*?\n {2}fi\n/m.exec(whole)!;
  program(at('fengsui-gateway'), `'${at(LIBRARY, 'node')}' x "$@"`);
  const asked = lines.replace('/usr/bin/fengsui-gateway check', `${at('fengsui-gateway')} check x`);
  rmSync(at('started'), { force: true });
  const { code: ended, output } = await shell(asked, 'postinst', 'configure', '0.1.0');
  expect(ended, output).toBe(0);
  return { output, isStartedAnew: existsSync(at('started')) };
}

test.each([0, 1])(
  'an upgrade shows what check says, starts the new version, and keeps nothing of the one before (check ends with %i)',
  async (code) => {
    box();
    const { output, isStartedAnew } = await upgrade(code);
    expect(output).toContain('new checks');
    expect(output).not.toContain('cannot run');
    expect([isStartedAnew, existsSync(at(KEPT)), existsSync(at(MARK))]).toEqual([true, false, false]);
    expect(await started()).toEqual({ runs: 'new', said: 'new runs\n' });
  },
);

test('an upgrade that refuses the settings goes on with the version before, after every start, until they are mended', async () => {
  box();
  const { output, isStartedAnew } = await upgrade(2);
  expect(output).toMatch(
    /new checks[\s\S]*cannot run with this version: mend what is said above[\s\S]*until then the version before runs, which is kept/,
  );
  expect(isStartedAnew).toBe(true);
  for (let start = 0; start < 2; start += 1)
    expect(await started()).toEqual({ runs: 'before', said: expect.stringContaining('check 退出码 2') });
  version('new', 0); // as if the settings were mended
  expect(await started()).toEqual({ runs: 'new', said: expect.stringContaining('new checks') });
  version('new', 2); // from now on a mistake in the settings is one of this version: the journal is its own
  expect(await started()).toEqual({ runs: 'new', said: 'new runs\n' });
});

test('a further upgrade that refuses them too keeps the version that runs, not the one that was refused', async () => {
  box();
  await upgrade(2);
  await upgrade(2);
  expect(await started()).toMatchObject({ runs: 'before' });
  expect((await upgrade(0)).isStartedAnew).toBe(true);
  expect([(await started()).runs, existsSync(at(KEPT))]).toEqual(['new', false]);
});

test.each([126, 139])('a new version that this machine cannot run at all (%i) leaves the one before in its place', async (code) => {
  box();
  await upgrade(code);
  expect(await started()).toMatchObject({ runs: 'before' });
});

test('a power cut between the new files and the look at the settings leaves a box that starts', async () => {
  box();
  await shell(ours('preinst'), 'preinst', 'upgrade', '0.1.0');
  version('new', 2);
  expect(await started()).toMatchObject({ runs: 'before' });
});

test('where nothing could be kept, settings that cannot run are said at once, and what runs is let go on', async () => {
  box();
  const { output, isStartedAnew } = await upgrade(2, false);
  expect(output).toMatch(/cannot run with this version[\s\S]*NOT started again after a stop or a reboot/);
  expect(isStartedAnew).toBe(false);
  expect((await upgrade(127, false)).isStartedAnew).toBe(true);
});
