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

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.complaints.push(otherwise);
  }

  outcome(): Outcome {
    return { complaints: this.complaints, measured: this.measured };
  }
}

/** Runs an experiment to its end. What never came to pass is a complaint like any other. */
export async function perform(experiment: Experiment, seed: number, isLong: boolean): Promise<Outcome> {
  try {
    return await experiment.run(seed, isLong);
  } catch (error) {
    return { complaints: [(error as Error).message], measured: {} };
  }
}
