import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LaneFile } from './lane-file.ts';
import { type Named, NumberSet } from './number-set.ts';
import { PAGE_BYTES, type PageBytes, PagesAhead, type PlaceOfPage } from './pages-ahead.ts';
import { type PageRows, rowsIn } from './raw-rows.ts';
import { ROW_STATES } from './schema.ts';

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

/** What a step came to: it did a piece, it waits for the disk, or that was the last of it. */
export type Step = 'did' | 'waits' | 'done';

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
  readonly #ahead = new PagesAhead();
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

  /** Looks at a few pages that have come from the disk, and asks for the next. Throws what the disk says. */
  step(file: LaneFile): Step {
    const places = this.#places();
    if (places.length === 0) return this.#end();
    const pages = this.#ahead.take();
    if (pages) {
      if (this.#isLooking) this.#look(pages);
      else this.#save(file, pages);
      this.#next += pages.length;
    }
    this.#ahead.begin(this.#places());
    return pages ? 'did' : 'waits';
  }

  /** In words, for people. */
  result(): string {
    const lost = [...this.#damaged].filter((key) => !this.#sound.has(namedBy(key))).length;
    return `${this.#saved} rows that waited were saved from ${basename(this.path)}, ${lost} are damaged`;
  }

  /** Those that are to be looked at next; none: of this part that was all. */
  #places(): PlaceOfPage[] {
    const place = ({ path, offset }: Pages, page: number) => ({ path, offset: offset(page) });
    if (!this.#isLooking)
      return this.#found.slice(this.#next, this.#next + PAGES_SAVED_A_STEP).map(({ pages, page }) => place(pages, page));
    const pages = this.#parts[this.#part];
    if (!pages) return [];
    const many = Math.max(0, Math.min(pages.count - this.#next, limits.CHORE_ROWS));
    return Array.from({ length: many }, (_, index) => place(pages, this.#next + index));
  }

  /** A part is through. */
  #end(): Step {
    if (!this.#isLooking) {
      writeFileSync(this.path + DONE, `${this.result()}\n`);
      return 'done';
    }
    this.#part += 1;
    this.#next = 0;
    if (this.#part < this.#parts.length) return 'did';
    this.#found.sort((one, other) => one.epoch - other.epoch || one.number - other.number);
    this.#isLooking = false;
    return 'did';
  }

  #look(pages: readonly PageBytes[]): void {
    for (const [index, bytes] of pages.entries()) this.#note(this.#parts[this.#part]!, this.#next + index, rowsOf(bytes));
  }

  #note(pages: Pages, page: number, { sound, damaged }: PageRows): void {
    for (const row of sound) {
      this.#sound.add(row);
      if (row.state !== ROW_STATES.waiting) this.#settled.add(row);
    }
    for (const key of damaged) this.#damaged.add(key);
    const first = sound.find((row) => row.state === ROW_STATES.waiting);
    if (first) this.#found.push({ pages, page, epoch: first.epoch, number: first.number });
  }

  #save(file: LaneFile, pages: readonly PageBytes[]): void {
    const rows = pages.flatMap((bytes) => rowsOf(bytes).sound.filter((row) => !this.#settled.has(row)));
    if (rows.length > 0) this.#saved += file.adopt(rows);
  }
}

/** A sector that cannot be read: its rows are lost, those around it are not. */
function rowsOf(bytes: PageBytes): PageRows {
  return bytes ? rowsIn(bytes) : { sound: [], damaged: [] };
}

function namedBy(key: string): Named {
  const [epoch, number] = key.split('/').map(Number) as [number, number];
  return { epoch, number };
}
