/** A table as a file gives it: every cell a text, every row with the number a person sees in the spreadsheet. */
export interface TableRow {
  /** Counted from 1, as in the file. */
  readonly number: number;
  readonly cells: readonly string[];
}

export interface Table {
  readonly rows: readonly TableRow[];
  /** How it was read, for people: encoding and separator, or the sheet. */
  readonly read: string;
}

/** What is wrong with a table, a line each: `row 17, column 回路: …`. */
export interface TableProblems {
  readonly problems: readonly string[];
}

/** The largest panel network we know has 242 devices on 50 loops; a table beyond this is no point table. */
export const ROWS_MAX = 50_000;
export const COLUMNS_MAX = 100;
/** A place has at most 80 characters; notes are longer, a novel is none. */
export const CELL_CHARACTERS_MAX = 1_000;
export const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Cells as people see them: full-width digits and letters made plain, blanks at the ends and control characters gone. */
export function tidy(cell: string): string {
  return cell
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Zs}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ')
    .trim();
}

/** Bounds of a table that was read; null where it keeps them. */
export function boundProblem(rows: readonly TableRow[]): string | null {
  if (rows.length > ROWS_MAX) return `more than ${ROWS_MAX} rows / 行数超过上限`;
  for (const { number, cells } of rows) {
    if (cells.length > COLUMNS_MAX) return `row ${number}: more than ${COLUMNS_MAX} columns / 列数超过上限`;
    const long = cells.findIndex((cell) => cell.length > CELL_CHARACTERS_MAX);
    if (long >= 0) return `row ${number}, column ${long + 1}: more than ${CELL_CHARACTERS_MAX} characters / 单元格过长`;
  }
  return null;
}
