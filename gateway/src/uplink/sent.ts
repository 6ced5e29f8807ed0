import type { Holding, Lane } from '@fengsui/protocol';

/** Numbers that follow each other. */
interface Run {
  first: number;
  last: number;
}

/** Runs of one series that are remembered apart; with two strands and no mishap there are two. Beyond this the closest count as one. */
const RUNS_MAX = 64;

/** The numbers this process has sent, over whichever connection: a receipt for others is not believed. */
export class Sent {
  readonly #series = new Map<string, { readonly lane: Lane; readonly epoch: number; readonly runs: Run[] }>();
  readonly #all: Sent | null;

  /** `all`: what is sent here counts there, too. */
  constructor(all: Sent | null = null) {
    this.#all = all;
  }

  /** Notes that rows were sent. */
  note(lane: Lane, epoch: number, numbers: readonly number[]): void {
    this.#all?.note(lane, epoch, numbers);
    const key = `${lane}/${epoch}`;
    const { runs } = this.#series.get(key) ?? { runs: [] };
    this.#series.set(key, { lane, epoch, runs: joined([...runs, ...numbers.map((number) => ({ first: number, last: number }))]) });
  }

  has(lane: Lane, epoch: number, number: number): boolean {
    return (this.#series.get(`${lane}/${epoch}`)?.runs ?? []).some(({ first, last }) => number >= first && number <= last);
  }

  /** The highest number of each series. */
  series(): readonly Holding[] {
    return [...this.#series.values()].map(({ lane, epoch, runs }) => ({ lane, epoch, highest: runs.at(-1)!.last }));
  }
}

/** Runs in their order, those that touch as one, at most so many. */
function joined(runs: readonly Run[]): Run[] {
  const apart: Run[] = [];
  for (const { first, last } of runs.toSorted((one, other) => one.first - other.first)) {
    const before = apart.at(-1);
    if (before && first <= before.last + 1) before.last = Math.max(before.last, last);
    else apart.push({ first, last });
  }
  while (apart.length > RUNS_MAX) {
    const gaps = apart.slice(1).map(({ first }, index) => first - apart[index]!.last);
    const closest = gaps.indexOf(Math.min(...gaps));
    apart.splice(closest, 2, { first: apart[closest]!.first, last: apart[closest + 1]!.last });
  }
  return apart;
}
