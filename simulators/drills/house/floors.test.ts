import { describe, expect, it } from 'vitest';
import { compareVersions, floorProblems, lockedPackages, lockProblems } from './floors.ts';

const floors = {
  broker: { floors: ['1.2.0'], advisories: ['GHSA-1'] },
  '@scope/codec': { floors: ['7.5.6', '8.0.1'], advisories: ['CVE-2'] },
};
const lock = (...keys: string[]) => lockedPackages(`packages:\n${keys.map((key) => `  '${key}':\n    resolution: {}\n`).join('')}`);

describe('version floors', () => {
  it('reads every version of every package out of the lock file', () => {
    expect(lock('broker@1.2.0', '@scope/codec@8.0.1', 'broker@1.1.9')).toEqual([
      { name: 'broker', version: '1.2.0' },
      { name: '@scope/codec', version: '8.0.1' },
      { name: 'broker', version: '1.1.9' },
    ]);
  });

  it('reports each version below its floor with the advisory, also where a good one stands beside it', () => {
    const problems = floorProblems(lock('broker@1.2.0', 'broker@1.1.9', '@scope/codec@8.0.1'), floors);
    expect(problems).toEqual(['broker@1.1.9 is below 1.2.0 (GHSA-1)']);
  });

  it.each([
    ['7.5.6', true],
    ['7.5.5', false],
    ['7.9.0', true],
    ['8.0.0', false],
    ['8.0.1', true],
    ['9.0.0', true],
    ['6.99.99', false],
    ['8.0.1-beta.1', false],
  ])('a floor holds in its own major version: %s is good: %s', (version, good) => {
    expect(floorProblems(lock(`@scope/codec@${version}`, 'broker@2.0.0'), floors).length === 0).toBe(good);
  });

  it('asks to strike a floor that guards nothing', () => {
    expect(floorProblems(lock('broker@1.2.0'), floors)).toEqual(['@scope/codec has a floor but is not in the lock file: strike the row']);
  });

  it('compares numbers, not letters', () => {
    expect(compareVersions('5.9.0', '5.12.0')).toBeLessThan(0);
    expect(compareVersions('10.0.0', '9.9.9')).toBeGreaterThan(0);
    expect(compareVersions('1.2', '1.2.0')).toBe(0);
  });

  it('refuses a text that is no lock file', () => {
    expect(() => lockedPackages('lockfileVersion: 9')).toThrow('names no package');
  });

  it('no package in our lock file is below its floor', async () => {
    expect(await lockProblems()).toEqual([]);
  });
});
