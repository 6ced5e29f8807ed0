import { globSync } from 'node:fs';
import { lockProblems } from './floors.ts';
import { staleFiles } from './generated.ts';
import { nameProblems } from './names.ts';
import { ROOT, runTool } from './tool.ts';

/** One check of the house: its problems, a line or a report each; none means it holds. */
export interface Check {
  readonly name: string;
  readonly problems: () => Promise<readonly string[]>;
}

function tool(command: string, ...args: string[]): Check['problems'] {
  return async () => {
    const { code, output } = await runTool(command, args);
    return code === 0 ? [] : [output.trim() || `${command} ended with ${code} and said nothing`];
  };
}

/** The root project, and the pages: they run in a browser and so have a project of their own. */
async function typeProblems(): Promise<readonly string[]> {
  const projects = globSync(['tsconfig.json', '{gateway,collector}/{page,console}/tsconfig.json'], { cwd: ROOT });
  const problems = await Promise.all(projects.map((project) => tool('tsc', '-p', project)()));
  return problems.flat();
}

export const CHECKS: readonly Check[] = [
  { name: 'format and lint (biome)', problems: tool('biome', 'check', '--colors=off', '--max-diagnostics=50', '.') },
  { name: 'types (tsc)', problems: typeProblems },
  {
    name: 'arrows between rooms (dependency-cruiser)',
    problems: tool(
      'depcruise',
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'err',
      'protocol',
      'gateway',
      'collector',
      'simulators',
    ),
  },
  { name: 'nothing unused (knip)', problems: tool('knip', '--no-progress') },
  { name: 'names', problems: nameProblems },
  {
    name: 'generated files are fresh',
    problems: async () => (await staleFiles()).map((path) => `${path} is stale: npm run generate`),
  },
  { name: 'version floors', problems: lockProblems },
];

export interface CheckResult {
  readonly name: string;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Runs checks one after another; `say` gets a line for each. A check that throws has a problem. */
export async function runChecks(checks: readonly Check[], say: (line: string) => void): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, problems: find } of checks) {
    const startedMs = performance.now();
    const problems = await find().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    const seconds = (performance.now() - startedMs) / 1000;
    say(`${problems.length === 0 ? '✓' : '✗'} ${name}  ${seconds.toFixed(1)} s`);
    for (const problem of problems) say(problem.replace(/^/gm, '    '));
    results.push({ name, problems, seconds });
  }
  return results;
}
