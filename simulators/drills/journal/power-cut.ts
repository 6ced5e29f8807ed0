import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runTool } from '../house/tool.ts';
import { type Aftermath, inspect } from './aftermath.ts';
import { buildShim, startBehind } from './faults.ts';

/** How many cuts of the honest journal, and within how many a broken one must be caught: about 60 % of cuts of a mutant lose something. */
const PRESETS = {
  smoke: { cuts: 30, canary: 10, liar: 3 },
  nightly: { cuts: 300, canary: 14, liar: 30 },
  release: { cuts: 15_001, canary: 14, liar: 30 },
} as const;
const CANARY = 10;
const LIAR = 8;
const IMAGE_BYTES = 96 * 1024 * 1024;
const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
const MUTANT = fileURLToPath(new URL('./mutant.ts', import.meta.url));

/** Under whom the power goes: our journal as it is, one that is broken on purpose, or ours on a disk that calls everything synced. */
type Subject =
  | { readonly kind: 'honest' }
  | { readonly kind: 'mutant'; readonly name: string }
  | { readonly kind: 'liar'; readonly shim: string };

/**
 * EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that was not synced reaches the image, as if the power went. Prints when: a
 * sync that is under way in that moment is answered as if it were done, to a program that with the power gone would no longer be there.
 */
const SHUTDOWN = `import fcntl,os,struct,sys,time
volume = os.open(sys.argv[1], os.O_RDONLY)
print(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
fcntl.ioctl(volume, 0x8004587D, struct.pack("I", 2))`;

/** This machine does not let us do it. */
class Refused extends Error {}

async function must(command: string, ...args: string[]): Promise<string> {
  const { code, output } = await runTool(command, args);
  if (code !== 0) throw new Refused(`${command} ${args.join(' ')}: ${output.trim() || `exit code ${code}`}`);
  return output;
}

function linesOf(child: ChildProcess): { readonly said: () => string[]; readonly writing: Promise<unknown> } {
  let text = '';
  const writing = new Promise((resolve) => {
    child.stdout!.on('data', (bytes: Buffer) => {
      text += bytes;
      if (text.startsWith('writing\n')) resolve(null);
    });
    child.on('exit', resolve);
  });
  return { said: () => text.split('\n').slice(0, -1), writing };
}

/** `lane epoch number id` of what was promised before the power went. */
function promisedBefore(cutNs: bigint, lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [word, lane, epoch, number, id, ns] = line.split(' ');
    return word === 'promised' && BigInt(ns!) < cutNs ? [`${lane} ${epoch} ${number} ${id}`] : [];
  });
}

interface Cut {
  readonly promised: number;
  readonly complaints: readonly string[];
}

function startWriter(subject: Subject, directory: string): ChildProcess {
  if (subject.kind === 'liar') return startBehind({ shim: subject.shim, match: directory, lies: true }, WRITER, [directory]);
  const mutation = subject.kind === 'mutant' ? ['--import', MUTANT] : [];
  const env = subject.kind === 'mutant' ? { ...process.env, FF_MUTANT: subject.name } : process.env;
  const args = ['--disable-warning=ExperimentalWarning', ...mutation, WRITER, directory];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
}

/** One cut: a writer on a file system of its own, which goes away under it and comes back. */
async function cut(folder: string, subject: Subject): Promise<Cut> {
  const [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  mkdirSync(mount);
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  await must('mkfs.ext4', '-qF', image);
  await must('mount', '-o', 'loop', image, mount);
  const directory = join(mount, 'data');
  const child = startWriter(subject, directory);
  const gone = once(child, 'close');
  try {
    const { said, writing } = linesOf(child);
    await writing;
    await sleep(200 + Math.random() * 800);
    const cutNs = BigInt((await must('python3', '-c', SHUTDOWN, mount)).trim());
    child.kill('SIGKILL');
    await gone;
    await must('umount', mount);
    await must('mount', '-o', 'loop', image, mount);
    const promised = promisedBefore(cutNs, said());
    const complaints = await inspect(directory, promised).then(complaintsOf, (error: Error) => [unopened(error, mount)]);
    return { promised: promised.length, complaints };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
    await runTool('umount', ['-l', mount]);
  }
}

function complaintsOf({ missing, twice, wrong, damaged }: Aftermath): string[] {
  return Object.entries({ missing, twice, wrong, damaged }).flatMap(([what, list]) =>
    list.length > 0 ? [`${list.length} ${what}, first ${list[0]}`] : [],
  );
}

/** A journal that does not open is the worst that can come of a cut; what lies there and how it is mounted says why. */
function unopened(error: Error, mount: string): string {
  const files = readdirSync(mount, { recursive: true, withFileTypes: true }).map(
    ({ name, parentPath }) => `${name} ${statSync(join(parentPath, name)).size}`,
  );
  const how = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((line) => line.includes(mount));
  return `it does not open: ${error.message}; ${files.join(', ')}; ${how}`;
}

async function cutIn(subject: Subject): Promise<Cut> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-cut-'));
  try {
    return await cut(folder, subject);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function honest(cuts: number): Promise<number> {
  let rows = 0;
  let bad = 0;
  for (let turn = 1; turn <= cuts; turn++) {
    const { promised, complaints } = await cutIn({ kind: 'honest' });
    rows += promised;
    const isBad = complaints.length > 0 || promised === 0;
    if (isBad) bad += 1;
    const isToldOf = isBad || cuts <= PRESETS.smoke.cuts || turn % 50 === 0;
    if (isToldOf)
      stdout.write(`  cut ${turn}: ${promised} rows promised, ${complaints.length === 0 ? 'all there' : complaints.join('; ')}\n`);
  }
  stdout.write(`${cuts} power cuts, ${rows} rows promised, ${bad} cuts with loss or nothing written\n`);
  if (bad === 0) stdout.write(`with 95 % certainty fewer than ${((3 / cuts) * 100).toFixed(2)} % of cuts lose a row (3/n)\n`);
  return bad;
}

/** The drill must see the loss of a journal that loses, or it would see none of ours: at the first one the answer is known. */
async function isCaught(what: string, subject: Subject, cuts: number): Promise<boolean> {
  for (let turn = 1; turn <= cuts; turn++) {
    const { complaints } = await cutIn(subject);
    stdout.write(`  ${what}, cut ${turn}: ${complaints.length === 0 ? 'nothing lost' : complaints.join('; ')}\n`);
    if (complaints.length > 0) return true;
  }
  stdout.write(`THE DRILL IS BLIND: ${what} lost nothing that it noticed in ${cuts} cuts\n`);
  return false;
}

function countsOf(asked: string | undefined): { readonly cuts: number; readonly canary: number; readonly liar: number } {
  if (asked !== undefined && Object.hasOwn(PRESETS, asked)) return PRESETS[asked as keyof typeof PRESETS];
  const cuts = Number(asked ?? 10);
  if (!Number.isInteger(cuts) || cuts < 1) throw new TypeError(`${asked}: neither a number of cuts nor ${Object.keys(PRESETS).join(', ')}`);
  return { cuts, canary: CANARY, liar: LIAR };
}

/**
 * `npm run drill -- power-cut [smoke | nightly | release | cuts]`: the power goes while the journal writes. Then, as tests of the
 * drill, the same with a journal that syncs too seldom, and on a disk that lies.
 */
export async function run([asked]: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
  try {
    const { cuts, canary, liar } = countsOf(asked);
    const bad = await honest(cuts);
    const seesNormal = await isCaught('synchronous=NORMAL', { kind: 'mutant', name: 'synchronous-normal' }, canary);
    const seesLies = await isCaught('a disk that never syncs', { kind: 'liar', shim: await buildShim(folder) }, liar);
    return bad === 0 && seesNormal && seesLies ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    stdout.write(`NOT RUN: this machine refuses a power cut (needs root, loop devices, ext4, python3): ${error.message}\n`);
    return 3;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
