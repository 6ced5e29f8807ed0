import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runTool } from '../house/tool.ts';
import { inspect } from './aftermath.ts';
import { buildShim, startBehind } from './faults.ts';

const CUTS = 10;
/** A disk that lies has to be caught within so many cuts, or the drill proves nothing. */
const LIES_MAX = 8;
const IMAGE_BYTES = 96 * 1024 * 1024;
const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that was not synced reaches the image, as if the power went. */
const SHUTDOWN = `import fcntl,os,struct,sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))`;

/** This machine does not let us do it. */
class Refused extends Error {}

async function must(command: string, ...args: string[]): Promise<void> {
  const { code, output } = await runTool(command, args);
  if (code !== 0) throw new Refused(`${command} ${args.join(' ')}: ${output.trim() || `exit code ${code}`}`);
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

interface Cut {
  readonly promised: number;
  readonly complaints: readonly string[];
}

/** One cut: a writer on a file system of its own, which goes away under it and comes back. `shim` makes the disk lie. */
async function cut(folder: string, shim: string | null): Promise<Cut> {
  const [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  mkdirSync(mount);
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  await must('mkfs.ext4', '-qF', image);
  await must('mount', '-o', 'loop', image, mount);
  const directory = join(mount, 'data');
  const child = shim
    ? startBehind({ shim, match: directory, lies: true }, WRITER, [directory])
    : spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WRITER, directory], { stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = once(child, 'close');
  try {
    const { said, writing } = linesOf(child);
    await writing;
    await sleep(200 + Math.random() * 800);
    await must('python3', '-c', SHUTDOWN, mount);
    child.kill('SIGKILL');
    await gone;
    await must('umount', mount);
    await must('mount', '-o', 'loop', image, mount);
    const promised = said().flatMap((line) => (line.startsWith('promised ') ? [line.slice('promised '.length)] : []));
    const { missing, twice, wrong, damaged } = await inspect(directory, promised);
    const complaints = Object.entries({ missing, twice, wrong, damaged }).flatMap(([what, list]) =>
      list.length > 0 ? [`${list.length} ${what}, first ${list[0]}`] : [],
    );
    return { promised: promised.length, complaints };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
    await runTool('umount', ['-l', mount]);
  }
}

async function cutIn(shim: string | null): Promise<Cut> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-cut-'));
  try {
    return await cut(folder, shim);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function honest(cuts: number): Promise<number> {
  let rows = 0;
  let bad = 0;
  for (let turn = 1; turn <= cuts; turn++) {
    const { promised, complaints } = await cutIn(null);
    rows += promised;
    if (complaints.length > 0 || promised === 0) bad += 1;
    stdout.write(`  cut ${turn}: ${promised} rows promised, ${complaints.length === 0 ? 'all there' : complaints.join('; ')}\n`);
  }
  stdout.write(`${cuts} power cuts, ${rows} rows promised, ${bad} cuts with loss or nothing written\n`);
  if (bad === 0) stdout.write(`with 95 % certainty fewer than ${((3 / cuts) * 100).toFixed(1)} % of cuts lose a row\n`);
  return bad;
}

/** A disk that calls everything synced: the drill must see the loss, or it would see none of ours. */
async function liar(shim: string): Promise<boolean> {
  for (let turn = 1; turn <= LIES_MAX; turn++) {
    const { complaints } = await cutIn(shim);
    stdout.write(`  lying disk, cut ${turn}: ${complaints.length === 0 ? 'nothing lost' : complaints.join('; ')}\n`);
    if (complaints.length > 0) return true;
  }
  return false;
}

/** `npm run drill -- power-cut [cuts]`: the power goes while the journal writes; then the same with a disk that lies, as a test of the drill. */
export async function run([cuts = String(CUTS)]: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
  try {
    const bad = await honest(Number(cuts));
    const isCaught = await liar(await buildShim(folder));
    if (!isCaught) stdout.write('THE DRILL IS BLIND: a disk that never syncs lost nothing that it noticed\n');
    return bad === 0 && isCaught ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    stdout.write(`NOT RUN: this machine refuses a power cut (needs root, loop devices, ext4, python3): ${error.message}\n`);
    return 3;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
