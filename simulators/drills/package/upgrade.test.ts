import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT, runTool } from '../house/tool.ts';

/** The scripts of the package as they stand, on a box in a folder: what an upgrade keeps, which version starts after it. */

const LIBRARY = 'usr/lib/fengsui-gateway';
const KEPT = `${LIBRARY}.before`;
const MARK = 'var/lib/fengsui-gateway/upgrade-unproven';
const SETTINGS = 'etc/fengsui/gateway.yaml';

let folder: string;
const at = (...place: string[]) => join(folder, ...place);
const program = (path: string, text: string) => writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-upgrade-'));
  for (const place of ['var/lib/fengsui-gateway', 'usr/bin', 'etc/fengsui', 'bin', 'proc/7']) mkdirSync(at(place), { recursive: true });
  writeFileSync(at(SETTINGS), 'gateway: {}');
  program(at('bin/setpriv'), '[ "$1 $2 $3" = "--reuid=fengsui --regid=fengsui --init-groups" ] || exit 99; shift 3; exec "$@"');
  program(at('bin/systemctl'), `echo "$*" >'${at('restarted')}'`);
  program(at('usr/bin/fengsui-gateway'), ours('fengsui-gateway').replace('#!/bin/sh\n', ''));
  version('before', 0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A script of the package with the places of the box in our folder. */
function ours(script: string): string {
  const text = readFileSync(join(ROOT, 'gateway/package/debian', script), 'utf8');
  return ['/etc/fengsui', '/usr/bin/fengsui-gateway', '/usr/lib/fengsui-gateway', '/var/lib/fengsui-gateway', '/proc/'].reduce(
    (made, place) => made.replaceAll(place, join(folder, place)),
    text.replaceAll('/run/systemd/system', folder),
  );
}

/** Runs with the box's own commands found first; what is said comes by one stream, in order. */
const shell = (text: string, ...words: string[]) => runTool('sh', ['-e', '-c', `exec 2>&1\nPATH='${at('bin')}':$PATH\n${text}`, ...words]);

/** The files of a version of the program: what its `check` ends with; each says its name. */
function version(name: string, code: number): void {
  mkdirSync(at(LIBRARY), { recursive: true });
  for (const file of ['node', 'upgrade']) rmSync(at(LIBRARY, file), { force: true }); // as dpkg does: other files under the names
  program(at(LIBRARY, 'node'), `case "$*" in *' check '*) echo "${name} checks"; exit ${code};; *) echo "${name} runs";; esac`);
  program(at(LIBRARY, 'upgrade'), ours('upgrade').replace('#!/bin/sh\n', ''));
}

/** What it says when the unit starts it. */
async function started(): Promise<string> {
  const { code, output } = await shell(`'${at('usr/bin/fengsui-gateway')}' run`);
  expect(code, output).toBe(0);
  return output;
}

/** Started, it says that it is ready: what the unit does then. */
async function readyAs(library: string): Promise<void> {
  rmSync(at('proc/7/exe'), { force: true });
  symlinkSync(at(library, 'node'), at('proc/7/exe'));
  const unit = readFileSync(join(ROOT, 'gateway/package/debian/fengsui-gateway.service'), 'utf8');
  for (const [, command] of unit.matchAll(/^ExecStartPost=[-+]*(.*)$/gm)) {
    const { code, output } = await shell(`MAINPID=7 '${folder}'${command}`);
    expect([code, output]).toEqual([0, '']);
  }
}

const unpack = async (name: string, code: number) => {
  expect((await shell(ours('preinst'), 'preinst', 'upgrade', '0.1.0')).code).toBe(0);
  version(name, code);
};

async function configure(): Promise<{ readonly output: string; readonly isRestarted: boolean }> {
  const [lines] = /^ {2}if \[ -n "\$2" \]; then\n[\s\S]*?\n {2}fi\n/m.exec(ours('postinst'))!;
  rmSync(at('restarted'), { force: true });
  const { code, output } = await shell(lines, 'postinst', 'configure', '0.1.0');
  expect(code, output).toBe(0);
  return { output, isRestarted: existsSync(at('restarted')) };
}

/** An upgrade to a version whose `check` ends with `code`. */
async function upgrade(code: number) {
  await unpack('new', code);
  return configure();
}

const mend = (code: number) => {
  version('new', code);
  utimesSync(at(SETTINGS), new Date(), new Date());
};
const isKept = () => existsSync(at(KEPT));

test.each([0, 3])(
  'the new version starts where it accepts the settings, asked once; the one before goes when it is ready (%i)',
  async (code) => {
    const { output, isRestarted } = await upgrade(code);
    expect(output).toBe('new checks\n');
    expect([isRestarted, isKept()]).toEqual([true, true]);
    expect(await started()).toBe('new runs\n');
    expect(isKept()).toBe(true);
    await readyAs(LIBRARY);
    expect([isKept(), existsSync(at(MARK))]).toEqual([false, false]);
    version('new', 2); // from now on a mistake in the settings is one of this version: the journal is its own
    expect(await started()).toBe('new runs\n');
  },
);

test.each([1, 2, 124, 126, 127, 139])(
  'a new version whose check ends with %i leaves the one before in its place, and lets it run',
  async (code) => {
    const { output, isRestarted } = await upgrade(code);
    expect(output).toMatch(
      new RegExp(
        `new checks[\\s\\S]*cannot run with this version \\(check ended with ${code}\\)[\\s\\S]*until then the version before runs, which is kept`,
      ),
    );
    expect(isRestarted).toBe(false);
    for (let start = 0; start < 2; start += 1) {
      const said = await started();
      expect(said).toMatch(new RegExp(`check 退出码 ${code}[\\s\\S]*before runs\n$`));
      expect(said).not.toContain('new checks'); // nobody waits for an answer that is known
      await readyAs(KEPT);
    }
    mend(0);
    expect(await started()).toBe('new checks\nnew runs\n');
    await readyAs(LIBRARY);
    expect(isKept()).toBe(false);
  },
);

test('a new version that ends before it is ready is not started again: the one before is, which stays', async () => {
  await upgrade(0);
  expect(await started()).toBe('new runs\n');
  for (let start = 0; start < 3; start += 1) {
    expect(await started()).toMatch(/the new version ended before it was ready[\s\S]*before runs\n$/);
    await readyAs(KEPT);
  }
  mend(0);
  expect(await started()).toBe('new checks\nnew runs\n');
});

test('where neither gets ready, they take turns', async () => {
  await upgrade(0);
  for (const which of ['new', 'before', 'new', 'before']) expect(await started()).toMatch(new RegExp(`${which} runs\n$`));
});

test('a start that cannot be remembered is one of the version before', async () => {
  await upgrade(0);
  rmSync(at(MARK));
  mkdirSync(at(MARK)); // nothing can be written there, not by root either
  expect(await started()).toMatch(/before runs\n$/);
});

test('a further upgrade that is refused too keeps the version that runs, not the one that was refused', async () => {
  await upgrade(2);
  await upgrade(2);
  expect(await started()).toMatch(/before runs\n$/);
  await upgrade(0);
  expect(await started()).toBe('new runs\n');
});

test('started while an upgrade is under way, or after a power cut in it, the version before runs, and stays', async () => {
  await unpack('new', 0);
  expect(await started()).toMatch(/the upgrade is not finished[\s\S]*before runs\n$/);
  await readyAs(KEPT);
  await readyAs(LIBRARY); // one that was started before the upgrade began
  expect(isKept()).toBe(true);
  await configure();
  expect(await started()).toBe('new runs\n');
});

test('where nothing could be kept, what runs is let go on when the new version refuses, and it is said', async () => {
  for (const code of [2, 127]) {
    version('new', code);
    const { output, isRestarted } = await configure();
    expect(output).toMatch(/cannot run with this version[\s\S]*NOT started again after a stop or a reboot/);
    expect(isRestarted).toBe(false);
  }
});
