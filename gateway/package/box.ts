import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, copyShipped, nativeParts } from './bundle.ts';
import { placeNode, run } from './runtime.ts';

/** Debian's name of a processor → Node's. */
export const PROCESSORS = { amd64: 'x64', arm64: 'arm64' } as const;
export type Processor = keyof typeof PROCESSORS;

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Version of this repository. */
export const { version: VERSION } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Files of the package: source → place on the box, mode. */
const PLACES: ReadonlyArray<readonly [source: string, place: string, mode: number]> = [
  ['package/debian/fengsui-gateway', 'usr/bin/fengsui-gateway', 0o755],
  ['package/debian/ask-pin', 'usr/lib/fengsui-gateway/ask-pin', 0o755],
  ['package/debian/fengsui-gateway.service', 'usr/lib/systemd/system/fengsui-gateway.service', 0o644],
  ['package/debian/70-fengsui-gateway.rules', 'usr/lib/udev/rules.d/70-fengsui-gateway.rules', 0o644],
  ['package/debian/gateway.yaml', 'etc/fengsui/gateway.yaml', 0o640],
  ['example.yaml', 'usr/share/doc/fengsui-gateway/examples/gateway.yaml', 0o644],
  ['../LICENSE', 'usr/share/doc/fengsui-gateway/copyright', 0o644],
];
const CONTROL_FILES: ReadonlyArray<readonly [file: string, mode: number]> = [
  ['conffiles', 0o644],
  ['templates', 0o644],
  ['config', 0o755],
  ['postinst', 0o755],
  ['prerm', 0o755],
  ['postrm', 0o755],
];

/** Lays out everything that is installed on a box with this processor. */
export async function stage(tree: string, processor: Processor, version: string): Promise<void> {
  const library = join(tree, 'usr/lib/fengsui-gateway');
  mkdirSync(library, { recursive: true });
  await bundle(library);
  writeFileSync(join(library, 'package.json'), JSON.stringify({ name: 'fengsui-gateway', version, private: true }));
  copyShipped(library, PROCESSORS[processor]);
  placeNode(PROCESSORS[processor], join(library, 'node'));
  for (const [source, place, mode] of PLACES) copy(join(here, '..', source), join(tree, place), mode);
  const parts = nativeParts(library);
  if (parts.length !== 2)
    throw new Error(`two native parts must be there, of SQLite and of the serial port: found ${parts.join(', ') || 'none'}`);
}

function copy(source: string, target: string, mode: number): void {
  mkdirSync(join(target, '..'), { recursive: true });
  cpSync(source, target);
  chmodSync(target, mode);
}

/** Writes what dpkg wants to know about a staged tree. */
export function writeControl(tree: string, processor: Processor, version: string): void {
  const directory = join(tree, 'DEBIAN');
  mkdirSync(directory);
  for (const [file, mode] of CONTROL_FILES) copy(join(here, 'debian', file), join(directory, file), mode);
  const sizeKiB = Number(run('du', ['-sk', '--exclude=DEBIAN', tree]).split('\t')[0]);
  const control = readFileSync(join(here, 'debian', 'control'), 'utf8');
  const filled = control.replace('@VERSION@', version).replace('@ARCH@', processor).replace('@SIZE@', String(sizeKiB));
  writeFileSync(join(directory, 'control'), filled);
}

/** Builds the tarball and the Debian package; answers where they are. */
export async function build(processor: Processor, output: string, say: (line: string) => void): Promise<string[]> {
  const work = mkdtempSync(join(tmpdir(), 'fengsui-package-'));
  try {
    const tree = join(work, 'tree');
    say(`${processor}: bundle, native parts, Node runtime …`);
    await stage(tree, processor, VERSION);
    const tarball = join(output, `fengsui-gateway-${VERSION}-linux-${processor}.tar.gz`);
    run('tar', ['--owner=0', '--group=0', '--sort=name', '-czf', tarball, '-C', tree, 'usr', 'etc']);
    writeControl(tree, processor, VERSION);
    const deb = join(output, `fengsui-gateway_${VERSION}_${processor}.deb`);
    say(`${processor}: dpkg-deb …`);
    packed(tree, deb);
    return [tarball, deb];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes a Debian package of a tree that has its control files. `gzip` is what every dpkg reads; a drill packs nothing, to be quick. */
export function packed(tree: string, deb: string, compression: 'gzip' | 'none' = 'gzip'): void {
  run('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', tree, deb]);
}
