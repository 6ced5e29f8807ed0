import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { MIGRATIONS } from '@fengsui/gateway/src/journal/schema.ts';
import { LANES } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { runTool } from '../house/tool.ts';
import { OPENING } from './aftermath.ts';
import { type MemoryGroup, memoryGroup } from './memory-group.ts';
import { makeOldJournal } from './old-journal.ts';

const UPGRADER = fileURLToPath(new URL('./upgrader.ts', import.meta.url));
/** Of the whole process, its files in the kernel's cache included. */
const GROUP_MIB = 512;
const ROWS = 1_000_000;

/** Opens a journal of so many rows, as the version with that schema left it, in a process of its own; what is wrong afterwards. */
async function upgraded(folder: string, schema: number, rows: number, group: MemoryGroup | null): Promise<readonly string[]> {
  const directory = join(folder, `schema-${schema}`);
  makeOldJournal(directory, schema, rows / LANES.length);
  const [command, ...words] = [...(group?.command ?? []), process.execPath, '--disable-warning=ExperimentalWarning', UPGRADER, directory];
  const startMs = performance.now();
  const { code, output } = await runTool(command!, words);
  stdout.write(`  schema ${schema}: ${rows} rows, open after ${Math.round(performance.now() - startMs)} ms\n`);
  if (code !== 0 || !output.includes('done')) return [`schema ${schema} does not open: ${output.slice(-400)}`];
  const wrong = LANES.flatMap((lane) => wrongOf(directory, lane, rows / LANES.length));
  const back = await refusal(directory);
  rmSync(directory, { recursive: true });
  return [...wrong, ...back].map((complaint) => `schema ${schema}: ${complaint}`);
}

function wrongOf(directory: string, lane: string, rows: number): string[] {
  const database = new Database(join(directory, `${lane}.sqlite`), { readonly: true });
  try {
    const version = database.pragma('user_version', { simple: true });
    const { count, highest } = database.prepare('SELECT count(*) AS count, max(number) AS highest FROM rows').get() as Record<
      string,
      number
    >;
    const integrity = database.pragma('quick_check', { simple: true });
    return [
      ...(version === MIGRATIONS.length ? [] : [`${lane} stands at schema ${version}`]),
      ...(count === rows && highest === rows ? [] : [`${lane} has ${count} rows up to ${highest}, of ${rows}`]),
      ...(integrity === 'ok' ? [] : [`${lane}: ${integrity}`]),
    ];
  } finally {
    database.close();
  }
}

/** The way back: a program older than the files leaves them alone and says so. */
async function refusal(directory: string): Promise<string[]> {
  const path = join(directory, 'alarm.sqlite');
  const database = new Database(path);
  database.pragma(`user_version = ${MIGRATIONS.length + 1}`);
  database.close();
  const code = await openJournal({ ...OPENING, directory }).then(
    async (journal) => {
      await journal.close();
      return 'it was opened';
    },
    (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message,
  );
  return code === 'journal-newer' ? [] : [`of a newer schema: ${code}`];
}

/** `npm run drill -- journal-upgrade-large [rows]`: from every older schema, within 512 MiB, and back. */
export async function run([asked]: readonly string[]): Promise<number> {
  const rows = Number(asked ?? ROWS);
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-upgrade-'));
  const complaints: string[] = [];
  let isGrouped = true;
  try {
    for (let schema = 1; schema < MIGRATIONS.length; schema++) {
      using group = memoryGroup(GROUP_MIB) ?? { command: [], isMissing: true, [Symbol.dispose]: () => {} };
      isGrouped &&= !('isMissing' in group);
      complaints.push(...(await upgraded(folder, schema, rows, group)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const complaint of complaints) stdout.write(`  ${complaint}\n`);
  stdout.write(`upgrades from ${MIGRATIONS.length - 1} older schemas, ${rows} rows each, ${complaints.length} complaints\n`);
  if (complaints.length > 0) return 1;
  if (isGrouped) return 0;
  stdout.write(
    `NOT RUN: this machine cannot limit a group of processes to ${GROUP_MIB} MiB (needs root and the memory controller of cgroups)\n`,
  );
  return 3;
}
