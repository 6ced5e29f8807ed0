import { stderr, stdout } from 'node:process';
import type { Command } from 'commander';
import { type GatewayConfiguration, loadConfiguration } from '../config.ts';

/** A wrong configuration never starts half: this is the exit code that says so. */
const WRONG_CONFIGURATION = 2;

/** The configuration of a file, or null after every problem of it was written to standard error and the exit code set. */
export function configurationFrom(file: string): GatewayConfiguration | null {
  const configuration = loadConfiguration(file);
  if (!('problems' in configuration)) return configuration;
  for (const problem of configuration.problems) stderr.write(`${problem}\n`);
  process.exitCode = WRONG_CONFIGURATION;
  return null;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check a configuration file and list every problem / 检查配置文件')
    .requiredOption('--config <file>', 'YAML file, see gateway/example.yaml')
    .action(({ config }: { readonly config: string }) => {
      if (configurationFrom(config)) stdout.write('ok\n');
    });
}
