import { writeFile } from 'node:fs/promises';
import type { Reporter, TestModule } from 'vitest/node';
import type { Report } from './tally.ts';

/** Environment variable with the file that takes the report. */
export const REPORT_FILE = 'FENGSUI_TEST_REPORT';

function resultOf(module: TestModule): Report['testResults'][number] {
  const tests = [...module.children.allTests()];
  return {
    name: module.moduleId,
    status: module.state(),
    assertionResults: tests.map((test) => ({ status: test.result().state, fullName: test.fullName })),
  };
}

/** A vitest reporter that writes what `tally` counts. Vitest's own names its file to people, who would look for it in vain. */
export default class TallyReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const file = process.env[REPORT_FILE];
    if (file === undefined) throw new Error(`${REPORT_FILE} names no file`);
    await writeFile(file, JSON.stringify({ testResults: modules.map(resultOf) } satisfies Report));
  }
}
