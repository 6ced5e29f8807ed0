import { resolve } from 'node:path';
import { stdout } from 'node:process';
import type { Command } from 'commander';
import { machineClock } from '../clock.ts';
import { initialise } from '../pki/authority.ts';

interface Options {
  readonly data: string;
  readonly host: readonly string[];
}

async function init({ data, host }: Options): Promise<void> {
  stdout.write(`${JSON.stringify(await initialise(resolve(data), host, machineClock))}\n`);
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('make the private certificate authority and the certificate of the server; again: renew the latter / 建立证书颁发机构')
    .requiredOption('--data <folder>', 'folder that the configuration names as `data`')
    .option('--host <name...>', 'names and addresses by which gateways reach the collector, besides this machine itself', [])
    .action(init);
}
