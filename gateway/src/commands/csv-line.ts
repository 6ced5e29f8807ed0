import { plainLines } from '../steering.ts';

/** A spreadsheet takes a cell that begins like this for a formula, behind what nobody sees, too; the wide forms where Chinese is written. */
const FORMULA = /^(?:[\t\r\n]|[\s\p{C}]*[=+\-@＝＋－＠])/u;

/** What makes Excel read a file as UTF-8. */
export const BYTE_ORDER_MARK = '\ufeff';

/** One line of CSV (RFC 4180): every cell quoted, and no text of a device read as a formula or steering who looks at it. Numbers stay numbers. */
export function csvLine(cells: ReadonlyArray<string | number | boolean | null>): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(cell: string | number | boolean | null): string {
  if (cell === null) return '""';
  if (typeof cell !== 'string') return `"${cell}"`;
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return `"${plainLines(safe).replaceAll('"', '""')}"`;
}
