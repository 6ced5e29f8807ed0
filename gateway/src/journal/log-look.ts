import { readFileSync, statSync } from 'node:fs';

/**
 * A look at a write-ahead log before SQLite opens it. SQLite ends its reading at the first frame that does not check, without a word:
 * that is right for a transaction that was never acknowledged, and it silently drops acknowledged ones when the log itself is
 * damaged. Format: https://www.sqlite.org/walformat.html
 */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Written with checksums over little-endian, or big-endian, words. */
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;
/** A log larger than this was not written by us: we cut it back. */
const LOOKED_AT_BYTES_MAX = 64 * 1024 * 1024;

type Sums = readonly [number, number];

function sumsOver(view: DataView, from: number, bytes: number, [first, second]: Sums, isLittle: boolean): Sums {
  let [one, two] = [first, second];
  for (let at = from; at < from + bytes; at += 8) {
    one = (one + view.getUint32(at, isLittle) + two) >>> 0;
    two = (two + view.getUint32(at + 4, isLittle) + one) >>> 0;
  }
  return [one, two];
}

const sumsAt = (view: DataView, at: number): Sums => [view.getUint32(at), view.getUint32(at + 4)];
const same = (one: Sums, other: Sums) => one[0] === other[0] && one[1] === other[1];

/** A log as its bytes stand. */
class Log {
  readonly frames: number;
  readonly salts: Sums;
  readonly #view: DataView;
  readonly #pageBytes: number;
  readonly #isLittle: boolean;

  private constructor(view: DataView, pageBytes: number) {
    this.#view = view;
    this.#pageBytes = pageBytes;
    this.#isLittle = view.getUint32(0) === MAGIC_LITTLE;
    this.salts = sumsAt(view, 16);
    this.frames = Math.floor((view.byteLength - HEADER_BYTES) / (FRAME_HEADER_BYTES + pageBytes));
  }

  /** null where the header says nothing: then SQLite takes the log for empty. */
  static read(bytes: Uint8Array): Log | null {
    if (bytes.length < HEADER_BYTES) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const magic = view.getUint32(0);
    const pageBytes = view.getUint32(8);
    if ((magic !== MAGIC_LITTLE && magic !== MAGIC_BIG) || pageBytes < 512 || pageBytes > 65_536 || pageBytes % 8 !== 0) return null;
    const isSound = same(sumsOver(view, 0, 24, [0, 0], magic === MAGIC_LITTLE), sumsAt(view, 24));
    return isSound ? new Log(view, pageBytes) : null;
  }

  #at(frame: number): number {
    return HEADER_BYTES + frame * (FRAME_HEADER_BYTES + this.#pageBytes);
  }

  /** Whether a frame continues the one before it, which itself may be damaged. */
  continues(frame: number): boolean {
    const at = this.#at(frame);
    const before = frame === 0 ? sumsAt(this.#view, 24) : sumsAt(this.#view, this.#at(frame - 1) + 16);
    if (!same(sumsAt(this.#view, at + 8), this.salts)) return false;
    const head = sumsOver(this.#view, at, 8, before, this.#isLittle);
    return same(sumsOver(this.#view, at + FRAME_HEADER_BYTES, this.#pageBytes, head, this.#isLittle), sumsAt(this.#view, at + 16));
  }

  /** Whether a frame is the last of its transaction. */
  commits(frame: number): boolean {
    return this.#view.getUint32(this.#at(frame) + 4) !== 0;
  }
}

/** Frames up to the last commit that SQLite will find, and the first frame it will not read. */
function sound(log: Log): { readonly committed: number; readonly broken: number } {
  let committed = 0;
  let frame = 0;
  for (; frame < log.frames && log.continues(frame); frame++) if (log.commits(frame)) committed = frame + 1;
  return { committed, broken: frame };
}

/** A transaction is written only when the one before it is on the disk: frames of a later one prove that what is missing was there. */
function hasLaterTransaction(log: Log, broken: number): boolean {
  let isPastCommit = false;
  for (let frame = broken; frame < log.frames; frame++) {
    const continues = log.continues(frame);
    if (continues && isPastCommit) return true;
    if (log.commits(frame) && (continues || frame === broken)) isPastCommit = true;
  }
  return false;
}

/** Frames that the log's index, which outlives a killed process, knows of; 0 where it knows of another log or of none. */
function indexed(index: Uint8Array, salts: Sums | null): number {
  if (index.length < 96) return 0;
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const isWhole = Buffer.compare(index.subarray(0, 48), index.subarray(48, 96)) === 0 && view.getUint8(12) === 1;
  const isMeant = salts === null || same(sumsAt(view, 32), salts);
  return isWhole && isMeant ? view.getUint32(16, true) : 0;
}

const read = (path: string) => (statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : Buffer.alloc(0));

/** Why acknowledged transactions are missing from the log of a database; null where none can be seen to be. */
export function logDamage(path: string): string | null {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > LOOKED_AT_BYTES_MAX) return null;
  const log = Log.read(read(`${path}-wal`));
  const { committed, broken } = log ? sound(log) : { committed: 0, broken: 0 };
  const known = indexed(read(`${path}-shm`), log?.salts ?? null);
  if (known > committed) return `${known - committed} of ${known} frames of its log are gone`;
  return log && hasLaterTransaction(log, broken) ? `its log is damaged at frame ${broken + 1} of ${log.frames}` : null;
}
