import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import type { Words } from '@fengsui/protocol';

/** What came of an experiment. It was good when nobody complains. */
export interface Outcome {
  readonly complaints: readonly string[];
  /** Figures with their units in the name. */
  readonly measured: Readonly<Record<string, number | string>>;
}

/** One experiment upon the whole system: a story, a fault in it, and what must hold all the same. */
export interface Experiment {
  readonly words: Words;
  /** `isLong`: as a release wants it; otherwise short enough for every test run. */
  run(seed: number, isLong: boolean): Promise<Outcome>;
}

/** Gathers what does not hold, so that one wrong thing does not hide the next. */
export class Findings {
  readonly complaints: string[] = [];
  readonly measured: Record<string, number | string> = {};
  readonly #judgesTimes: boolean;

  /** Times are judged by the long form alone, which has the machine to itself; the short one only says them. */
  constructor(judgesTimes = false) {
    this.#judgesTimes = judgesTimes;
  }

  /** Says a time, the longest where there are more of one name, and complains of it when it is too long. */
  within(limitMs: number, what: string, ms: number): void {
    this.measured[`${what}, ms`] = Math.max(Math.round(ms), Number(this.measured[`${what}, ms`] ?? 0));
    this.expect(!this.#judgesTimes || ms <= limitMs, `${what}: ${Math.round(ms)} ms, which must be ${limitMs} at most`);
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.complaints.push(otherwise);
  }

  outcome(): Outcome {
    return { complaints: this.complaints, measured: this.measured };
  }
}

/** The yardstick of every time: a Node that does nothing, started on the same machine just before and just after. */
async function bareNodeMs(): Promise<number> {
  const startMs = performance.now();
  await promisify(execFile)(execPath, ['--eval', '0']);
  return Math.round(performance.now() - startMs);
}

/** Runs an experiment to its end. What never came to pass is a complaint like any other. */
export async function perform(experiment: Experiment, seed: number, isLong: boolean): Promise<Outcome> {
  const beforeMs = await bareNodeMs();
  const { complaints, measured } = await experiment
    .run(seed, isLong)
    .catch((error: Error): Outcome => ({ complaints: [error.message], measured: {} }));
  const yardstick = `${beforeMs} before, ${await bareNodeMs()} after`;
  return { complaints, measured: { ...measured, 'yardstick: a bare Node starts and ends, ms': yardstick } };
}
