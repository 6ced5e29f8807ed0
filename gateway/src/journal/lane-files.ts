import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, GATEWAY_NOTES, type GatewayNote, LANES, type Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { type FailureCode, fail } from '../failures.ts';
import { type Header, LaneFile } from './lane-file.ts';
import type { Before, JournalState, LaneState, Told, WorkerStart } from './messages.ts';

const UNBORN: Header = { epoch: 0, newest: 0, newest_order: 0, boot: 0, other_newest: 0, alive_ms: 0 };

export const otherLane = (lane: Lane): Lane => (lane === 'alarm' ? 'ordinary' : 'alarm');

/**
 * The two files of a journal. A lane stalls or breaks alone; its epoch does not: both lanes carry one epoch, so that
 * (epoch, order) sorts everything the gateway ever said. A file that is missing, new, moved aside or put back from a copy
 * begins a new epoch for both, with numbers from 1; rows that wait keep theirs.
 */
export class LaneFiles {
  readonly boot: number;
  readonly before: Before | null;
  readonly damagedFiles: string[] = [];
  readonly #start: WorkerStart;
  readonly #lock: Database.Database;
  readonly #files = new Map<Lane, LaneFile>();
  commits = 0;

  constructor(start: WorkerStart) {
    this.#start = start;
    mkdirSync(start.directory, { recursive: true, mode: 0o700 });
    this.#lock = locked(start.directory);
    try {
      for (const lane of LANES) this.#open(lane);
      this.before = this.#before();
      this.boot = start.boot ?? Math.max(...LANES.map((lane) => this.file(lane).header.boot)) + 1;
      this.#begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The file of a lane; opened anew where it had to be closed. Throws when that fails. */
  file(lane: Lane): LaneFile {
    const open = this.#files.get(lane);
    if (open) return open;
    this.#open(lane);
    this.#begin();
    return this.#files.get(lane)!;
  }

  /** Highest count given out over both lanes. */
  newestOrder(): number {
    return Math.max(...LANES.map((lane) => this.#files.get(lane)?.header.newest_order ?? 0));
  }

  /** What the other lane's file has committed, as a witness against a file put back from a copy. */
  otherNewest(lane: Lane): number {
    return this.#files.get(otherLane(lane))?.header.newest ?? 0;
  }

  /**
   * After an error of the disk: the handle is given up, since a failed fsync may call lost pages clean; what is damaged is
   * moved aside. Tells what to answer.
   */
  giveUp(lane: Lane, error: unknown): Told {
    const told = toldOf(error);
    const { code } = told;
    if (code !== 'journal-io' && code !== 'journal-damaged') return told;
    try {
      this.#files.get(lane)?.close();
    } catch {
      // The handle is lost either way; what it held was never acknowledged.
    }
    this.#files.delete(lane);
    if (code === 'journal-damaged') this.#moveAside(lane);
    return told;
  }

  state(): JournalState {
    const lanes = Object.fromEntries(LANES.map((lane) => [lane, this.file(lane).state()])) as Record<Lane, LaneState>;
    return { boot: this.boot, lanes, commits: this.commits, damagedFiles: [...this.damagedFiles] };
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#lock.close();
  }

  #path(lane: Lane): string {
    return join(this.#start.directory, `${lane}.sqlite`);
  }

  #open(lane: Lane): void {
    try {
      this.#files.set(lane, new LaneFile(this.#path(lane), lane, UNBORN));
    } catch (error) {
      if (toldOf(error).code !== 'journal-damaged') throw error;
      this.#moveAside(lane);
      this.#files.set(lane, new LaneFile(this.#path(lane), lane, UNBORN));
    }
  }

  #moveAside(lane: Lane): void {
    const path = this.#path(lane);
    const aside = join(this.#start.directory, `${lane}.damaged-${Date.now()}.sqlite`);
    for (const tail of ['', '-wal', '-shm']) if (existsSync(path + tail)) renameSync(path + tail, aside + tail);
    this.damagedFiles.push(aside);
  }

  /** Writes boot and epoch of this run into both files. */
  #begin(): void {
    const headers = LANES.flatMap((lane) => this.#files.get(lane)?.header ?? []);
    if (headers.length < LANES.length) return;
    const [alarm, ordinary] = headers as [Header, Header];
    const together =
      alarm.epoch === ordinary.epoch && alarm.epoch > 0 && alarm.newest >= ordinary.other_newest && ordinary.newest >= alarm.other_newest;
    const epoch = Math.max(alarm.epoch, ordinary.epoch);
    const fresh = { epoch: Math.max(epoch + 1, this.#start.wallMs * 1024 + Math.floor(Math.random() * 1024)), newest: 0, other_newest: 0 };
    for (const lane of LANES) this.file(lane).commit([], [], { boot: this.boot, ...(together ? {} : fresh) });
  }

  #before(): Before | null {
    const headers = LANES.map((lane) => this.file(lane).header);
    if (headers.every(({ epoch }) => epoch === 0)) return null;
    const words = LANES.flatMap((lane) => this.file(lane).lastWord() ?? []).sort((one, other) => other.ordinal - one.ordinal);
    const aliveMs = Math.max(...headers.map(({ alive_ms }) => alive_ms), ...words.map(({ wallMs }) => wallMs));
    const note = words[0]?.note ?? null;
    return { aliveMs, note: note !== null && note in GATEWAY_NOTES ? (note as GatewayNote) : null };
  }
}

/** One process per journal: SQLite's own lock, which the system takes back from a killed process. */
function locked(directory: string): Database.Database {
  const path = join(directory, 'journal.lock');
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw fail('journal-locked', path, error);
  }
}

/** What an error of SQLite means to everybody else. */
export function toldOf(error: unknown): Told {
  if (error instanceof Failure) {
    const { code, message, remedy } = error;
    return { code: code as FailureCode, detail: message.slice(code.length + 2, -(remedy.length + 2)) };
  }
  const { code = '', message } = error as { code?: string; message: string };
  const detail = `${code} ${message}`;
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') return { code: 'journal-full', detail };
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return { code: 'journal-damaged', detail };
  return { code: 'journal-io', detail };
}
