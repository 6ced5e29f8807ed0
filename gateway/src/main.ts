#!/usr/bin/env node
import { stderr } from 'node:process';
import { Command } from 'commander';
import { addCheck } from './commands/check.ts';
import { addDecode } from './commands/decode.ts';
import { addEncode } from './commands/encode.ts';
import { addRun } from './commands/run.ts';

const program = new Command('gateway').description(
  'Fengsui gateway: carries alarms from the devices of a site to the collector / 烽燧站端网关',
);
for (const add of [addRun, addCheck, addDecode, addEncode]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  stderr.write(`${error instanceof TypeError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
