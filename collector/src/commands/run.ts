import { once } from 'node:events';
import process, { exit, stderr, stdin, stdout } from 'node:process';
import { localTime } from '@fengsui/protocol';
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

async function run({ config, withParent }: { readonly config: string; readonly withParent?: true }): Promise<void> {
  const stopping = stopSignal();
  if (withParent) stdin.resume().once('close', () => process.kill(process.pid));
  process.umask(0o077); // what the collector writes is nobody else's
  const configuration = configurationOrExit(config);
  const { zoneMinutes } = configuration.collector;
  const timestamp = () => `,"time":"${localTime(Date.now(), zoneMinutes)}"`;
  const log = pino({ name: 'collector', level: configuration.log.level, timestamp }, destination({ dest: stderr.fd, sync: true }));
  const crash = (err: unknown) => {
    log.fatal({ err }, 'failed by an error of this program');
    exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  const collector = await startCollector(configuration, log);
  const { intake } = collector;
  log.info({ intake }, 'taking deliveries');
  const said = Promise.all([collector.page, collector.pushes]).then(([page, pushes]) => {
    const clouds = Object.keys(pushes).length > 0 ? { pushes } : {};
    stdout.write(`${JSON.stringify({ ready: 'collector', page, intake, ...clouds })}\n`);
  });
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
    .option('--with-parent', 'stop when standard input closes: what started this collector is gone')
    .action(run);
}
