import { createInterface } from 'node:readline';
import type { Clock } from '@fengsui/protocol';
import { Failure } from '@fengsui/protocol';
import { WrongInput } from './problems.ts';
import type { TimedAction } from './scenario.ts';

/** The one line on standard output that tells a parent that the process does its work, and where. */
export function sayReady(role: string, facts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ ready: role, ...facts })}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** How a process ends, and what it is told on standard input while it runs. */
export interface Surroundings {
  /** Standard input closes: the parent is gone, so end as well. */
  readonly withParent: boolean;
  /** Takes one JSON value a line from standard input. */
  readonly live: ((value: unknown) => Promise<unknown>) | null;
}

/** Runs until a signal (or the parent's end) says stop, then disposes in order. Exit 0 after a stop, 1 after a failure of ours. */
export async function stayUntilStopped(running: AsyncDisposable, surroundings: Surroundings): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
    if (surroundings.withParent || surroundings.live) listenToParent(surroundings, resolve);
  });
  await running[Symbol.asyncDispose]();
  process.exit(0); // a stream of standard input that is still open would keep the process
}

function listenToParent({ live, withParent }: Surroundings, stop: () => void): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => live && line.trim() !== '' && void obey(live, line));
  lines.on('close', () => withParent && stop());
}

/** A wrong order is answered with its problems; the device goes on. */
async function obey(live: (value: unknown) => Promise<unknown>, line: string): Promise<void> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return complain(`standard input: not JSON: ${(error as Error).message}`);
  }
  await live(value).catch((error: unknown) => tell(error));
}

/** A trouble in words: wrong input and failures by their own; anything else is a programmer's error and ends the process. */
function tell(error: unknown): void {
  if (!(error instanceof WrongInput) && !(error instanceof Failure)) throw error;
  complain(error.message);
}

/** Does each action when its time has come, until `signal` aborts. A slow action does not hold up the next. */
export async function direct(
  steps: readonly TimedAction[],
  perform: (action: TimedAction['action']) => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  for (const { atMs, action } of steps) {
    const waitMs = startMs + atMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => {});
    if (signal.aborted) return;
    void perform(action).catch(tell);
  }
}

/** Ends the process for the errors that a caller can mend: exit 2 for wrong input, 1 for a failure. */
export function exitWith(error: unknown): never {
  if (error instanceof WrongInput) {
    for (const problem of error.problems) complain(problem);
    process.exit(2);
  }
  if (error instanceof Failure) {
    complain(error.message);
    process.exit(1);
  }
  throw error;
}
