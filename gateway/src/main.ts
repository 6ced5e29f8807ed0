#!/usr/bin/env node
import { exit, stderr, stdout } from 'node:process';
import { Failure } from '@fengsui/protocol';
import { Command } from 'commander';

type Add = (program: Command) => void;

/** Only the command that is named is loaded: `decode` needs neither a serial port nor a database to start. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  run: async () => (await import('./commands/run.ts')).addRun,
  check: async () => (await import('./commands/check.ts')).addCheck,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  listen: async () => (await import('./commands/listen.ts')).addListen,
  scan: async () => (await import('./commands/scan.ts')).addScan,
  capture: async () => (await import('./commands/capture.ts')).addCapture,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  journal: async () => (await import('./commands/journal.ts')).addJournal,
  points: async () => (await import('./commands/points.ts')).addPoints,
  decode: async () => (await import('./commands/decode.ts')).addDecode,
  pin: async () => (await import('./commands/pin.ts')).addPin,
  encode: async () => (await import('./commands/encode.ts')).addEncode,
};

const program = new Command('gateway').description(
  'Fengsui gateway: carries alarms from the devices of a site to the collector / 烽燧站端网关',
);

// Whoever reads our output may have read enough (`… | head`): that is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  exit(0);
});

/** Not at the top level: what is installed on a box is CommonJS, which knows no `await` there. */
async function main(): Promise<void> {
  const named = Object.hasOwn(COMMANDS, process.argv[2] ?? '') ? COMMANDS[process.argv[2]!] : undefined;
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  const known = error instanceof TypeError || error instanceof Failure;
  stderr.write(`${known ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
});
