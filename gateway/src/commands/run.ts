import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { stdin, stdout } from 'node:process';
import { Failure, localTime } from '@fengsui/protocol';
import type { Command } from 'commander';
import { destination, type Logger, pino } from 'pino';
import { systemClock } from '../clock.ts';
import type { StoredConfiguration } from '../config.ts';
import { ConfigurationHistory } from '../downlink/configuration-history.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { giveBackMemory } from '../give-back.ts';
import * as limits from '../limits.ts';
import { LogTail } from '../log-tail.ts';
import { becomeOwner, isOutOfReach, isOwnersPlace, reachRemedy, rightfulOwner } from '../ownership.ts';
import { feedWatchdog, type ServiceManager, serviceManager } from '../watchdog.ts';
import { configurationFrom, storedConfigurationFrom } from './check.ts';

/** Journal, keys and captures are for the gateway's user and its group, as the unit of the package has it. */
const NOT_FOR_OTHERS = 0o027;

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run the gateway / 运行网关')
    .requiredOption('--config <file>', 'YAML file, see gateway/example.yaml')
    .option('--with-parent', 'stop when standard input closes: what started this gateway is gone')
    .action(run);
}

/** What a service manager starts again by itself (EX_TEMPFAIL): a restart that was asked for. */
const START_AGAIN = 75;

async function run({ config, withParent }: { readonly config: string; readonly withParent?: true }): Promise<void> {
  const configuration = configurationFrom(config);
  if (!configuration) return;
  // Written at once: the last line before a crash is the one that matters.
  const tail = new LogTail(destination({ dest: 2, sync: true }));
  const { zoneMinutes } = configuration.gateway;
  const log = pino(
    { level: configuration.log.level, base: null, timestamp: () => `,"time":"${localTime(Date.now(), zoneMinutes)}"` },
    tail,
  );
  const manager = serviceManager(process.env);
  runAsOwner(configuration.data, { config, isService: manager !== null }, log);
  const stopping = new AbortController();
  const runs = new Runs(resolve(config), log, tail, stopping.signal, manager);
  const crash = (error: unknown) => void runs.crash(error);
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
  if (withParent) stdin.resume().once('close', () => process.kill(process.pid));
  try {
    await runs.go(stopping);
  } catch (error) {
    die(log, error);
  }
}

/**
 * What root made in the data folder the gateway's own user could neither read nor replace at the next start. On a box root runs no gateway by
 * hand: its user may have written the configuration, which names commands. A unit that says so (`isService`) is root's own word, and one that
 * were refused would start again and again while nobody hears the panels: it goes on as the user it can be.
 */
function runAsOwner(data: string, { config, isService }: { config: string; isService: boolean }, log: Logger): void {
  const owner = rightfulOwner(data);
  if (!owner) return;
  try {
    if (isOutOfReach(data))
      throw new TypeError(`${data} does not belong to the gateway's user, as whom it runs: ${reachRemedy(data)} 数据目录不属于网关用户`);
    if (isOwnersPlace(data) && becomeOwner(data, config)) {
      log.info({ uid: owner.uid }, `started by root, runs as the user that ${data} belongs to`);
      return;
    }
    const text = `runs as root, but ${data} belongs to user ${owner.uid}, who will not be able to read what is made there: start it as that user 请以数据目录的所有者启动`;
    log.warn({ uid: owner.uid }, text);
  } catch (error) {
    if (!isService || !(error instanceof TypeError)) throw error;
    const text = `runs as root, as its unit says (systemctl cat fengsui-gateway): take User=root out of it. For now, ${error.message} / 暂以 root 运行,请从服务单元中去掉 User=root`;
    log.error({}, text);
  }
}

/** One gateway after the other: an order may want a restart, or another configuration, in the same process. */
class Runs {
  readonly #file: string;
  readonly #log: Logger;
  readonly #tail: LogTail;
  readonly #signal: AbortSignal;
  readonly #manager: ServiceManager | null;
  readonly #instance = randomBytes(8).toString('hex');
  #current: Gateway | null = null;
  /** Where the page was: whoever looks at it finds it there again. */
  #port = 0;
  #isCrashing = false;

  constructor(file: string, log: Logger, tail: LogTail, signal: AbortSignal, manager: ServiceManager | null) {
    this.#file = file;
    this.#log = log;
    this.#tail = tail;
    this.#signal = signal;
    this.#manager = manager;
  }

  async go(stopping: AbortController): Promise<void> {
    process.umask(NOT_FOR_OTHERS);
    const stopped = Promise.withResolvers<null>();
    stopOnSignal(this.#log, stopping, () => stopped.resolve(null));
    for (let isFirst = true; !this.#signal.aborted; isFirst = false) {
      const gateway = await this.#start();
      this.#current = gateway;
      if (isFirst) await this.#ready(gateway);
      const why = await Promise.race([gateway.again, stopped.promise]);
      this.#current = null;
      const late = why === null || !this.#manager ? undefined : endAfter(limits.ANEW_WITHIN_MS, this.#log);
      await gateway.stop();
      clearTimeout(late);
      if (why !== null) this.#log.info({ why }, 'starting anew');
      if (why === 'restart' && this.#manager) process.exit(START_AGAIN);
    }
    this.#log.info({}, 'stopped');
    process.exit(0);
  }

  /** An error that nobody caught: nothing is sure any more. It is logged at once, told if the journal is still quick, and then all ends. */
  async crash(error: unknown): Promise<void> {
    if (this.#isCrashing) return;
    this.#isCrashing = true;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.fatal({ error: text }, 'the gateway ends: an error of this program');
    setTimeout(() => process.exit(1), limits.LAST_WORD_WITHIN_MS);
    await this.#current?.lastWord(text.split('\n').slice(0, 3).join(' ').replace(/\s+/g, ' ').slice(0, 200)).catch(() => {});
    process.exit(1);
  }

  /** Starts with the file as it is. A pushed configuration that cannot start is taken back at once. */
  async #start(): Promise<Gateway> {
    for (;;) {
      const { configuration, narrowed } = this.#configured();
      const history = new ConfigurationHistory(this.#file, configuration.data);
      if (await this.#began(history)) continue;
      const status = { ...configuration.status, port: configuration.status.port || this.#port };
      try {
        const [instance, logLines] = [this.#instance, () => this.#tail.lines];
        return await startGateway(
          { ...configuration, status },
          { instance, clock: systemClock, random: Math.random, log: this.#log, logLines, file: this.#file, narrowed },
        );
      } catch (error) {
        if (!(await history.takeBack((error as Error).message))) throw error;
        this.#log.error({}, `the pushed configuration is taken back: ${(error as Error).message}`);
      }
    }
  }

  /** True when the file may be another one now. What cannot be read or written is no reason to stand still: the file runs as it is. */
  async #began(history: ConfigurationHistory): Promise<boolean> {
    try {
      return await history.began();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#log.error({ code: error.code }, error.message);
      return false;
    }
  }

  #configured(): StoredConfiguration {
    const stored = storedConfigurationFrom(this.#file);
    if (!stored) process.exit();
    return stored;
  }

  async #ready({ status, page }: Gateway): Promise<void> {
    this.#port = Number(new URL(status).port);
    giveBackMemory();
    const { id } = this.#configured().configuration.gateway;
    stdout.write(`${JSON.stringify({ ready: 'gateway', id, status, ...(page === null ? {} : { page }) })}\n`);
    const manager = this.#manager;
    if (!manager) return;
    // One that is slow to answer may have heard it; one that has not starts the gateway anew.
    await manager.notify('READY=1').catch((failure: Failure) => this.#log.error({ code: failure.code }, failure.message));
    const roundTrip = async () => this.#current?.roundTrip();
    feedWatchdog({ manager, roundTrip, clock: systemClock, log: this.#log, signal: this.#signal }).catch((error: unknown) =>
      this.crash(error),
    );
  }
}

function stopOnSignal(log: Logger, stopping: AbortController, stop: () => void): void {
  const heard = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    log.info({ signal }, 'stopping');
    endAfter(limits.EXIT_WITHIN_MS, log);
    stop();
  };
  process.on('SIGTERM', heard);
  process.on('SIGINT', heard);
}

/** Ends a process that has not let go by then. By the system: the runtime would wait for every thread, and one of them hangs. */
function endAfter(ms: number, log: Logger): NodeJS.Timeout {
  const end = () => {
    log.fatal({}, `not stopped within ${ms} ms: the process is killed`);
    process.kill(process.pid, 'SIGKILL');
  };
  return setTimeout(end, ms).unref();
}

function die(log: Logger, error: unknown): never {
  if (error instanceof Failure) log.fatal({ code: error.code }, error.message);
  else log.fatal({ error: error instanceof Error ? error.stack : String(error) }, 'the gateway ends: an error of this program');
  process.exit(1);
}
