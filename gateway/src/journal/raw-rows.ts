import { checksumOf } from './checksum.ts';
import type { NewRow } from './row.ts';

/**
 * Rows straight out of the pages of a damaged file, without SQLite, which gives up where a header, an index or a page above is
 * broken. A row's own checksum says whether it is one. Format: https://www.sqlite.org/fileformat2.html
 */
export interface RawRow extends NewRow {
  readonly checksum: Uint8Array;
  readonly state: number;
}

export interface PageRows {
  readonly sound: readonly RawRow[];
  /** `epoch/number` of what looks like a row and is none. */
  readonly damaged: readonly string[];
}

const LEAF_OF_TABLE = 0x0d;
const NOTHING: PageRows = { sound: [], damaged: [] };

/** The stored columns of a row, in the order of the schema; the first is its position, which stands outside the record. */
const STORED = [
  ...['position', 'epoch', 'number', 'ordinal', 'boot', 'monotonic_ms', 'wall_ms', 'clock_synchronised', 'event_id', 'kind'],
  ...['edge', 'source', 'note', 'profile', 'frame', 'checksum', 'state', 'reason', 'settled_ms', 'point'],
] as const;
/** A row written before the last column was added has one less. */
const STORED_MIN = STORED.length - 1;

class Cursor {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** SQLite's variable-length integer; NaN beyond the end. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < 9; index++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return Number.NaN;
      if (index === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function lengthOf(type: number): number {
  if (type < INTEGER_BYTES.length) return INTEGER_BYTES[type]!;
  if (type === 7) return 8;
  return type >= 12 ? Math.floor((type - 12) / 2) : 0;
}

function integer(bytes: Uint8Array): number {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return Number(BigInt.asIntN(bytes.length * 8, value));
}

function storedValue(type: number, bytes: Uint8Array): number | string | Uint8Array | null {
  if (type === 0) return null;
  if (type <= 6) return integer(bytes);
  if (type === 8 || type === 9) return type - 8;
  if (type < 12) return Number.NaN;
  return type % 2 === 0 ? Buffer.from(bytes) : Buffer.from(bytes).toString('utf8');
}

/** The columns of one cell; null where it cannot be a row. Our rows are too short to spill over into other pages. */
function columnsOf(page: Uint8Array, at: number): Record<string, unknown> | null {
  const cursor = new Cursor(page, at);
  const payload = cursor.varint();
  cursor.varint();
  const start = cursor.at;
  if (!(payload > 0 && start + payload <= page.length)) return null;
  const head = cursor.varint();
  if (!(head <= payload)) return null;
  const types: number[] = [];
  while (cursor.at < start + head && types.length <= STORED.length) types.push(cursor.varint());
  if (types.length < STORED_MIN || types.length > STORED.length) return null;
  const columns: Record<string, unknown> = { point: null };
  let from = start + head;
  for (const [index, type] of types.entries()) {
    const to = from + lengthOf(type);
    if (!(to <= start + payload)) return null;
    columns[STORED[index]!] = storedValue(type, page.subarray(from, to));
    from = to;
  }
  return columns;
}

const TEXTS = ['event_id', 'kind', 'edge', 'source', 'profile'];
const NUMBERS = ['epoch', 'number', 'ordinal', 'boot', 'monotonic_ms', 'wall_ms', 'clock_synchronised', 'state'];

function isShapedLikeRow(columns: Record<string, unknown>): boolean {
  return (
    TEXTS.every((name) => typeof columns[name] === 'string') &&
    NUMBERS.every((name) => Number.isSafeInteger(columns[name])) &&
    columns['frame'] instanceof Uint8Array &&
    columns['checksum'] instanceof Uint8Array
  );
}

/** The rows of a page. Never throws. */
export function rowsIn(page: Uint8Array): PageRows {
  if (page[0] !== LEAF_OF_TABLE) return NOTHING;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const cells = Math.min(view.getUint16(3), Math.floor((page.length - 8) / 2));
  const sound: RawRow[] = [];
  const damaged: string[] = [];
  for (let index = 0; index < cells; index++) {
    const columns = columnsOf(page, view.getUint16(8 + 2 * index));
    if (!columns || !isShapedLikeRow(columns)) continue;
    const row = columns as unknown as RawRow;
    if (checksumOf(row).equals(row.checksum)) sound.push(row);
    else damaged.push(`${row.epoch}/${row.number}`);
  }
  return { sound, damaged };
}
