import { InvalidArgumentError } from 'commander';

/** A signal that aborts after so many seconds, or when a person or the system says stop. Without seconds only then. */
export function untilStopped(seconds: number | undefined): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const timer = seconds === undefined ? undefined : setTimeout(onSignal, seconds * 1000);
  stop.signal.addEventListener('abort', () => {
    clearTimeout(timer);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  });
  return stop.signal;
}

/** Longest a commissioning command is told to last: a day. */
const SECONDS_MAX = 86_400;

/** Reads `--seconds`. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= SECONDS_MAX)) throw new InvalidArgumentError(`more than 0 and at most ${SECONDS_MAX} seconds.`);
  return value;
}

/** A row of a table by its name. Throws TypeError with the names there are. */
export function chosen<T>(table: ReadonlyMap<string, T>, name: string, what: string): T {
  const row = table.get(name);
  if (row === undefined) throw new TypeError(`no ${what} ${name}; there are: ${[...table.keys()].join(', ')}`);
  return row;
}
