import { type CsvError, parse } from 'csv-parse/sync';
import { boundProblem, CELL_CHARACTERS_MAX, COLUMNS_MAX, ROWS_MAX, type Table, type TableProblems, type TableRow, tidy } from './table.ts';

export const ENCODINGS = ['utf-8', 'gb18030', 'utf-16le'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const SEPARATORS = [',', ';', '\t', '|'] as const;
const SEPARATOR_WORDS = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' } as const;

/** How many recognised column names the best of these rows holds: tells the separator. */
export type HeaderScore = (rows: readonly TableRow[]) => number;

/** Rows tried with every separator. */
const SAMPLE_ROWS = 20;

/** Excel writes a byte order mark; UTF-8 of Chinese is almost never valid by chance; what is left is GB 18030. */
export function textOf(bytes: Uint8Array, encoding?: Encoding): { readonly text: string; readonly encoding: Encoding } | null {
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? (['utf-16le'] as const) : (['utf-8', 'gb18030'] as const);
  for (const name of encoding ? [encoding] : marked) {
    try {
      return { text: new TextDecoder(name, { fatal: true }).decode(bytes), encoding: name };
    } catch {
      // Not in this encoding: the next one is tried, and with none left the caller says so.
    }
  }
  return null;
}

function rowsOf(text: string, delimiter: string, to: number): TableRow[] | string {
  try {
    const records = parse(text, {
      ...{ delimiter, to, relax_column_count: true, relax_quotes: true, skip_empty_lines: false },
      max_record_size: COLUMNS_MAX * CELL_CHARACTERS_MAX,
    }) as string[][];
    return records.map((cells, index) => ({ number: index + 1, cells: cells.map((cell) => tidy(unwrapped(cell))) }));
  } catch (error) {
    const { code, lines } = error as CsvError & { lines?: number };
    if (typeof code !== 'string' || !code.startsWith('CSV_')) throw error;
    return `line ${lines ?? '?'}: ${code === 'CSV_MAX_RECORD_SIZE' ? 'a row is too long, or a quote is never closed' : (error as Error).message} / 引号或行长不对`;
  }
}

/** Spreadsheets keep leading zeros as `="017"`: a formula that is only a text is that text. */
function unwrapped(cell: string): string {
  return /^="([^"]*)"$/.exec(cell)?.[1] ?? cell;
}

/** Reads CSV as panel makers and spreadsheets write it. Bounded, never throws for what the file says. */
export function readCsv(bytes: Uint8Array, score: HeaderScore, encoding?: Encoding): Table | TableProblems {
  const decoded = textOf(bytes, encoding);
  if (!decoded) return { problems: ['the text is neither UTF-8 nor GB 18030; name it with --encoding / 编码既非 UTF-8 也非 GB 18030'] };
  const declared = /^sep=(.)\r?\n/.exec(decoded.text);
  const text = declared ? decoded.text.slice(declared[0].length) : decoded.text;
  const tried = (declared ? [declared[1]!] : SEPARATORS).map((delimiter) => {
    const sample = rowsOf(text, delimiter, SAMPLE_ROWS);
    return { delimiter, score: typeof sample === 'string' ? -1 : score(sample) };
  });
  const { delimiter } = tried.reduce((best, other) => (other.score > best.score ? other : best));
  const rows = rowsOf(text, delimiter, ROWS_MAX + 1);
  if (typeof rows === 'string') return { problems: [rows] };
  const numbered = declared ? rows.map((row) => ({ ...row, number: row.number + 1 })) : rows;
  const beyond = boundProblem(numbered);
  if (beyond) return { problems: [beyond] };
  const separator = SEPARATOR_WORDS[delimiter as keyof typeof SEPARATOR_WORDS] ?? delimiter;
  return { rows: numbered, read: `CSV, ${decoded.encoding}, ${separator}` };
}
