import { exit, stderr } from 'node:process';
import { loadConfiguration } from '../config.ts';
import type { CollectorConfiguration } from '../config-schema.ts';

/** A wrong configuration is the caller's mistake: every problem is said, and the process ends with 2. */
export function configurationOrExit(file: string): CollectorConfiguration {
  const read = loadConfiguration(file);
  if (!('problems' in read)) return read;
  for (const problem of read.problems) stderr.write(`${problem}\n`);
  return exit(2);
}
