import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from '../house/tool.ts';

export const CALLS = ['pwrite', 'sync', 'truncate', 'unlink'] as const;
export type Call = (typeof CALLS)[number];
export type FaultKind = 'kill' | 'tear' | 'eio' | 'enospc';

/** What happens to which call of a program that writes to a file. */
export interface Fault {
  readonly call: Call;
  readonly kind: FaultKind;
  /** From 1. */
  readonly at: number;
  /** How many calls in a row; 1 where it is not given. */
  readonly times?: number;
}

export const describeFault = ({ call, kind, at, times = 1 }: Fault) =>
  `${kind} at ${call} ${at}${times > 1 ? ` and ${times - 1} more` : ''}`;

/** Builds the shim into a folder; answers its path. Throws with what the compiler said. */
export async function buildShim(folder: string): Promise<string> {
  const library = join(folder, 'shim.so');
  const source = fileURLToPath(new URL('./shim.c', import.meta.url));
  const { code, output } = await runTool('gcc', ['-Wall', '-Wextra', '-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { folder });
  if (code !== 0) throw new Error(`gcc could not build the shim: ${output}`);
  return library;
}

export interface Surroundings {
  readonly shim: string;
  /** Only files whose path contains this. */
  readonly match: string;
  readonly fault?: Fault;
  /** Every sync says it is done and does nothing. */
  readonly lies?: boolean;
  /** File with the microseconds a sync takes. */
  readonly control?: string;
  /** File that gets the numbers of calls. */
  readonly report?: string;
  /** Name of a way in which the journal is broken on purpose. */
  readonly mutant?: string;
}

const MUTANT = fileURLToPath(new URL('./mutant.ts', import.meta.url));

/** Starts a program of ours behind the shim. */
export function startBehind(
  { shim, match, fault, lies, control, report, mutant }: Surroundings,
  program: string,
  args: readonly string[],
): ChildProcess {
  const faults = fault ? { FF_CALL: fault.call, FF_FAULT: fault.kind, FF_AT: String(fault.at), FF_TIMES: String(fault.times ?? 1) } : {};
  const mutation = mutant === undefined ? [] : ['--import', MUTANT];
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...mutation, program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      LD_PRELOAD: shim,
      FF_MATCH: match,
      ...faults,
      ...(lies ? { FF_LIE: '1' } : {}),
      ...(control === undefined ? {} : { FF_CONTROL: control }),
      ...(report === undefined ? {} : { FF_REPORT: report }),
      ...(mutant === undefined ? {} : { FF_MUTANT: mutant }),
    },
  });
}

/** What the told story came to. */
export interface Told {
  /** `lane epoch number id` of every row that was promised. */
  readonly promised: readonly string[];
  /** `code id id …` of what was refused on the way, and then said again. */
  readonly refused: readonly string[];
  /** Failures of the disk that the journal counted. */
  readonly failures: number;
  readonly isComplete: boolean;
  readonly signal: NodeJS.Signals | null;
  readonly trouble: string;
}

const STORY = fileURLToPath(new URL('./story.ts', import.meta.url));

/** Tells the story to the journal of a directory, whatever happens to its calls. */
export async function tellStory(surroundings: Surroundings, directory: string, ballastBytes = 0): Promise<Told> {
  const child = startBehind(surroundings, STORY, [directory, String(ballastBytes)]);
  let said = '';
  let trouble = '';
  child.stdout!.on('data', (bytes: Buffer) => (said += bytes));
  child.stderr!.on('data', (bytes: Buffer) => (trouble += bytes));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const lines = said.split('\n').slice(0, -1); // what follows the last line end was cut off by a kill
  const after = (word: string) => lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return {
    promised: after('promised'),
    refused: after('refused'),
    failures: Number(after('failures')[0] ?? 0),
    isComplete: lines.at(-1) === 'done',
    signal,
    trouble,
  };
}

/** How many calls of each kind the undisturbed story makes, to files whose path contains `match`. */
export async function countCalls(shim: string, directory: string, match = directory): Promise<Readonly<Record<Call, number>>> {
  const report = `${directory}.calls`;
  const { isComplete, trouble } = await tellStory({ shim, match, report }, directory);
  if (!isComplete || !existsSync(report)) throw new Error(`the undisturbed story did not end: ${trouble}`);
  const lines = readFileSync(report, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])])) as Record<Call, number>;
}
