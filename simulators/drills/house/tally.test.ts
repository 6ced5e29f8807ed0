import { describe, expect, it } from 'vitest';
import { cutOff, tally, together, without } from './tally.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  why: '',
  assertionResults: tests.map((test) => ({ status: test, fullName: 'says so', why: test === 'failed' ? '1 is not 2\n{ seed: 7 }' : '' })),
});
const report = (...files: ReturnType<typeof file>[]) => JSON.stringify({ testResults: files });

describe('the tally of a test run', () => {
  it('counts what passed and what failed', () => {
    expect(tally(report(file('failed', 'passed', 'failed'), file('passed', 'passed')), 1)).toEqual({
      ...{ passed: 2, failed: 1 },
      remarks: ['failed: a.test.ts: says so\n    1 is not 2\n    { seed: 7 }'],
    });
  });

  it('of several runs is their sum', () => {
    const tallies = [tally(report(file('passed', 'passed')), 0), tally(report(file('passed', 'passed')), 1)];
    expect(together(...tallies)).toMatchObject({ passed: 2, failed: 1, remarks: [expect.stringContaining('ended with 1')] });
    expect(together()).toEqual({ passed: 0, failed: 0, remarks: [] });
  });

  it.each(['skipped', 'pending', 'todo', 'disabled'])('a %s test counts as failed, because it did not run', (status) => {
    const { passed, failed, remarks } = tally(report(file('passed', 'passed', status)), 0);
    expect({ passed, failed }).toEqual({ passed: 1, failed: 1 });
    expect(remarks[0]).toContain('did not run');
  });

  it('a file whose process ended in the middle of it is known, and the rest counts without it', () => {
    const text = report({ ...file('failed', 'passed', 'pending'), name: 'b.test.ts' }, file('passed', 'passed'));
    expect(cutOff(text)).toEqual(['b.test.ts']);
    expect(tally(without(text, cutOff(text)), 0)).toEqual({ passed: 1, failed: 0, remarks: [] });
    expect([cutOff(report(file('failed', 'failed'))), cutOff(null)]).toEqual([[], []]);
  });

  it('a file that could not be loaded counts as failed', () => {
    expect(tally(report(file('failed'), file('passed', 'passed')), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  it('a file that failed outside its tests counts as failed', () => {
    expect(tally(report(file('failed', 'passed')), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  it('a run without tests counts as failed', () => {
    expect(tally(report(), 1)).toMatchObject({ passed: 0, failed: 1 });
    expect(tally(report(), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(tally(report(file('passed')), 0)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('a bad exit code counts as failed though every test passed', () => {
    expect(tally(report(file('passed', 'passed')), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  it.each([null, '', '{', '{}', 'null'])('a missing or broken report (%j) counts as failed', (text) => {
    expect(tally(text, 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});
