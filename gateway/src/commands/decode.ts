import { existsSync, readFileSync, statSync } from 'node:fs';
import { stderr, stdin, stdout } from 'node:process';
import { type Family, fromHex, type RegisterRequest } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { DIALECTS, type Dialect, streamView, suggestDialectsOf } from '@fengsui/protocol/gb26875';
import type { Command } from 'commander';
import { explain, inkOf } from '../commission/explain.ts';
import { familyViews, type View } from '../commission/views.ts';
import { jsonLine } from '../steering.ts';

interface Options {
  readonly json?: boolean;
  readonly family?: string;
  readonly dialect: string;
  readonly request?: string;
}

/** Bytes from what a person gives: hex, the name of a file (hex text or raw bytes), or `-` for standard input. */
async function bytesFrom(source: string): Promise<Uint8Array> {
  const direct = source === '-' ? null : fromWrittenHex(source);
  if (direct) return direct;
  const content = source === '-' ? Buffer.concat(await stdin.toArray()) : fileContent(source);
  return fromWrittenHex(content.toString('latin1')) ?? new Uint8Array(content);
}

/** Hex as people and tools write it: `40 40`, `40:40`, `40-40`, `0x40, 0x40`, behind a byte order mark or not. */
function fromWrittenHex(text: string): Uint8Array | null {
  return fromHex(text.replace(/^\u00ef\u00bb\u00bf/, '').replace(/0x|(?<=[0-9a-f]{2})[-:,;](?=\s*(?:0x)?[0-9a-f]{2}|\s*$)/gi, ' '));
}

function fileContent(path: string): Buffer {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new TypeError(`${path.slice(0, 60)}: neither hex (pairs of 0–9 a–f) nor a file. 既不是十六进制也不是文件`);
  }
  return readFileSync(path);
}

function chosen<T>(table: ReadonlyMap<string, T>, name: string, what: string): T {
  const row = table.get(name);
  if (!row) throw new TypeError(`no ${what} ${name}; there are: ${[...table.keys()].join(', ')}`);
  return row;
}

/** `0F82/2`: wire address of the first register in hex, and how many. A function code before it is allowed (`FC02 0000/8`). */
function parseRequest(text: string | undefined): RegisterRequest | null {
  if (text === undefined) return null;
  const parts = /^(?:FC\d+\s+)?(?:0x)?([0-9a-f]{1,4})\/(\d+)$/i.exec(text.trim());
  if (!parts) throw new TypeError(`--request ${text}: must be <register in hex>/<count>, e.g. 0F82/2`);
  return { register: Number.parseInt(parts[1]!, 16), count: Number(parts[2]) };
}

function describedBy(family: Family | null, view: View) {
  return (view['kind'] === 'packet' && family?.describe?.(fromHex(String(view['hex']))!)) || [];
}

function hintOfDialect(bytes: Uint8Array, dialect: Dialect): void {
  const better = suggestDialectsOf(bytes);
  if (dialect.name === 'standard' && better.length > 0) stderr.write(`方言提示 these bytes look like --dialect ${better.join(' or ')}\n`);
}

async function decode(source: string, options: Options): Promise<void> {
  const bytes = await bytesFrom(source);
  if (bytes.length === 0)
    throw new TypeError('nothing to decode: give hex, a file or - for standard input, with at least one byte in it. 没有可解读的字节');
  const dialect = chosen(DIALECTS, options.dialect, 'dialect');
  const family = options.family === undefined ? null : chosen(FAMILIES, options.family, 'family');
  const views = family ? familyViews(family, bytes, parseRequest(options.request)) : streamView(bytes, dialect);
  if (options.json) {
    for (const view of views) stdout.write(jsonLine(view));
    return;
  }
  const ink = inkOf(stdout);
  for (const view of views) stdout.write(`${explain(view, { dialect, described: describedBy(family, view), ink }).join('\n')}\n\n`);
  if (!family) hintOfDialect(bytes, dialect);
}

export function addDecode(program: Command): void {
  program
    .command('decode')
    .description('explain captured bytes: GB/T 26875.3 frames, or the packets of a device family / 解读报文')
    .argument('<source>', 'hex, a file of hex or raw bytes, or - for standard input')
    .option('--json', 'one JSON object a line, in stream order')
    .option('--family <name>', 'read as packets of this device family (see docs/reference.md)')
    .option('--dialect <name>', 'what the device does differently from GB/T 26875.3', 'standard')
    .option('--request <register/count>', 'the registers a Modbus reply answers, register in hex: 0F82/2')
    .action(decode);
}
