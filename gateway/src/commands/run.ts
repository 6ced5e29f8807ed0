import { stdin, stdout } from 'node:process';
import { Failure } from '@fengsui/protocol';
import type { Command } from 'commander';
import { destination, type Logger, pino } from 'pino';
import { systemClock } from '../clock.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import * as limits from '../limits.ts';
import { feedWatchdog, serviceManager } from '../watchdog.ts';
import { configurationFrom } from './check.ts';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run the gateway / 运行网关')
    .requiredOption('--config <file>', 'YAML file, see gateway/example.yaml')
    .option('--with-parent', 'stop when standard input closes: what started this gateway is gone')
    .action(run);
}

async function run({ config, withParent }: { readonly config: string; readonly withParent?: true }): Promise<void> {
  const configuration = configurationFrom(config);
  if (!configuration) return;
  // Written at once: the last line before a crash is the one that matters.
  const log = pino({ level: configuration.log.level, base: null }, destination({ dest: 2, sync: true }));
  process.on('uncaughtException', (error) => die(log, error));
  process.on('unhandledRejection', (error) => die(log, error));
  try {
    const gateway = await startGateway(configuration, { clock: systemClock, random: Math.random, log });
    const stopping = new AbortController();
    const manager = serviceManager(process.env);
    stopOnSignal(gateway, log, stopping);
    if (withParent) stdin.resume().once('close', () => process.kill(process.pid));
    stdout.write(`${JSON.stringify({ ready: 'gateway', id: configuration.gateway.id, status: gateway.status })}\n`);
    if (!manager) return;
    await manager.notify('READY=1');
    await feedWatchdog({ manager, roundTrip: gateway.roundTrip, clock: systemClock, log, signal: stopping.signal });
  } catch (error) {
    die(log, error);
  }
}

function stopOnSignal(gateway: Gateway, log: Logger, stopped: AbortController): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    stopped.abort();
    log.info({ signal }, 'stopping');
    setTimeout(() => die(log, new Error(`not stopped within ${limits.EXIT_WITHIN_MS} ms`)), limits.EXIT_WITHIN_MS).unref();
    gateway.stop().then(
      () => {
        log.info({}, 'stopped');
        process.exit(0);
      },
      (error: unknown) => die(log, error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function die(log: Logger, error: unknown): never {
  if (error instanceof Failure) log.fatal({ code: error.code }, error.message);
  else log.fatal({ error: error instanceof Error ? error.stack : String(error) }, 'the gateway ends: an error of this program');
  process.exit(1);
}
