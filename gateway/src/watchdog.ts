import { spawn } from 'node:child_process';
import { type Clock, Failure } from '@fengsui/protocol';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import type { Log } from './supervision.ts';

/** What a service manager hears of us, as lines of `sd_notify`. */
export type Notice = 'READY=1' | 'WATCHDOG=1' | 'STOPPING=1';

/** How systemd wants to hear of us: absent where nobody listens. */
export interface ServiceManager {
  readonly notify: (notice: Notice) => Promise<void>;
  /** It kills us after this long without WATCHDOG=1; null: it does not watch. */
  readonly watchdogMs: number | null;
}

/**
 * The service manager named by the environment (`NOTIFY_SOCKET`, `WATCHDOG_USEC`), or null. Node has no unix datagram sockets,
 * so the notice goes through `systemd-notify`; the unit needs `NotifyAccess=all`. That program stays until the notice is taken: one of a process
 * that is gone by then belongs to no unit and is ignored, and a gateway that is well would be killed for it.
 */
export function serviceManager(environment: NodeJS.ProcessEnv): ServiceManager | null {
  if (!environment['NOTIFY_SOCKET']) return null;
  const watchdogUs = Number(environment['WATCHDOG_USEC']);
  return {
    notify: (notice) => told(notice, environment),
    watchdogMs: Number.isFinite(watchdogUs) && watchdogUs > 0 ? watchdogUs / 1000 : null,
  };
}

function told(notice: Notice, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', [notice], { env, stdio: 'ignore' });
    child.once('error', (error) => reject(fail('service-manager', notice, error)));
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(fail('service-manager', `${notice}: systemd-notify ended with ${code}`)),
    );
  });
}

export interface Feeding {
  readonly manager: ServiceManager;
  /** Goes once through everything an alarm needs: this thread, the journal's thread, its disk, and back. */
  readonly roundTrip: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Feeds the watchdog, each time only after a round trip: a process that still ticks but can no longer make an alarm durable
 * is killed and started again. A worker of the journal that is being replaced counts as one round trip, once: its successor needs time to
 * open the files, and one that hangs as well has no more of it.
 */
export async function feedWatchdog({ manager, roundTrip, clock, log, signal }: Feeding): Promise<void> {
  if (manager.watchdogMs === null) return;
  const feed = async () => signal.aborted || (await manager.notify('WATCHDOG=1'));
  let isReplacing = false;
  const tripOrReplacing = async () => {
    try {
      await roundTrip();
      isReplacing = false;
    } catch (error) {
      if (!isReplacing && isOfWorker(error)) {
        isReplacing = true;
        await feed();
      }
      throw error;
    }
  };
  while (!signal.aborted) {
    let restMs = manager.watchdogMs / limits.WATCHDOG_FEEDS;
    try {
      await tripOrReplacing();
      await feed();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      log.warn({ code: error.code }, `the watchdog is not fed: ${error.message}`);
      restMs = manager.watchdogMs * limits.WATCHDOG_AGAIN_SHARE;
    }
    await clock.sleep(restMs, signal).catch(() => {});
  }
}

/** The journal's worker did not answer, or ended: the next question starts another. */
function isOfWorker(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'journal-hung' || error.code === 'journal-lost');
}
