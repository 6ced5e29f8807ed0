import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { bundle, copyShipped, nativeParts } from './bundle.ts';
import { placeNode, run } from './runtime.ts';

/**
 * `npm run package [-- amd64] [-- arm64]`: a Debian package and a plain tarball of the gateway, with its own Node runtime,
 * that install and run without network. Both land in `dist/`.
 */
const PROCESSORS = { amd64: 'x64', arm64: 'arm64' } as const;
type Processor = keyof typeof PROCESSORS;

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const say = (line: string) => stderr.write(`package: ${line}\n`);

/** Files of the package: source under `debian/` → place on the box, mode. */
const PLACES: ReadonlyArray<readonly [source: string, place: string, mode: number]> = [
  ['fengsui-gateway', 'usr/bin/fengsui-gateway', 0o755],
  ['fengsui-gateway.service', 'usr/lib/systemd/system/fengsui-gateway.service', 0o644],
  ['70-fengsui-gateway.rules', 'usr/lib/udev/rules.d/70-fengsui-gateway.rules', 0o644],
];
const CONTROL_FILES: ReadonlyArray<readonly [file: string, mode: number]> = [
  ['conffiles', 0o644],
  ['templates', 0o644],
  ['config', 0o755],
  ['postinst', 0o755],
  ['prerm', 0o755],
  ['postrm', 0o755],
];

async function stage(tree: string, processor: Processor): Promise<void> {
  const library = join(tree, 'usr/lib/fengsui-gateway');
  mkdirSync(library, { recursive: true });
  await bundle(library);
  writeFileSync(join(library, 'package.json'), JSON.stringify({ name: 'fengsui-gateway', version, type: 'module', private: true }));
  copyShipped(library, PROCESSORS[processor]);
  placeNode(PROCESSORS[processor], join(library, 'node'));
  for (const [source, place, mode] of PLACES) copy(join(here, 'debian', source), join(tree, place), mode);
  writeExample(join(tree, 'etc/fengsui/gateway.yaml'));
  copy(join(root, 'LICENSE'), join(tree, 'usr/share/doc/fengsui-gateway/copyright'), 0o644);
  const parts = nativeParts(library);
  if (parts.length < 2) throw new Error(`native parts are missing: found ${parts.join(', ') || 'none'}`);
}

/** The complete example, with the data where the package keeps it. */
function writeExample(target: string): void {
  const example = readFileSync(join(here, '..', 'example.yaml'), 'utf8');
  const placed = example.replace(/^data: .*$/m, 'data: /var/lib/fengsui-gateway');
  if (placed === example) throw new Error("gateway/example.yaml has no line `data:` to put the package's directory in");
  mkdirSync(join(target, '..'), { recursive: true });
  writeFileSync(target, placed);
  chmodSync(target, 0o640);
}

function copy(source: string, target: string, mode: number): void {
  mkdirSync(join(target, '..'), { recursive: true });
  cpSync(source, target);
  chmodSync(target, mode);
}

function writeControl(tree: string, processor: Processor): void {
  const directory = join(tree, 'DEBIAN');
  mkdirSync(directory);
  for (const [file, mode] of CONTROL_FILES) copy(join(here, 'debian', file), join(directory, file), mode);
  const sizeKiB = Number(run('du', ['-sk', tree]).split('\t')[0]);
  const control = readFileSync(join(here, 'debian', 'control'), 'utf8');
  const filled = control.replace('@VERSION@', version).replace('@ARCH@', processor).replace('@SIZE@', String(sizeKiB));
  writeFileSync(join(directory, 'control'), filled);
}

async function build(processor: Processor, output: string): Promise<string[]> {
  const work = mkdtempSync(join(tmpdir(), 'fengsui-package-'));
  try {
    const tree = join(work, 'tree');
    say(`${processor}: bundle, native parts, Node runtime …`);
    await stage(tree, processor);
    const tarball = join(output, `fengsui-gateway-${version}-linux-${processor}.tar.gz`);
    run('tar', ['--owner=0', '--group=0', '--sort=name', '-czf', tarball, '-C', tree, 'usr', 'etc']);
    writeControl(tree, processor);
    const deb = join(output, `fengsui-gateway_${version}_${processor}.deb`);
    say(`${processor}: dpkg-deb …`);
    run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', tree, deb]);
    return [tarball, deb];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const wanted = argv.slice(2).length > 0 ? argv.slice(2) : Object.keys(PROCESSORS);
const unknown = wanted.filter((name) => !(name in PROCESSORS));
if (unknown.length > 0) {
  say(`unknown processor ${unknown.join(', ')}; there are: ${Object.keys(PROCESSORS).join(', ')}`);
  exit(2);
}
const output = join(root, 'dist');
mkdirSync(output, { recursive: true });
for (const processor of wanted as Processor[]) {
  for (const file of await build(processor, output)) stdout.write(`${file} ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB\n`);
}
