#!/usr/bin/env node
// The only file that runs on whatever Node the machine has (>= 20). It fetches what the lock file names, once,
// then hands over to the Node 24 that the lock file pins, so that every machine runs the same runtime.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const pnpm = 'pnpm@10.34.9'; // 11 crashes on Node 20; 12 refuses a manifest without its own pin
const manifests = [
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'package.json',
  ...['protocol', 'gateway', 'collector', 'simulators'].map((room) => `${room}/package.json`),
];
const stamp = join(root, 'node_modules', '.fengsui-installed');

/** Task -> TypeScript entry, run from where the person stands so that file arguments mean what they say. */
const tasks = {
  gateway: 'gateway/src/main.ts',
  collector: 'collector/src/main.ts',
  sim: 'simulators/src/cli.ts',
  demo: 'simulators/drills/demo.ts',
  drill: 'simulators/drills/drill.ts',
  test: 'simulators/drills/house/test.ts',
  check: 'simulators/drills/house/check.ts',
  format: 'simulators/drills/house/format.ts',
  generate: 'simulators/drills/house/generate.ts',
  bench: 'simulators/drills/bench.ts',
  fuzz: 'simulators/drills/fuzz.ts',
  package: 'gateway/package/build.ts',
};

function say(line) {
  process.stderr.write(`fengsui: ${line}\n`);
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of manifests) hash.update(readFileSync(join(root, file)));
  return `${hash.digest('hex')} ${process.platform}-${process.arch}`;
}

function install() {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('first run here: fetching the pinned packages (about half a minute) … 首次运行,正在下载依赖');
  const done = spawnSync('npx', ['-y', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    say('the packages could not be fetched; check that the npm registry is reachable (npm ping), then run the same command again');
    process.exit(done.status ?? 1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function pinnedNode() {
  const file = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const pinned = join(root, 'node_modules', `node-${platform}-${process.arch}`, file);
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  say(`no pinned Node for ${process.platform}-${process.arch}: install Node 24 and run the same command again`);
  process.exit(1);
}

const [task, ...rest] = process.argv.slice(2);
const entry = tasks[task];
if (!entry) {
  say(`no such task: ${task ?? '(none)'}. Tasks: ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
install();
const node = pinnedNode();
const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(process.platform === 'win32' ? ';' : ':');
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, entry), ...rest], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
  env: { ...process.env, PATH: path },
});
// The child is in our process group and hears Ctrl-C itself; a signal sent to us alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
