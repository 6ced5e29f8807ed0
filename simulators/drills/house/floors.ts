import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './tool.ts';

export interface Floor {
  /** Lowest good version; where several major versions are good, the lowest of each. */
  readonly floors: readonly string[];
  readonly advisories: readonly string[];
}
export type Floors = Readonly<Record<string, Floor>>;

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** The packages a pnpm lock file brings in, every version of each. Throws when it has none: then it is not a lock file. */
export function lockedPackages(lockText: string): readonly LockedPackage[] {
  const lock = parse(lockText) as { packages?: Record<string, unknown> } | null;
  const keys = Object.keys(lock?.packages ?? {});
  if (keys.length === 0) throw new Error('the lock file names no package');
  return keys.map((key) => {
    const at = key.lastIndexOf('@');
    if (at < 1) throw new Error(`the lock file names a package without a version: ${key}`);
    return { name: key.slice(0, at), version: key.slice(at + 1) };
  });
}

function numbers(version: string): readonly [number, number, number] {
  const [major, minor, patch] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version)?.slice(1) ?? [];
  if (major === undefined) throw new Error(`not a version: ${version}`);
  return [Number(major), Number(minor ?? 0), Number(patch ?? 0)];
}

/** Negative when `left` is older. A pre-release is older than its release. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [numbers(left), numbers(right)];
  const difference = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  return difference || Number(right.includes('-')) - Number(left.includes('-'));
}

/** At or above the floor of its own major version, or of a newer major than any floor. */
function isGood(version: string, floors: readonly string[]): boolean {
  const major = numbers(version)[0];
  const newest = Math.max(...floors.map((floor) => numbers(floor)[0]));
  return major > newest || floors.some((floor) => numbers(floor)[0] === major && compareVersions(version, floor) >= 0);
}

/** Every locked package below its floor, and every floor that guards nothing any more. One line each. */
export function floorProblems(packages: readonly LockedPackage[], floors: Floors): readonly string[] {
  const below = packages.flatMap(({ name, version }) => {
    const row = floors[name];
    if (!row || isGood(version, row.floors)) return [];
    return [`${name}@${version} is below ${row.floors.join(' / ')} (${row.advisories.join(', ')})`];
  });
  const names = new Set(packages.map(({ name }) => name));
  const idle = Object.keys(floors).filter((name) => !names.has(name));
  return [...below, ...idle.map((name) => `${name} has a floor but is not in the lock file: strike the row`)];
}

/** The house's own lock file against the house's own floors. */
export async function lockProblems(): Promise<readonly string[]> {
  const floors = JSON.parse(await readFile(join(ROOT, 'security', 'floors.json'), 'utf8')) as Floors;
  return floorProblems(lockedPackages(await readFile(join(ROOT, 'pnpm-lock.yaml'), 'utf8')), floors);
}
