import { InvalidArgumentError } from 'commander';

/** When a command is over. */
export interface Stop {
  readonly signal: AbortSignal;
  /** The time that was given runs from now: loading and opening do not count. */
  begin(): void;
}

/** Over after so many seconds, or when a person or the system says stop. Without seconds only then. */
export function untilStopped(seconds?: number): Stop {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  let timer: NodeJS.Timeout | undefined;
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  stop.signal.addEventListener('abort', () => {
    clearTimeout(timer);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  });
  return {
    signal: stop.signal,
    begin() {
      if (seconds !== undefined) timer = setTimeout(onSignal, seconds * 1000);
    },
  };
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
