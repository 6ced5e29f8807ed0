import type { Entry } from '../ledger/ledger.ts';

/** The rows a projection has built so far. */
export interface Rows<Row> {
  get(key: string): Row | undefined;
  /** The rows of a group, by key: what one entry can touch. */
  within(group: string): Iterable<readonly [key: string, row: Row]>;
}

/**
 * A fold of the ledger into rows, starting from none, that can be thrown away and rebuilt. Rows are immutable and folds are pure: no
 * I/O, no clock, no chance, and no exception whatever the event. Entries may come late (the ordinary lane is slower than the
 * alarm lane), so a fold orders what it folds by (epoch, ordinal) and never by arrival: any arrival gives the same rows.
 */
export interface Projection<Row> {
  readonly name: string;
  /** Grows whenever `fold` means something else: what another version has built is worth nothing. */
  readonly version: number;
  /** The group a row belongs to. */
  readonly group: (row: Row) => string;
  /** The rows that the entry changes, whole, by key; the others stay as they are. */
  readonly fold: (rows: Rows<Row>, entry: Entry) => ReadonlyMap<string, Row>;
}

/** What an entry did to a row. */
export interface Change<Row> {
  readonly before: Row | undefined;
  readonly after: Row;
}
