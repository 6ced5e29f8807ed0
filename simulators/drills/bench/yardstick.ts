import { stdout } from 'node:process';

/** One thing measured: what, and how often a second. */
export interface Measured {
  readonly name: string;
  readonly perSecond: number;
}

const ROUND_MS = 150;
const ROUNDS = 7;

function once(work: () => unknown, repeats: number): number {
  const started = performance.now();
  for (let index = 0; index < repeats; index++) work();
  return performance.now() - started;
}

/** How many repeats fill one round, found while the work warms up. */
function repeatsFor(work: () => unknown): number {
  let repeats = 1;
  while (once(work, repeats) < ROUND_MS / 2) repeats *= 2;
  return repeats * 2;
}

/**
 * Measures several works in turn, round by round, so that a slow moment of the machine meets them all, and takes each one's
 * median. `unitsOf` says how many units one call does.
 */
export function measured(works: Readonly<Record<string, () => unknown>>, unitsPerCall = 1): Map<string, Measured> {
  const repeats = new Map(Object.entries(works).map(([name, work]) => [name, repeatsFor(work)]));
  const rates = new Map(Object.keys(works).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const count = repeats.get(name)!;
      rates.get(name)!.push((count * unitsPerCall * 1000) / once(work, count));
    }
  }
  return new Map([...rates].map(([name, all]) => [name, { name, perSecond: all.sort((a, b) => a - b)[ROUNDS >> 1]! }]));
}

/** A table of what was measured, each as a share of the yardstick. */
export function report(title: string, results: ReadonlyMap<string, Measured>, yardstick: string, unit: string): void {
  const base = results.get(yardstick)!.perSecond;
  stdout.write(`\n${title} (ratio to: ${yardstick})\n`);
  for (const { name, perSecond } of results.values()) {
    stdout.write(
      `  ${name.padEnd(52)} ${Math.round(perSecond).toLocaleString('en').padStart(14)} ${unit}  ×${(perSecond / base).toFixed(2)}\n`,
    );
  }
}
