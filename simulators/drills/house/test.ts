// `npm test`: the programs tests need, the rules of the house, every test, every line of the protocol under one of them.
// Arguments go to vitest; then only tests run.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKS, runChecks } from './checks.ts';
import { missingPrerequisites, PREREQUISITES } from './prerequisites.ts';
import { REPORT_FILE } from './report.ts';
import { cutOff, type Tally, tally, together, without } from './tally.ts';
import { runTool } from './tool.ts';

/**
 * The protocol is measured line by line with its own tests alone (the threshold is in vitest.config.ts); nothing else pays for that. It is
 * pure: its files find nothing of each other in a process they share.
 */
const PROTOCOL = ['protocol/src', '--coverage', '--no-isolate'];
const THE_REST = ['--exclude', 'protocol/**'];

/**
 * Runs tests. A file whose process the runtime itself ended (V8 dies of an assertion of its own now and then) is run once more, and said;
 * what does not run then has failed.
 */
async function runVitest(args: readonly string[]): Promise<Tally> {
  const { report, code } = await reported(args);
  const crashed = cutOff(report);
  if (crashed.length === 0) return tally(report, code);
  console.log(`the process of these files ended in the middle of them, they are run once more: ${crashed.join(', ')}`);
  const again = await reported(crashed);
  return together(tally(without(report, crashed), 0), tally(again.report, again.code));
}

async function reported(args: readonly string[]): Promise<{ readonly report: string | null; readonly code: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-test-'));
  try {
    const file = join(folder, 'report.json');
    const reporters = ['--reporter=default', `--reporter=${join(import.meta.dirname, 'report.ts')}`];
    const environment = { [REPORT_FILE]: file };
    const { code } = await runTool('vitest', ['run', ...reporters, ...args], { show: true, environment });
    return { report: await readFile(file, 'utf8').catch(() => null), code };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const missing = await missingPrerequisites(PREREQUISITES, console.log);
  if (missing !== null) {
    console.log(`${missing}\n0 passed, 1 failed`);
    return 1;
  }
  const checks = args.length > 0 ? [] : await runChecks(CHECKS, console.log);
  const tests = args.length > 0 ? await runVitest(args) : together(await runVitest(PROTOCOL), await runVitest(THE_REST));
  for (const remark of tests.remarks) console.log(remark);
  const brokenRules = checks.filter(({ problems }) => problems.length > 0);
  for (const { name } of brokenRules) console.log(`failed: ${name}`);
  const failed = tests.failed + brokenRules.length;
  console.log(`${tests.passed + checks.length - brokenRules.length} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
