import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { setFolderAside } from '../own-files.ts';
import type { LaneFiles } from './lane-files.ts';

/** A row by the name it has for everybody. */
export interface RowName {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
}

/** Rows retried in one step, and what a request of the most rows can be long. */
const ROWS_A_STEP = 64;
const REQUEST_BYTES_MAX = limits.RETRY_ROWS_MAX * 100;

const requestIn = (directory: string) => join(directory, 'retry.json');

/**
 * Leaves word in the folder of a journal which rejected rows are to be sent again: whoever has the journal open does it, now or at the
 * next start. Nobody else writes into the files. Throws the file system's error.
 */
export function askForRetry(directory: string, rows: readonly RowName[]): void {
  const request = requestIn(directory);
  const named = rows.map(({ lane, epoch, number }) => ({ lane, epoch, number }));
  rmSync(`${request}.new`, { force: true });
  // Only ever a new file: root may do this, in a folder whose owner could have planted a link.
  writeFileSync(`${request}.new`, JSON.stringify(named), { mode: 0o644, flag: 'wx' });
  renameSync(`${request}.new`, request);
}

/** Whether a request is still to be carried out. */
export function retryIsAsked(directory: string): boolean {
  return existsSync(requestIn(directory));
}

function isRowName(value: unknown): value is RowName {
  const { lane, epoch, number } = (value ?? {}) as Partial<RowName>;
  return LANES.includes(lane!) && Number.isSafeInteger(epoch) && Number.isSafeInteger(number);
}

/** Carries out what was asked, a few rows at a time. */
export class Retry {
  readonly #files: LaneFiles;
  #rows: RowName[] | null = null;

  constructor(files: LaneFiles) {
    this.#files = files;
  }

  /** Lets a few rows wait again under the numbers they have; false when nobody asked. */
  step(): boolean {
    const { directory } = this.#files.start;
    if (!retryIsAsked(directory)) return false;
    this.#rows ??= this.#asked(requestIn(directory));
    const some = this.#rows.splice(0, ROWS_A_STEP);
    for (const lane of LANES) this.#files.file(lane).offers.retry(some.filter((row) => row.lane === lane));
    if (this.#rows.length > 0) return true;
    this.#rows = null;
    rmSync(requestIn(directory), { force: true });
    return true;
  }

  /** What cannot be read is no request; people hear of it. */
  #asked(path: string): RowName[] {
    try {
      if (statSync(path).size > REQUEST_BYTES_MAX) throw new RangeError('it is too long');
      const named: unknown = JSON.parse(readFileSync(path, 'utf8'));
      if (!Array.isArray(named) || !named.every(isRowName)) throw new TypeError('it names no rows');
      return named;
    } catch (error) {
      this.#files.findings.remark(`retry.json is not carried out: ${(error as Error).message}`);
      setFolderAside(path);
      return [];
    }
  }
}
