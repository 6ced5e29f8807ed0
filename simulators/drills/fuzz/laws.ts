import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stderr, stdout } from 'node:process';
import { LAW_RUNS, LAW_SEED } from '../house/law-input.ts';
import { ROOT, runTool } from '../house/tool.ts';

/** So often a law is tried in a round if it names no number itself; `npm test` takes 100. */
const RUNS = 1_000;
const ONE_TEST_MS = 20 * 60_000;

/** Test files that hold laws: those that draw with fast-check, themselves or by an `.arbitrary.ts`. */
function lawFiles(): string[] {
  const files = globSync('{protocol,gateway,collector,simulators}/{src,drills}/**/*.test.ts', { cwd: ROOT }).sort();
  return files.filter((file) => /from '(fast-check|.*\.arbitrary\.ts)'/.test(readFileSync(join(ROOT, file), 'utf8')));
}

/** `[rounds] [seed]`: every law over other random input in every round, ten times longer than `npm test`. Stops at the first that fails and gives the exit code. */
export async function fuzzLaws(args: readonly string[]): Promise<number> {
  const [rounds, firstSeed] = [Number(args[0] ?? 1), Number(args[1] ?? Date.now() % 1_000_000)];
  if (!Number.isSafeInteger(rounds) || !Number.isSafeInteger(firstSeed) || rounds < 1) {
    stderr.write('usage: npm run fuzz -- laws [rounds] [first seed], both whole numbers\n');
    return 2;
  }
  const files = lawFiles();
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
    const environment = { [LAW_SEED]: String(seed), [LAW_RUNS]: String(RUNS) };
    const { code } = await runTool('vitest', ['run', `--testTimeout=${ONE_TEST_MS}`, ...files], { show: true, environment });
    if (code !== 0) {
      stderr.write(`a law failed, see above. Play it again: npm run fuzz -- laws 1 ${seed}\n`);
      return 1;
    }
  }
  stdout.write(`fuzz: the laws of ${files.length} files held in ${rounds} rounds from seed ${firstSeed}, ${RUNS} tries each\n`);
  return 0;
}
