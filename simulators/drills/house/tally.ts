/** What a run of tests came to. Whatever did not run counts as failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, one each: for the end of a long run, where nobody has to look for it. */
  readonly remarks: readonly string[];
}

/** What became of each test file, as `report.ts` writes it. */
export interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly status: string;
    /** What broke outside its tests. */
    readonly why: string;
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string; readonly why: string }>;
  }>;
}

/**
 * Counts a vitest run from its report and its exit code. A file that could not be read, a skipped or unfinished
 * test, a run without tests, a missing report and a bad exit code without a failed test each count as a failure.
 */
export function tally(reportText: string | null, exitCode: number): Tally {
  const report = parsed(reportText);
  if (!report) return { passed: 0, failed: 1, remarks: [`vitest left no report (exit code ${exitCode})`] };
  let passed = 0;
  let failed = 0;
  const remarks: string[] = [];
  for (const file of report.testResults) {
    for (const { status, fullName, why } of file.assertionResults) {
      if (status === 'passed') passed += 1;
      else {
        failed += 1;
        remarks.push(remarkOn(status === 'failed' ? 'failed' : `did not run (${status})`, `${file.name}: ${fullName}`, why));
      }
    }
    const brokenFile = file.status !== 'passed' && file.assertionResults.every(({ status }) => status === 'passed');
    if (brokenFile || file.assertionResults.length === 0) {
      failed += 1;
      remarks.push(remarkOn(file.assertionResults.length === 0 ? 'ran no test' : 'failed outside its tests', file.name, file.why));
    }
  }
  if (report.testResults.length === 0) remarks.push('no test was found');
  else if (exitCode !== 0 && failed === 0) remarks.push(`vitest ended with ${exitCode} though no test failed: see the errors above`);
  const unseen = failed === 0 && (report.testResults.length === 0 || exitCode !== 0);
  return { passed, failed: unseen ? 1 : failed, remarks };
}

function remarkOn(what: string, where: string, why: string): string {
  const lines = why.split('\n').filter((line) => line !== '');
  return [`${what}: ${where}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

/** Test files that the end of their process cut off: some of their tests neither passed nor failed. */
export function cutOff(reportText: string | null): string[] {
  const files = parsed(reportText)?.testResults ?? [];
  return files.filter(({ assertionResults }) => assertionResults.some(({ status }) => status === 'pending')).map(({ name }) => name);
}

/** The same report without some of its files. */
export function without(reportText: string | null, names: readonly string[]): string {
  const testResults = (parsed(reportText)?.testResults ?? []).filter(({ name }) => !names.includes(name));
  return JSON.stringify({ testResults });
}

/** The tally of several runs. */
export function together(...tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
    remarks: tallies.flatMap(({ remarks }) => remarks),
  };
}

function parsed(text: string | null): Report | null {
  try {
    const report = JSON.parse(text ?? '') as Partial<Report>;
    return Array.isArray(report.testResults) ? (report as Report) : null;
  } catch {
    return null;
  }
}
