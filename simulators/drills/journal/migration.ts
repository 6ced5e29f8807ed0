import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { MIGRATIONS } from '@fengsui/gateway/src/journal/schema.ts';
import Database from 'better-sqlite3';
import { inspect } from './aftermath.ts';
import { buildShim, type Call, describeFault, type Fault, startBehind } from './faults.ts';

import { makeOldJournal } from './old-journal.ts';

const UPGRADER = fileURLToPath(new URL('./upgrader.ts', import.meta.url));
const ROWS = 2_000;
const CALLS: readonly Call[] = ['pwrite', 'sync'];

/** Opens a journal in a process of its own; null when it was killed on the way. */
async function upgrade(shim: string, directory: string, fault?: Fault, report?: string): Promise<string | null> {
  const child = startBehind({ shim, match: directory, ...(fault ? { fault } : {}), ...(report ? { report } : {}) }, UPGRADER, [directory]);
  let said = '';
  child.stdout!.on('data', (bytes: Buffer) => (said += bytes));
  child.stderr!.on('data', (bytes: Buffer) => (said += bytes));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return signal === 'SIGKILL' ? null : said;
}

function wrongSchemas(directory: string): string[] {
  return ['alarm', 'ordinary'].flatMap((lane) => {
    const database = new Database(join(directory, `${lane}.sqlite`), { readonly: true });
    const version = database.pragma('user_version', { simple: true });
    database.close();
    return version === MIGRATIONS.length ? [] : [`${lane} stands at schema ${version}`];
  });
}

/** Kills the upgrade of a copy at one call; what is wrong after the next start, in words. */
async function killedAt(shim: string, old: string, promised: readonly string[], fault: Fault): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-upgrade-'));
  try {
    const directory = join(folder, 'data');
    cpSync(old, directory, { recursive: true });
    const said = await upgrade(shim, directory, fault);
    if (said !== null && !said.includes('done')) return [`${describeFault(fault)}: ${said}`];
    const { missing, twice, wrong, damaged } = await inspect(directory, promised);
    const lists = Object.entries({ missing, twice, wrong, damaged }).flatMap(([what, list]) =>
      list.length > 0 ? [`${what}: ${list[0]}`] : [],
    );
    return [...lists, ...wrongSchemas(directory)].map((complaint) => `${describeFault(fault)}: ${complaint}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Upgraded {
  readonly kills: number;
  readonly complaints: readonly string[];
}

/** Upgrades a journal of every older schema, killed at `points` calls of each, or at every one. */
export async function sweepUpgrades(points = Number.POSITIVE_INFINITY, say: (words: string) => void = () => {}): Promise<Upgraded> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-upgrades-'));
  const complaints: string[] = [];
  let kills = 0;
  try {
    const shim = await buildShim(folder);
    for (let schema = 1; schema < MIGRATIONS.length; schema++) {
      const old = join(folder, `schema-${schema}`);
      const promised = makeOldJournal(old, schema, ROWS);
      const [counted, report] = [join(folder, `counted-${schema}`), join(folder, `calls-${schema}`)];
      cpSync(old, counted, { recursive: true });
      if (!(await upgrade(shim, counted, undefined, report))?.includes('done')) throw new Error(`schema ${schema} does not open`);
      const calls = new Map(
        readFileSync(report, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(' ') as [string, string]),
      );
      const faults = CALLS.flatMap((call) =>
        Array.from({ length: Number(calls.get(call)) }, (_, index) => ({ call, kind: 'kill', at: index + 1 }) as Fault),
      );
      const step = Math.max(1, faults.length / points);
      const chosen = Array.from({ length: Math.ceil(faults.length / step) }, (_, index) => faults[Math.floor(index * step)]!);
      for (const fault of chosen) complaints.push(...(await killedAt(shim, old, promised, fault)));
      kills += chosen.length;
      say(`schema ${schema}: ${promised.length} rows, killed at ${chosen.length} of ${faults.length} calls`);
    }
    return { kills, complaints };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `npm run drill -- journal-upgrade [points]`: an upgrade from every older schema, killed at every call of the disk, or at so many. */
export async function run([points]: readonly string[]): Promise<number> {
  const { kills, complaints } = await sweepUpgrades(Number(points ?? Number.POSITIVE_INFINITY), (words) => stdout.write(`  ${words}\n`));
  for (const complaint of complaints) stdout.write(`  ${complaint}\n`);
  stdout.write(`${kills} upgrades killed, ${complaints.length} complaints\n`);
  return complaints.length === 0 ? 0 : 1;
}
