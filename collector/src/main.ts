import { exit, stderr } from 'node:process';
import { Failure } from '@fengsui/protocol';
import { Command } from 'commander';
import { addCheck } from './commands/check.ts';
import { addEnrol } from './commands/enrol.ts';
import { addInit } from './commands/init.ts';
import { addOrder } from './commands/order.ts';
import { addRun } from './commands/run.ts';

const program = new Command('collector').description('Fengsui collector / 烽燧采集端');
for (const add of [addRun, addCheck, addInit, addEnrol, addOrder]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  stderr.write(`${error.message}\n`);
  exit(1);
}
