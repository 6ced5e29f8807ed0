import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reference } from './reference.ts';
import { ROOT, runTool } from './tool.ts';

const PROTO = 'protocol/src/batch/batch.proto';
/** Numbers instead of Long, and nothing we do not call: what is left is encode and decode. */
const STATIC =
  '-t static-module -w es6 --es6 --force-number --no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service'.split(' ');

async function tool(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runTool(command, args);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
}

/** Static protobuf code. The types are read out of the commented code, which the shipped code leaves out. */
async function protobuf(folder: string): Promise<ReadonlyMap<string, string>> {
  const code = join(folder, 'batch.js');
  const commented = join(folder, 'commented.js');
  const types = join(folder, 'batch.d.ts');
  await tool('pbjs', [...STATIC, '--no-comments', '-o', code, PROTO]);
  await tool('pbjs', [...STATIC, '-o', commented, PROTO]);
  await tool('pbts', ['--no-comments', '-o', types, commented]);
  const typesText = await readFile(types, 'utf8');
  return new Map([
    ['protocol/src/batch/batch.generated.js', await readFile(code, 'utf8')],
    // `import Long = require` is no ES module, and nothing of it is left with --force-number
    ['protocol/src/batch/batch.generated.d.ts', typesText.replace(/^import Long = require\("long"\);\n/m, '')],
  ]);
}

/** Every generated file as it should be: path from the root → text. Throws when a generator fails. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-generate-'));
  try {
    return new Map([...(await protobuf(folder)), ['docs/reference.md', reference()]]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The generated files that are not what their source says: paths from the root. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of await generate()) {
    const present = await readFile(join(ROOT, path), 'utf8').catch(() => null);
    if (present !== text) stale.push(path);
  }
  return stale;
}
