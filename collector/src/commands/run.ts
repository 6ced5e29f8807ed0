import { once } from 'node:events';
import process, { exit, stderr, stdout } from 'node:process';
import type { Command } from 'commander';
import { destination, pino } from 'pino';
import { startCollector } from '../collector.ts';
import { HARD_STOP_MS } from '../limits.ts';
import { configurationOrExit } from './configuration.ts';

/** Resolves at the first signal to stop; later ones change nothing. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

async function run({ config }: { readonly config: string }): Promise<void> {
  const stopping = stopSignal();
  process.umask(0o077); // what the collector writes is nobody else's
  const configuration = configurationOrExit(config);
  const log = pino({ name: 'collector', level: configuration.log.level }, destination({ dest: stderr.fd, sync: true }));
  const crash = (err: unknown) => {
    log.fatal({ err }, 'failed by an error of this program');
    exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  const collector = await startCollector(configuration, log);
  const { intake } = collector;
  log.info({ intake }, 'taking deliveries');
  const said = collector.page.then((page) => void stdout.write(`${JSON.stringify({ ready: 'collector', page, intake })}\n`));
  await Promise.race([said, stopping]);
  await stopping;

  const hard = setTimeout(() => {
    log.fatal({}, 'did not stop in time');
    exit(1);
  }, HARD_STOP_MS);
  hard.unref();
  await collector.stop();
  log.info({}, 'stopped');
  if (stdout.writableLength > 0) await once(stdout, 'drain');
  exit(0);
}

export function addRun(program: Command): void {
  program
    .command('run')
    .description('take deliveries, keep the ledger, serve the page, push to the municipal platform / 运行采集端')
    .requiredOption('--config <file>', 'YAML file, see collector/example.yaml')
    .action(run);
}
