import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { Report } from './tally.ts';
import { ROOT } from './tool.ts';

/** Environment variable with the file that takes the report. */
export const REPORT_FILE = 'FENGSUI_TEST_REPORT';

const TOLD_LINES = 12;
const TOLD_LINE_LENGTH = 400;

/** What went wrong, its cause last: enough to know which, and for a law what it was tried with. The whole stands where the test ran. */
function told(errors: ReadonlyArray<SerializedError> = []): string {
  const messages = errors.flatMap((error) => [error.message, (error.cause as SerializedError | undefined)?.message ?? '']);
  const lines = messages.flatMap((message) => stripVTControlCharacters(message).split('\n')).filter((line) => line.trim() !== '');
  return lines
    .slice(0, TOLD_LINES)
    .map((line) => line.slice(0, TOLD_LINE_LENGTH))
    .join('\n');
}

function resultOf(module: TestModule): Report['testResults'][number] {
  const tests = [...module.children.allTests()];
  return {
    name: relative(ROOT, module.moduleId),
    status: module.state(),
    why: told(module.errors()),
    assertionResults: tests.map((test) => {
      const { state, errors } = test.result();
      return { status: state, fullName: test.fullName, why: told(errors) };
    }),
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
