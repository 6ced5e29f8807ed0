import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { platform } from 'node:process';

/** What keeps a file from being read. */
export function fileProblems(path: string, file: string): string[] {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile() ? [] : [`${path}: is no file (${file})`];
  } catch (error) {
    return [`${path}: cannot be read, ${(error as NodeJS.ErrnoException).code} (${file})`];
  }
}

/** A secret is for its owner alone, and is there. */
export function secretProblems(path: string, file: string): string[] {
  const problems = fileProblems(path, file);
  if (problems.length > 0) return problems;
  const mode = statSync(file).mode & 0o777;
  return [
    ...(platform !== 'win32' && (mode & 0o077) !== 0
      ? [`${path}: must be for its owner only, chmod 600 (got ${mode.toString(8)}, ${file})`]
      : []),
    ...(textIn(file).trim() === '' ? [`${path}: is empty (${file})`] : []),
  ];
}

export function textIn(file: string): string {
  return readFileSync(file, 'utf8');
}
