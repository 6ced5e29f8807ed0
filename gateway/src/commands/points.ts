import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { stderr, stdout } from 'node:process';
import type { Family } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../clock.ts';
import { headerScore, type Mapping, parseMapping } from '../commission/points/columns.ts';
import { ENCODINGS, type Encoding, readCsv } from '../commission/points/csv.ts';
import { familyIn, pointsYaml, withPoints } from '../commission/points/into-yaml.ts';
import { showMerge } from '../commission/points/merge-text.ts';
import { replaceWithBackup, writeWhole } from '../commission/points/replace-file.ts';
import { type ImportedPoint, importPoints } from '../commission/points/rows.ts';
import { FILE_BYTES_MAX, type Table, type TableProblems } from '../commission/points/table.ts';
import { readXlsx } from '../commission/points/xlsx.ts';
import { checkConfiguration } from '../config.ts';
import { chosen } from './until.ts';

interface Options {
  readonly device?: string;
  readonly family?: string;
  readonly mapping: Mapping;
  readonly type: ReadonlyMap<string, number>;
  readonly encoding?: Encoding;
  readonly sheet?: string;
  readonly out?: string;
  readonly into?: string;
  readonly replace?: boolean;
}

/** Problems shown; a table of another layout has one in every row. */
const PROBLEMS_SHOWN = 100;

function complain(problems: readonly string[]): void {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) stderr.write(`${problem}\n`);
  if (problems.length > PROBLEMS_SHOWN)
    stderr.write(`… and ${problems.length - PROBLEMS_SHOWN} more / 另有 ${problems.length - PROBLEMS_SHOWN} 处\n`);
  stderr.write('nothing was written / 未写入任何内容\n');
  process.exitCode = 1;
}

function bytesOf(file: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new TypeError(`${file}: more than ${FILE_BYTES_MAX} bytes / 文件过大`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw new TypeError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code}) / 无法读取`);
  }
}

function tableFrom(file: string, { mapping, encoding, sheet }: Options): Table | TableProblems | Promise<Table | TableProblems> {
  const bytes = bytesOf(file);
  const score = (rows: Table['rows']) => headerScore(rows, mapping);
  // XLSX is a ZIP, whatever the file is called; the old binary XLS is neither.
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const isOldExcel = bytes[0] === 0xd0 && bytes[1] === 0xcf;
  if (isOldExcel) return { problems: [`${file}: is the old XLS format; save it as XLSX or CSV / 旧版 XLS,请另存为 XLSX 或 CSV`] };
  return isZip ? readXlsx(bytes, score, sheet) : readCsv(bytes, score, encoding);
}

/** The family that is named, or that of the device in the configuration the points go into. */
function familyOf({ family, into, device }: Options): Family | undefined {
  if (family !== undefined) return chosen(FAMILIES, family, 'family');
  if (into === undefined) return undefined;
  return device === undefined ? undefined : FAMILIES.get(familyIn(textOf(into), device) ?? '');
}

function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new TypeError(`${file}: is not UTF-8; save it as UTF-8 / 不是 UTF-8 编码,请另存为 UTF-8`);
  }
}

async function importTable(file: string, options: Options): Promise<void> {
  if (options.into !== undefined && options.device === undefined)
    throw new TypeError('--device is missing: whose points are they? / 缺少 --device');
  if (options.into !== undefined && options.out !== undefined) throw new TypeError('--out or --into, not both / --out 与 --into 只能选一');
  const table = await tableFrom(file, options);
  if ('problems' in table) {
    complain(table.problems);
    return;
  }
  const family = familyOf(options);
  const imported = importPoints(table, { mapping: options.mapping, types: options.type, ...(family ? { family } : {}) });
  stderr.write(`${file}: ${table.read}\n`);
  for (const notice of imported.notices) stderr.write(`! ${notice}\n`);
  if (imported.problems.length > 0) complain(imported.problems);
  else await write(imported.points, options);
}

async function write(points: readonly ImportedPoint[], { out, into, device, replace = false }: Options): Promise<void> {
  if (into !== undefined) {
    await writeInto(into, points, device!, replace);
    return;
  }
  if (out !== undefined) await writeWhole(out, pointsYaml(points));
  else stdout.write(pointsYaml(points));
  stderr.write(`${points.length} points 个点${out === undefined ? '' : ` → ${out}`}\n`);
}

/** Writes the configuration with the points in it, unless that makes problems it did not have; says what became of every point. */
async function writeInto(into: string, points: readonly ImportedPoint[], device: string, replace: boolean): Promise<void> {
  const source = textOf(into);
  const merged = withPoints(source, device, points, replace);
  const problems = 'problems' in merged ? merged.problems : freshProblems(source, merged.text, dirname(resolve(into)));
  if ('problems' in merged || problems.length > 0) {
    complain(problems);
    return;
  }
  stderr.write(`${showMerge(merged.before, merged.merge).join('\n')}\n`);
  if (merged.text === source) {
    stderr.write(`${into}: says all of it already, nothing was written / 内容相同,未写入\n`);
    return;
  }
  stderr.write(`backup 备份: ${await replaceWithBackup(into, { from: source, text: merged.text }, systemClock.wallMs())}\n`);
  stderr.write(`${points.length} points 个点 → ${into}\n`);
}

function freshProblems(source: string, text: string, folder: string): string[] {
  const [known, after] = [checkConfiguration(source, folder), checkConfiguration(text, folder)];
  const before = new Set('problems' in known ? known.problems : []);
  return 'problems' in after ? after.problems.filter((problem) => !before.has(problem)) : [];
}

function typeWord(text: string, before: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const parts = /^(.+)=(\d{1,3})$/.exec(text);
  if (!parts || Number(parts[2]) > 255) throw new InvalidArgumentError('word=number, e.g. 智能感烟=42.');
  return new Map([...before, [parts[1]!.trim(), Number(parts[2])]]);
}

export function addPoints(program: Command): void {
  const points = program.command('points').description('point tables: which address stands where / 点表');
  points
    .command('import')
    .description('read a point table as panels and spreadsheets export it (CSV in GB 18030 or UTF-8, XLSX)')
    .argument('<table>', 'CSV or XLSX')
    .option('--device <name>', 'the device of gateway.yaml whose points these are')
    .option('--family <name>', 'its family, where no configuration says it: tells which parts of an address count')
    .option('--mapping <pairs>', 'field=column,… where a column name is not known; -=column leaves one out', parseMapping, new Map())
    .option('--type <word=number>', 'what a device type means, GB/T 26875.3 table 5; may be repeated', typeWord, new Map())
    .addOption(new Option('--encoding <name>', 'instead of finding it out').choices([...ENCODINGS]))
    .option('--sheet <name>', 'XLSX: instead of the sheet with the best header')
    .option('--out <file>', 'write `points:` to this file; default: standard output')
    .option('--into <file>', 'put them into this gateway.yaml: what was set by hand, comments and other points stay; a backup is made')
    .option('--replace', 'with --into: drop the points of the device that the table does not have')
    .action(importTable);
  points.addHelpText('after', () => points.commands.map((one) => `\n${one.helpInformation()}`).join(''));
}
