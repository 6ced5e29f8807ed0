import { exit, stderr } from 'node:process';
import { loadConfiguration } from '../config.ts';
import type { CollectorConfiguration } from '../config-schema.ts';

/** A wrong configuration is the caller's mistake: every problem is said, and the process ends with 2. What was right once is said, too. */
export function configurationOrExit(file: string): CollectorConfiguration {
  const read = loadConfiguration(file);
  const lines = 'problems' in read ? read.problems : read.narrowed.map(({ line }) => line);
  for (const line of lines) stderr.write(`${line}\n`);
  return 'problems' in read ? exit(2) : read.configuration;
}
