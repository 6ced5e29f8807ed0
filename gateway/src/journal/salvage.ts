import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LaneFile } from './lane-file.ts';
import { type Named, NumberSet } from './number-set.ts';
import { type PageRows, rowsIn } from './raw-rows.ts';
import { ROW_STATES } from './schema.ts';

const PAGE_BYTES = 4_096;
const LOG_HEADER_BYTES = 32;
const LOG_FRAME_HEADER_BYTES = 24;

/** Pages whose rows are written in one transaction. */
const PAGES_SAVED_A_STEP = 16;

/** What is written beside a file when everything in it has been looked at. */
const DONE = '.salvaged';

/** Pages of a database, or of its log, one after the other. */
interface Pages {
  readonly path: string;
  readonly count: number;
  readonly offset: (page: number) => number;
}

function pagesOf(path: string): Pages[] {
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const log = `${path}-wal`;
  const frame = LOG_FRAME_HEADER_BYTES + PAGE_BYTES;
  return [
    { path, count: Math.ceil(size(path) / PAGE_BYTES), offset: (page) => page * PAGE_BYTES },
    {
      path: log,
      count: Math.ceil(Math.max(0, size(log) - LOG_HEADER_BYTES) / frame),
      offset: (page) => LOG_HEADER_BYTES + page * frame + LOG_FRAME_HEADER_BYTES,
    },
  ];
}

/** Damaged files moved aside; those that are done with are kept, the newest few of them, for people who want to look. */
const KEPT_ASIDE = 4;

function asides(directory: string): string[] {
  const names = readdirSync(directory).flatMap((name) => /^((?:alarm|ordinary)\.damaged-\w+\.sqlite)(?:-wal)?$/.exec(name)?.[1] ?? []);
  return [...new Set(names)].map((name) => join(directory, name)).sort((one, other) => (dateOf(one) < dateOf(other) ? -1 : 1));
}

const dateOf = (path: string) => path.split('.damaged-')[1]!;

/** Deletes what was moved aside and is done with, but for the newest few. */
export function forgetOldAsides(directory: string): void {
  const done = asides(directory).filter((path) => existsSync(path + DONE));
  for (const path of done.slice(0, Math.max(0, done.length - KEPT_ASIDE))) {
    for (const tail of ['', '-wal', '-shm', DONE]) rmSync(path + tail, { force: true });
  }
}

/** Files of a lane that were moved aside and are still to be looked at, oldest first. */
export function unsalvaged(directory: string): Array<{ readonly lane: Lane; readonly path: string }> {
  return asides(directory)
    .map((path) => ({ lane: LANES.find((lane) => basename(path).startsWith(lane))!, path }))
    .filter(({ path }) => !existsSync(path + DONE));
}

/** A page on which rows wait, and the name of the first of them: pages do not lie in the order of their rows. */
interface Found extends Named {
  readonly pages: Pages;
  readonly page: number;
}

/**
 * Brings home what of a damaged file still waited: rows whose checksum is right, with the epoch and number they had, which makes
 * them arrive once however often they come. First every version of every row is looked at, since one that waits on one page may be
 * settled on another; then those that wait everywhere are written into the lane's new file, in their order.
 */
export class Salvage {
  readonly path: string;
  readonly lane: Lane;
  readonly #parts: readonly Pages[];
  readonly #settled = new NumberSet();
  readonly #sound = new NumberSet();
  readonly #damaged = new Set<string>();
  readonly #found: Found[] = [];
  #saved = 0;
  #isLooking = true;
  #part = 0;
  /** Next page of the part, or next of those found. */
  #next = 0;

  constructor(lane: Lane, path: string) {
    this.lane = lane;
    this.path = path;
    this.#parts = pagesOf(path);
  }

  /** Looks at a few pages; true when that was the last of it. */
  step(file: LaneFile): boolean {
    return this.#isLooking ? this.#look() : this.#save(file);
  }

  /** In words, for people. */
  result(): string {
    const lost = [...this.#damaged].filter((key) => !this.#sound.has(namedBy(key))).length;
    return `${this.#saved} rows that waited were saved from ${basename(this.path)}, ${lost} are damaged`;
  }

  #look(): false {
    const pages = this.#parts[this.#part];
    if (pages) {
      const until = Math.min(pages.count, this.#next + limits.CHORE_ROWS);
      for (; this.#next < until; this.#next++) this.#note(pages, this.#next);
      if (this.#next < pages.count) return false;
      this.#part += 1;
      this.#next = 0;
      return false;
    }
    this.#found.sort((one, other) => one.epoch - other.epoch || one.number - other.number);
    this.#isLooking = false;
    return false;
  }

  #note(pages: Pages, page: number): void {
    const { sound, damaged } = readPage(pages, page);
    for (const row of sound) {
      this.#sound.add(row);
      if (row.state !== ROW_STATES.waiting) this.#settled.add(row);
    }
    for (const key of damaged) this.#damaged.add(key);
    const first = sound.find((row) => row.state === ROW_STATES.waiting);
    if (first) this.#found.push({ pages, page, epoch: first.epoch, number: first.number });
  }

  #save(file: LaneFile): boolean {
    const found = this.#found.slice(this.#next, this.#next + PAGES_SAVED_A_STEP);
    this.#next += found.length;
    const rows = found.flatMap(({ pages, page }) => readPage(pages, page).sound.filter((row) => !this.#settled.has(row)));
    if (rows.length > 0) this.#saved += file.adopt(rows);
    if (found.length > 0) return false;
    writeFileSync(this.path + DONE, `${this.result()}\n`);
    return true;
  }
}

function readPage({ path, offset }: Pages, page: number): PageRows {
  const bytes = Buffer.alloc(PAGE_BYTES);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, bytes, 0, PAGE_BYTES, offset(page));
    return rowsIn(bytes);
  } catch {
    return { sound: [], damaged: [] }; // a sector that cannot be read: its rows are lost, those around it are not
  } finally {
    closeSync(handle);
  }
}

function namedBy(key: string): Named {
  const [epoch, number] = key.split('/').map(Number) as [number, number];
  return { epoch, number };
}
