import { stdout } from 'node:process';
import type { Command } from 'commander';
import { openServerIdentity } from '../pki/authority.ts';
import { configurationOrExit } from './configuration.ts';

async function check({ config }: { readonly config: string }): Promise<void> {
  const { data } = configurationOrExit(config);
  await openServerIdentity(data);
  stdout.write(`${config}: no problems found 未发现问题\n`);
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('say everything that is wrong with a configuration / 检查配置')
    .requiredOption('--config <file>', 'YAML file, see collector/example.yaml')
    .action(check);
}
