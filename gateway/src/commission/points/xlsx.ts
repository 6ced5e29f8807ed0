import type { CellValue } from 'exceljs';
import type { HeaderScore } from './csv.ts';
import { boundProblem, ROWS_MAX, type Table, type TableProblems, type TableRow, tidy } from './table.ts';
import { zipProblem } from './zip-bound.ts';

/** 50,000 rows of fifteen short cells are less. */
const UNPACKED_BYTES_MAX = 48 * 1024 * 1024;

/** Reads the sheet with the best header, or the one that is named. Formulas count by the result the file keeps. Never throws for what the file says. */
export async function readXlsx(bytes: Uint8Array, score: HeaderScore, sheet?: string): Promise<Table | TableProblems> {
  const wrong = zipProblem(bytes, UNPACKED_BYTES_MAX);
  if (wrong) return { problems: [`the file ${wrong}`] };
  const { default: excel } = await import('exceljs');
  const book = new excel.Workbook();
  try {
    // The library wants the Buffer of older Node types; it only reads it.
    await book.xlsx.load(Buffer.from(bytes) as unknown as ArrayBuffer);
  } catch (error) {
    return { problems: [`the file is no XLSX workbook (${(error as Error).message}) / 无法按 XLSX 读取`] };
  }
  const names = book.worksheets.map(({ name }) => name);
  const chosen = book.worksheets.filter(({ name }) => sheet === undefined || name === sheet);
  if (chosen.length === 0) return { problems: [`--sheet: must be one of ${names.join(', ')} (got ${sheet ?? 'nothing'})`] };
  if (chosen.some(({ actualRowCount }) => actualRowCount > ROWS_MAX)) return { problems: [`more than ${ROWS_MAX} rows / 行数超过上限`] };
  const sheets = chosen.map((one) => {
    const rows: TableRow[] = [];
    one.eachRow((row, number) => {
      const values = (row.values as CellValue[]).slice(1);
      rows.push({ number, cells: Array.from(values, (value) => tidy(textOf(value))) });
    });
    return { name: one.name, rows };
  });
  const best = sheets.reduce((first, other) => (score(other.rows) > score(first.rows) ? other : first));
  const beyond = boundProblem(best.rows);
  return beyond ? { problems: [beyond] } : { rows: best.rows, read: `XLSX, sheet ${best.name}` };
}

/** A cell as a person sees it. */
function textOf(value: CellValue): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value !== 'object') return String(value);
  if ('richText' in value) return value.richText.map(({ text }) => text).join('');
  if ('error' in value) return value.error;
  if ('text' in value) return textOf(value.text as CellValue);
  if ('result' in value) return textOf(value.result as CellValue);
  return '';
}
