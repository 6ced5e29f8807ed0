import { appendFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Processor, packed, stage, VERSION, writeControl } from '../../../gateway/package/box.ts';

export interface Packages {
  /** What is installed, as files. */
  readonly tree: string;
  readonly first: string;
  /** Newer, its settings as installed unchanged. */
  readonly second: string;
  /** Newer still, with other settings as installed. */
  readonly third: string;
}

/** Three versions of the package for this machine, packed without compression: a drill is not shipped. */
export async function makePackages(folder: string, processor: Processor): Promise<Packages> {
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  await stage(tree, processor, VERSION);
  const packed = (name: string, version: string) => packOf(tree, join(folder, `${name}.deb`), processor, version);
  const [first, second] = [packed('first', VERSION), packed('second', `${VERSION}+1`)];
  appendFileSync(join(tree, 'etc/fengsui/gateway.yaml'), '# as the third version installs it\n');
  return { tree, first, second, third: packed('third', `${VERSION}+2`) };
}

function packOf(tree: string, deb: string, processor: Processor, version: string): string {
  writeControl(tree, processor, version);
  packed(tree, deb, 'none');
  rmSync(join(tree, 'DEBIAN'), { recursive: true });
  return deb;
}

/** Puts a package where the root can see it; answers its path inside. */
export function handOver(deb: string, root: string): string {
  cpSync(deb, join(root, 'root/box.deb'));
  return '/root/box.deb';
}
