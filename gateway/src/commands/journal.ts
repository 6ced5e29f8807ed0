import { createWriteStream } from 'node:fs';
import { stderr, stdout } from 'node:process';
import { Readable, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { Lane } from '@fengsui/protocol';
import { type Command, Option } from 'commander';
import { systemClock } from '../clock.ts';
import { JournalReader, type Place } from '../journal/reader.ts';
import { askForRetry, retryIsAsked } from '../journal/retry.ts';
import { EXPORT_COLUMNS, exportedOf, lineOf, mentions, type ReadRow, readRow } from '../journal/words-of-row.ts';
import * as limits from '../limits.ts';
import { jsonLine } from '../steering.ts';
import { configurationFrom } from './check.ts';
import { BYTE_ORDER_MARK, csvLine } from './csv-line.ts';
import { filterOf, type LookOptions, withLook } from './journal-options.ts';
import { untilStopped } from './until.ts';

/** China has one zone; a copy does not say where it comes from. */
const ZONE_MINUTES = 480;

/** Rows listed when nobody says how many. */
const LISTED = 50;

interface Look {
  readonly directory: string;
  readonly zoneMinutes: number;
}

/** Where to look; null after the problems of the configuration were told. Throws TypeError when neither was named. */
function lookOf({ config, data, zone }: LookOptions): Look | null {
  if (config === undefined && data === undefined)
    throw new TypeError('name the gateway: --config <file>, or --data <folder>. 请指定 --config 或 --data');
  const configuration = config === undefined ? null : configurationFrom(config);
  if (config !== undefined && !configuration) return null;
  return { directory: data ?? configuration!.data, zoneMinutes: zone ?? configuration?.gateway.zoneMinutes ?? ZONE_MINUTES };
}

/** Lets rows through that mention a text, so many of them. */
function* chosen(rows: Iterable<ReadRow>, find: string | undefined, limit: number): Generator<ReadRow> {
  let left = limit;
  for (const row of rows) {
    if (left === 0) return;
    if (find !== undefined && !mentions(row, find)) continue;
    left -= 1;
    yield row;
  }
}

function* decoded(rows: Iterable<Parameters<typeof readRow>[0]>): Generator<ReadRow> {
  for (const row of rows) yield readRow(row);
}

/** The newest rows there are, oldest of them first; then, where it is followed, what comes. */
async function list(options: LookOptions & { readonly follow?: boolean; readonly json?: boolean }): Promise<void> {
  const look = lookOf(options);
  if (!look) return;
  using reader = new JournalReader(look.directory);
  const filter = filterOf(options, look.zoneMinutes, systemClock.wallMs());
  const { find, raw = false, limit = LISTED } = options;
  const show = options.json
    ? (row: ReadRow) => jsonLine(exportedOf(row, look.zoneMinutes, raw))
    : (row: ReadRow) => `${lineOf(row, look.zoneMinutes, raw)}\n`;
  const ends = options.follow ? endsOf(reader) : {};
  const newest = [...chosen(decoded(reader.rows(filter, 'newest-first')), find, limit)].reverse();
  for (const row of newest) stdout.write(show(row));
  if (!options.follow) {
    if (newest.length === 0) stderr.write('no such row 没有符合条件的记录\n');
    return;
  }
  const { signal } = untilStopped();
  while (!signal.aborted) {
    for (const row of decoded(reader.rows(filter, 'oldest-first', ends))) {
      ends[row.row.lane] = { epoch: row.row.epoch, number: row.row.number };
      if (find === undefined || mentions(row, find)) stdout.write(show(row));
    }
    await systemClock.sleep(limits.FOLLOW_EVERY_MS, signal).catch(() => {}); // told to stop
  }
}

/** Where each lane ends just now. */
function endsOf(reader: JournalReader): Partial<Record<Lane, Place>> {
  const ends: Partial<Record<Lane, Place>> = {};
  for (const lane of ['alarm', 'ordinary'] as const) {
    const [last] = reader.rows({ lanes: [lane] }, 'newest-first');
    if (last) ends[lane] = { epoch: last.epoch, number: last.number };
  }
  return ends;
}

interface ExportOptions extends LookOptions {
  readonly format: 'csv' | 'jsonl';
  readonly bom?: boolean;
  readonly out?: string;
}

/** Every row that is wanted, oldest first, to a new file or to standard output. */
async function exportRows(options: ExportOptions): Promise<void> {
  const look = lookOf(options);
  if (!look) return;
  using reader = new JournalReader(look.directory);
  const filter = filterOf(options, look.zoneMinutes, systemClock.wallMs());
  const rows = chosen(decoded(reader.rows(filter, 'oldest-first')), options.find, options.limit ?? Number.POSITIVE_INFINITY);
  let count = 0;
  function* text(): Generator<string> {
    if (options.bom) yield BYTE_ORDER_MARK;
    if (options.format === 'csv') yield csvLine(EXPORT_COLUMNS);
    for (const row of rows) {
      const told = exportedOf(row, look!.zoneMinutes, options.raw ?? false);
      count += 1;
      yield options.format === 'csv' ? csvLine(EXPORT_COLUMNS.map((name) => told[name])) : jsonLine(told);
    }
  }
  await written(text(), options.out);
  stderr.write(`${count} rows 条记录\n`);
}

/** Lets the gateway send again what was rejected. */
async function retry(options: LookOptions): Promise<void> {
  const look = lookOf(options);
  if (!look) return;
  using reader = new JournalReader(look.directory);
  const filter = { ...filterOf(options, look.zoneMinutes, systemClock.wallMs()), states: ['rejected'] as const };
  const limit = Math.min(options.limit ?? limits.RETRY_ROWS_MAX, limits.RETRY_ROWS_MAX);
  const rows = [...chosen(decoded(reader.rows(filter, 'oldest-first')), options.find, limit)].map(({ row }) => row);
  if (rows.length === 0) return void stderr.write('no such row was rejected 没有被拒收的记录\n');
  askForRetry(look.directory, rows);
  const untilMs = systemClock.monotonicMs() + limits.RETRY_HEARD_WITHIN_MS;
  while (retryIsAsked(look.directory) && systemClock.monotonicMs() < untilMs) await systemClock.sleep(limits.FOLLOW_EVERY_MS);
  const isDone = !retryIsAsked(look.directory);
  const words = isDone ? 'wait again 已重新等待上报' : 'will wait again when the gateway starts 网关未运行,将在下次启动时重发';
  stderr.write(`${rows.length} rows ${words}\n`);
}

/** Pieces in which text is written: a call of the system for every line would be most of the work. */
const PIECE_CHARACTERS = 64 * 1024;

function* inPieces(text: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of text) {
    piece += line;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function written(text: Iterable<string>, out: string | undefined): Promise<void> {
  const source = Readable.from(inPieces(text), { highWaterMark: 1 });
  if (out === undefined) {
    source.pipe(stdout as Writable, { end: false });
    return finished(source);
  }
  try {
    await pipeline(source, createWriteStream(out, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || (error as Error).name === 'Failure') throw error;
    throw new TypeError(code === 'EEXIST' ? `${out} is there already: name a new file. 文件已存在` : message);
  }
}

export function addJournal(program: Command): void {
  const journal = program
    .command('journal')
    .description('look into the journal of a gateway, also while it runs / 查看、检索、导出站端日志');
  withLook(journal.command('list').description('the newest rows / 最新记录'))
    .option('--find <text>', 'only rows that mention this: place, source, text, address, id')
    .option('--follow', 'go on with what comes / 持续显示')
    .option('--json', 'one JSON object a line')
    .action(list);
  withLook(
    journal
      .command('search')
      .description('the newest rows that mention a text: place, source, text, address, id / 检索')
      .argument('<text>'),
  )
    .option('--json', 'one JSON object a line')
    .action((find: string, options: LookOptions) => list({ ...options, find }));
  withLook(journal.command('export').description('rows in the order they were heard, for a spreadsheet or a program / 按时间顺序导出'))
    .addOption(new Option('--format <format>').choices(['csv', 'jsonl']).default('csv'))
    .option('--find <text>', 'only rows that mention this')
    .option('--bom', 'mark the file as UTF-8, for Excel / 供 Excel 打开')
    .option('--out <file>', 'a new file instead of standard output')
    .action(exportRows);
  withLook(journal.command('retry').description('let the gateway send rejected rows again, when the cause is mended / 重发被拒收的记录'))
    .option('--find <text>', 'only rows that mention this')
    .action(retry);
}
