import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../../../gateway/package/bundle.ts';
import { type Random, seeded } from '../../src/random.ts';
import { inspect } from './aftermath.ts';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
const NATIVE = fileURLToPath(new URL('../../../gateway/node_modules', import.meta.url));

/** Kills in a row of writers that go on with one journal: what one leaves open the next must take up. */
const KILLS_OF_A_JOURNAL = 25;
/** A writer is killed after so many acknowledged rows at most, and so much later: longer than a commit takes. */
const [ROWS, LATER_MS] = [30, 6];
/** Of ten kills so many hit a writer that is still opening what the one before left. */
const OPENING_SHARE = 0.2;

export interface Killed {
  readonly kills: number;
  readonly promised: number;
  /** Rows that were durable and not yet promised in the moment of a kill: the moments between commit and acknowledgement were met. */
  readonly unpromised: number;
  readonly complaints: readonly string[];
}

/**
 * Kills writers of a journal with SIGKILL, each at a moment of its own, two journals side by side. A writer acknowledges every row to
 * its source as soon as the journal has taken it; what it acknowledged must be there, once, whoever opens the journal next.
 */
export async function killWriters(kills: number, seed: number): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-kill-'));
  try {
    const program = await lightWriter(join(folder, 'program'));
    const counts = Array.from({ length: Math.ceil(kills / KILLS_OF_A_JOURNAL) }, (_, index) =>
      Math.min(KILLS_OF_A_JOURNAL, kills - index * KILLS_OF_A_JOURNAL),
    );
    const lives: Killed[] = [];
    const work = async () => {
      for (let count = counts.pop(); count !== undefined; count = counts.pop()) {
        const random = seeded(`${seed}/${counts.length}`);
        lives.push(await lifeOf(program, join(folder, `data-${counts.length}`), count, random));
      }
    };
    await Promise.all([work(), work()]);
    const sum = (what: 'kills' | 'promised' | 'unpromised') => lives.reduce((all, life) => all + life[what], 0);
    return {
      ...{ kills: sum('kills'), promised: sum('promised'), unpromised: sum('unpromised') },
      complaints: lives.flatMap(({ complaints }) => complaints),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The writer as a box would run it: bundled, it starts in an eighth of the time its sources take. */
async function lightWriter(directory: string): Promise<string> {
  await bundleProgram(directory, { writer: WRITER });
  symlinkSync(NATIVE, join(directory, 'node_modules'));
  return join(directory, 'writer.cjs');
}

/** One journal, written by one writer after the other, each killed. */
async function lifeOf(program: string, directory: string, kills: number, random: Random): Promise<Killed> {
  const promised: string[] = [];
  const complaints: string[] = [];
  let opensMs = 100;
  for (let kill = 0; kill < kills; kill++) {
    const writer = new Writer(program, directory);
    const startMs = performance.now();
    if (kill > 0 && random.chance(OPENING_SHARE)) await Promise.race([sleep(random.next() * opensMs), writer.opened]);
    else {
      await writer.opened;
      opensMs = performance.now() - startMs;
      await writer.acknowledged(random.below(ROWS));
      for (const untilMs = performance.now() + random.next() * LATER_MS; performance.now() < untilMs; ) await turn();
    }
    const { lines, trouble } = await writer.kill();
    promised.push(...lines);
    if (trouble !== '') complaints.push(`${directory}: a writer ended by itself: ${trouble}`);
  }
  const { missing, twice, wrong, damaged, rows } = await inspect(directory, promised);
  for (const [what, list] of Object.entries({ missing, twice, wrong, damaged }))
    if (list.length > 0) complaints.push(`${list.length} ${what}, first ${list[0]}`);
  return { kills, promised: promised.length, unpromised: rows - promised.length, complaints };
}

/** A process that writes until it is killed. */
class Writer {
  /** Resolves when it writes, or has ended. */
  readonly opened: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #heard = new EventEmitter();
  #said = '';
  #trouble = '';

  constructor(program: string, directory: string) {
    this.#child = spawn(execPath, [program, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    this.#child.stderr!.on('data', (bytes: Buffer) => (this.#trouble += bytes));
    this.#child.stdout!.on('data', (bytes: Buffer) => {
      this.#said += bytes;
      this.#heard.emit('words');
    });
    this.opened = this.#words(1);
  }

  /** Resolves when it has acknowledged so many rows, or has ended. */
  acknowledged(rows: number): Promise<void> {
    return this.#words(1 + rows);
  }

  async #words(lines: number): Promise<void> {
    const isOver = this.#closed.then(() => true);
    while (this.#said.split('\n').length <= lines) if ((await Promise.race([once(this.#heard, 'words'), isOver])) === true) return;
  }

  /** `lane epoch number id` of every row it acknowledged; what it complained of when it had ended before. */
  async kill(): Promise<{ readonly lines: readonly string[]; readonly trouble: string }> {
    const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
    this.#child.kill('SIGKILL');
    await this.#closed;
    const whole = this.#said.split('\n').slice(0, -1);
    const lines = whole.flatMap((line) => (line.startsWith('promised ') ? [line.split(' ').slice(1, 5).join(' ')] : []));
    return { lines, trouble: isOver ? `exit code ${this.#child.exitCode}: ${this.#trouble.slice(0, 400)}` : '' };
  }
}
