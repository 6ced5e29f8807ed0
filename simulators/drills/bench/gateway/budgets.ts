import { availableParallelism, loadavg } from 'node:os';
import { stdout } from 'node:process';

/** One figure that was measured, and what was asked of it. */
export interface Figure {
  /** Key in the JSON line, its unit last. */
  readonly key: string;
  readonly says: string;
  readonly value: number;
  readonly unit: string;
  /** Same run, same machine: what to hold it against. */
  readonly yardstick?: { readonly says: string; readonly value: number };
  readonly budget?: { readonly most: number } | { readonly least: number };
}

/** Beyond this a machine that is busy with others is no excuse. */
const FAR = 2;
/** Load of the machine for each of its processors, above which others had it too when the bench began. */
const BUSY_LOAD = 0.5;

type Verdict = 'met' | 'not met' | 'missed by far' | 'said';

function verdictOf({ value, budget }: Figure): Verdict {
  if (!budget) return 'said';
  const excess = 'most' in budget ? value / budget.most : budget.least / Math.max(value, Number.MIN_VALUE);
  if (excess <= 1) return 'met';
  return excess <= FAR ? 'not met' : 'missed by far';
}

const short = (value: number) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

/** Whether others had this machine too. Asked before anything is measured. */
export const isBusy = (): boolean => loadavg()[0]! / availableParallelism() > BUSY_LOAD;

/**
 * Prints the table, what was missed and one JSON line. Answers the exit code: 0 every budget was met, 1 one was missed, 3 one was missed
 * by less than twice itself on a machine that was busy with others, where only a run on a quiet one can tell.
 */
export function told(figures: readonly Figure[], wasBusy: boolean): 0 | 1 | 3 {
  stdout.write('\n');
  for (const figure of figures) {
    const { says, value, unit, yardstick, budget } = figure;
    const asked = budget ? ('most' in budget ? `≤ ${short(budget.most)}` : `≥ ${short(budget.least)}`) : '';
    const beside = yardstick ? `${yardstick.says}: ${short(yardstick.value)}` : '';
    stdout.write(
      `  ${says.padEnd(64)} ${short(value).padStart(9)} ${unit.padEnd(7)} ${asked.padEnd(8)} ${verdictOf(figure).padEnd(14)} ${beside}\n`,
    );
  }
  const line = Object.fromEntries(figures.map((figure) => [figure.key, { value: figure.value, verdict: verdictOf(figure) }]));
  stdout.write(`${JSON.stringify({ bench: 'gateway', ...line })}\n`);
  const missed = (verdict: Verdict) => figures.filter((figure) => verdictOf(figure) === verdict);
  const [far, near] = [missed('missed by far'), missed('not met')];
  for (const { says, value, unit } of [...far, ...near]) stdout.write(`NOT MET: ${says}: ${short(value)} ${unit}\n`);
  if (near.length > 0 && wasBusy)
    stdout.write('the machine was busy with others when the bench began: what is missed by little is judged on a quiet one\n');
  if (far.length > 0 || (near.length > 0 && !wasBusy)) return 1;
  return near.length > 0 ? 3 : 0;
}

/** The value below which that share of all lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
