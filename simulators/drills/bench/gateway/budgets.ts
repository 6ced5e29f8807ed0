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

/** Beyond this the machine is no excuse. */
const FAR = 2;

type Verdict = 'met' | 'not met' | 'missed by far' | 'said';

function verdictOf({ value, budget }: Figure): Verdict {
  if (!budget) return 'said';
  const excess = 'most' in budget ? value / budget.most : budget.least / Math.max(value, Number.MIN_VALUE);
  if (excess <= 1) return 'met';
  return excess <= FAR ? 'not met' : 'missed by far';
}

const short = (value: number) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

/** Prints the table and one JSON line. Answers whether no budget was missed by far. */
export function told(figures: readonly Figure[]): boolean {
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
  return !figures.some((figure) => verdictOf(figure) === 'missed by far');
}

/** The value below which that share of all lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
