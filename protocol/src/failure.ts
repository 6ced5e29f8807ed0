/** When to try again after a failure. */
export type Retry = 'now' | 'later' | 'never';

/** One row of a package's table of failures: the reference page is generated from these. */
export interface FailureRow {
  readonly retry: Retry;
  readonly en: string;
  readonly zh: string;
  /** What a person can do about it. */
  readonly remedy: string;
}

/** Trouble with the surroundings (disk, network, peer). Bad input is a value, a programmer's error is an assertion: neither is a Failure. */
export class Failure extends Error {
  readonly code: string;
  readonly retry: Retry;
  readonly remedy: string;

  constructor(code: string, row: FailureRow, detail: string, cause?: unknown) {
    super(`${code}: ${detail || row.en}. ${row.remedy}`, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.code = code;
    this.retry = row.retry;
    this.remedy = row.remedy;
  }
}
