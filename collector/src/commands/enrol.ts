import { resolve } from 'node:path';
import { stdout } from 'node:process';
import type { Command } from 'commander';
import { machineClock } from '../clock.ts';
import { type Enrolment, enrol } from '../pki/enrolment.ts';

async function enrolGateway({ data, out, request, gateway }: Enrolment): Promise<void> {
  const more = request === undefined ? {} : { request: resolve(request) };
  const enrolled = await enrol({ gateway, data: resolve(data), out: resolve(out), ...more }, machineClock);
  stdout.write(`${JSON.stringify(enrolled)}\n`);
}

export function addEnrol(program: Command): void {
  program
    .command('enrol')
    .description('give a gateway its certificate / 为网关签发证书')
    .requiredOption('--data <folder>', 'folder that the configuration names as `data`')
    .requiredOption('--gateway <id>', 'id of the gateway: letters, digits, dots, hyphens')
    .requiredOption('--out <folder>', 'where ca.pem, <id>.pem and <id>.key go')
    .option('--request <file>', 'signing request made on the box, whose key stays there (PEM)')
    .action(enrolGateway);
}
