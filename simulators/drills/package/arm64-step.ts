import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stage, VERSION } from '../../../gateway/package/box.ts';
import { runTool } from '../house/tool.ts';
import { elvesIn, MACHINES } from './elf.ts';
import { settings } from './panel-site.ts';
import { hold } from './steps.ts';

/** Built on this machine for the other: every program and library in it is for arm64. Answers the tree. */
export async function builtForArm64(folder: string): Promise<string> {
  const tree = join(folder, 'arm64');
  mkdirSync(tree);
  await stage(tree, 'arm64', VERSION);
  const elves = elvesIn(tree);
  const foreign = elves.filter(([, machine]) => machine !== MACHINES.arm64);
  hold(elves.length === 3 && foreign.length === 0, `programs and libraries: ${elves.map((elf) => elf.join(' ')).join(', ')}`);
  return tree;
}

/** Runs its `check` and opens its native parts on an emulated processor, with Debian's own arm64 libraries. */
export async function runsOnArm64(tree: string, folder: string): Promise<void> {
  const libraries = join(folder, 'arm64-libraries');
  const fetched = await runTool('debootstrap', ['--foreign', '--arch=arm64', '--variant=minbase', 'bookworm', libraries]);
  hold(fetched.code === 0, fetched.output.slice(-400));
  for (const deb of debsIn(join(libraries, 'var/cache/apt/archives'))) await runTool('dpkg-deb', ['-x', deb, libraries]);
  writeFileSync(join(folder, 'arm64.yaml'), settings('/dev/ttyS0', join(folder, 'arm64-data')));
  const library = join(tree, 'usr/lib/fengsui-gateway');
  const run = (...words: string[]) => runTool('qemu-aarch64-static', ['-L', libraries, join(library, 'node'), ...words]);
  const parts = `const Database = require('${library}/node_modules/better-sqlite3'); require('${library}/node_modules/serialport');
    console.log(process.arch, new Database(':memory:').prepare('select 6 * 7').pluck().get())`;
  const native = await run('-e', parts);
  hold(native.output.trim().endsWith('arm64 42'), `native parts: ${native.output.slice(-600)}`);
  const check = await run(join(library, 'gateway.cjs'), 'check', '--config', join(folder, 'arm64.yaml'));
  hold(check.code === 0 && check.output.trim().endsWith('ok'), `check: ${check.output.slice(-600)}`);
}

const debsIn = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /^(libc6|libgcc-s1|libstdc\+\+6)_.*\.deb$/.test(file))
        .map((file) => join(folder, file))
    : [];
