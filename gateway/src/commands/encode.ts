import { existsSync, readFileSync } from 'node:fs';
import { stdin, stdout } from 'node:process';
import { toHex } from '@fengsui/protocol';
import { bytesOfView, DIALECTS, type Dialect } from '@fengsui/protocol/gb26875';
import type { Command } from 'commander';

function parsed(line: string, number: number): Record<string, unknown> {
  const view = fromJson(line, number);
  if (typeof view !== 'object' || view === null || Array.isArray(view)) throw new TypeError(`line ${number}: must be a JSON object`);
  return view as Record<string, unknown>;
}

function fromJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TypeError(`line ${number}: not JSON (${(error as Error).message})`);
  }
}

async function textFrom(source: string): Promise<string> {
  if (source.trimStart().startsWith('{')) return source;
  if (source === '-') return Buffer.concat(await stdin.toArray()).toString('utf8');
  if (!existsSync(source)) throw new TypeError(`${source.slice(0, 60)}: neither a JSON object nor a file. 既不是 JSON 对象也不是文件`);
  return readFileSync(source, 'utf8');
}

async function encode(source: string, options: { readonly dialect: string }): Promise<void> {
  const dialect = DIALECTS.get(options.dialect);
  if (!dialect) throw new TypeError(`no dialect ${options.dialect}; there are: ${[...DIALECTS.keys()].join(', ')}`);
  const lines = (await textFrom(source)).split('\n');
  if (lines.every((line) => line.trim() === '')) throw new TypeError('nothing to encode: no JSON in what was given. 没有可编码的内容');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    stdout.write(`${hexOf(parsed(line, index + 1), index + 1, dialect)}\n`);
  }
}

function hexOf(view: Record<string, unknown>, number: number, dialect: Dialect): string {
  try {
    return toHex(bytesOfView(view, dialect));
  } catch (error) {
    throw new TypeError(`line ${number}: ${(error as Error).message}`);
  }
}

export function addEncode(program: Command): void {
  program
    .command('encode')
    .description('turn the JSON of `decode --json` back into hex, one line each / 由 JSON 生成报文')
    .argument('<source>', 'a JSON object, a file of JSON lines, or - for standard input')
    .option('--dialect <name>', 'what the device does differently from GB/T 26875.3', 'standard')
    .action(encode);
}
