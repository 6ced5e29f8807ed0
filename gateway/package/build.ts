import { mkdirSync, statSync } from 'node:fs';
import { argv, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, PROCESSORS, type Processor } from './box.ts';

/**
 * `npm run package [-- amd64] [-- arm64]`: a Debian package and a plain tarball of the gateway, with its own Node runtime,
 * that install and run without network. Both land in `dist/`.
 */
const say = (line: string) => stderr.write(`package: ${line}\n`);
const wanted = argv.slice(2).length > 0 ? argv.slice(2) : Object.keys(PROCESSORS);
const unknown = wanted.filter((name) => !Object.hasOwn(PROCESSORS, name));
if (unknown.length > 0) {
  say(`unknown processor ${unknown.join(', ')}; there are: ${Object.keys(PROCESSORS).join(', ')}`);
  exit(2);
}
const output = fileURLToPath(new URL('../../dist', import.meta.url));
mkdirSync(output, { recursive: true });
for (const processor of wanted as Processor[]) {
  for (const file of await build(processor, output, say)) stdout.write(`${file} ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB\n`);
}
