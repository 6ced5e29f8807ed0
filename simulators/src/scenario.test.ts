import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './folder.fixture.ts';
import { WrongInput } from './problems.ts';
import { loadScenario, readLiveStep, readScenario } from './scenario.ts';

function problems(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof WrongInput) return error.problems;
    throw error;
  }
  return [];
}

describe('a scenario', () => {
  test('is a list of timed actions, sorted, with durations in milliseconds', () => {
    const steps = readScenario({
      steps: [
        { at: '3s', silence: '1.5s' },
        { at: 250, say: { what: 'fire', address: { loop: 1, point: 2 } } },
        { at: '1min', misanswer: { how: 'late' } },
      ],
    });
    expect(steps).toEqual([
      { atMs: 250, action: { kind: 'say', say: { what: 'fire', address: { loop: 1, point: 2 } } } },
      { atMs: 3000, action: { kind: 'silence', forMs: 1500 } },
      { atMs: 60_000, action: { kind: 'misanswer', how: 'late', times: 1, delayMs: 700 } },
    ]);
  });

  test('repeats a step as often as it says', () => {
    const steps = readScenario({ steps: [{ at: '1s', repeat: { times: 3, every: '200ms' }, noise: { bytes: 4 } }] });
    expect(steps.map(({ atMs }) => atMs)).toEqual([1000, 1200, 1400]);
  });

  test('names every problem with its path', () => {
    const found = problems(() =>
      readScenario({ steps: [{ at: 'soon', say: { what: 'fier' } }, { at: '1s', hush: true }, { noise: { bytes: 0 } }], sped: 2 }),
    );
    expect(found).toContain('sped: no such key');
    expect(found).toContain('steps[1].hush: no such key');
    expect(
      found.some((problem) => problem.startsWith('steps[0].say.what: must be one of fire, prealarm') && problem.endsWith('(got "fier")')),
    ).toBe(true);
    expect(found.some((problem) => problem.startsWith('steps[0].at: '))).toBe(true);
    expect(found.some((problem) => problem.startsWith('steps[2].noise.bytes: '))).toBe(true);
  });

  test('wants one action a step, and one the device can do', () => {
    expect(problems(() => readScenario({ steps: [{ at: 0 }] }, ['say']))).toEqual(['steps[0]: a step does exactly one of say (got none)']);
    expect(problems(() => readScenario({ steps: [{ at: 0, rebind: true }] }, ['say', 'noise']))).toEqual([
      'steps[0].rebind: this device cannot do that; it can say, noise',
    ]);
    expect(problems(() => readScenario({ steps: [{ noise: { bytes: 1 } }] }))).toEqual(['steps[0].at: is missing']);
    expect(problems(() => readLiveStep({ rebind: true, silence: 3 }))).toHaveLength(1);
  });

  test('is read from YAML; what is no YAML is a problem, not a crash', () => {
    const path = join(temporaryFolder(), 's.yaml');
    writeFileSync(path, 'steps:\n  - at: 2s\n    say: { what: fire, address: { controller: 1, loop: 1, point: 2 } }\n');
    expect(loadScenario(path, ['say'])).toHaveLength(1);
    writeFileSync(path, 'steps: [ {');
    expect(problems(() => loadScenario(path, ['say']))[0]).toContain('is neither YAML nor JSON');
    expect(() => loadScenario(`${path}.gone`, ['say'])).toThrow(/SIM_FILE_UNUSABLE/);
  });
});
