import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program and returns what it printed; throws with its own words when it fails. */
export function run(program: string, args: readonly string[], cwd?: string): string {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...(cwd ? { cwd } : {}) });
  if (done.error) throw new Error(`${program}: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr || done.stdout}`);
  return done.stdout;
}

/** Name, version and integrity of the pinned Node for a processor, as the lock file has them. */
function pinned(arch: string): { spec: string; integrity: string } {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  const found = new RegExp(`(node-linux-${arch}@[\\d.]+):\\s+resolution: \\{integrity: (sha512-[^}]+)\\}`).exec(lock);
  if (!found) throw new Error(`the lock file names no Node for linux-${arch}`);
  return { spec: found[1]!, integrity: found[2]! };
}

/** Puts the pinned Node for a processor at `target`: the installed one, or fetched from the npm registry and checked against the lock file. */
export function placeNode(arch: 'x64' | 'arm64', target: string): void {
  const installed = join(root, 'node_modules', `node-linux-${arch}`, 'bin', 'node');
  if (existsSync(installed)) copyFileSync(installed, target);
  else fetchNode(arch, target);
  chmodSync(target, 0o755);
}

function fetchNode(arch: string, target: string): void {
  const { spec, integrity } = pinned(arch);
  const directory = mkdtempSync(join(tmpdir(), 'fengsui-node-'));
  try {
    const [packed] = JSON.parse(run('npm', ['pack', spec, '--json', '--silent', '--pack-destination', directory], directory)) as Array<{
      filename: string;
    }>;
    const archive = join(directory, packed!.filename);
    const sum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (sum !== integrity) throw new Error(`${spec}: ${sum} is not what the lock file names (${integrity})`);
    run('tar', ['-xzf', archive, '-C', directory, 'package/bin/node']);
    copyFileSync(join(directory, 'package', 'bin', 'node'), target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
