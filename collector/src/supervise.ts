import { type Clock, Failure } from '@fengsui/protocol';
import { RECOVERED_AFTER_MS, RESTART_MAX_MS, RESTART_MIN_MS, RESTART_NEVER_MS } from './limits.ts';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Supervision {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Keeps one work of the collector running until the signal aborts, whatever happens to it; no other hears of it. It never
 * rejects. What failed is tried again after a growing rest; what no retry helps is tried again rarely, because only a person
 * can help and may do so while we run.
 */
export async function supervise(name: string, run: (signal: AbortSignal) => Promise<void>, supervision: Supervision): Promise<void> {
  const { clock, log, signal } = supervision;
  let restMs = RESTART_MIN_MS;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const error = await run(signal).then(
      () => new Error('ended by itself'),
      (thrown: unknown) => thrown,
    );
    if (signal.aborted) return;
    if (clock.monotonicMs() - startedMs >= RECOVERED_AFTER_MS) restMs = RESTART_MIN_MS;
    report(name, error, log);
    const isHopeless = error instanceof Failure && error.retry === 'never';
    await clock.sleep(isHopeless ? RESTART_NEVER_MS : restMs, signal).catch(() => {}); // aborted: the loop ends
    restMs = Math.min(2 * restMs, RESTART_MAX_MS);
  }
}

/** The one place where the log hears of a failure. */
export function report(name: string, error: unknown, log: Log): void {
  if (error instanceof Failure) log.warn({ name, code: error.code }, error.message);
  else log.error({ name, err: error }, 'failed by an error of this program');
}
