import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { MIGRATIONS } from '@fengsui/gateway/src/journal/schema.ts';
import { runTool } from '../house/tool.ts';
import { inspect } from './aftermath.ts';
import { type MemoryGroup, memoryGroup } from './memory-group.ts';
import { makeOldJournal } from './old-journal.ts';

const STARVED = fileURLToPath(new URL('./starved.ts', import.meta.url));
const DESCRIPTORS = 64;
const HEAP_MIB = 96;
/** Of the whole process, its files in the kernel's cache included. */
const GROUP_MIB = 200;
/** Heap, and what a bare process and SQLite's own memory take beside it. */
const RESIDENT_MIB = 256;
const PRESETS = { smoke: 20_000, nightly: 1_000_000, release: 1_000_000 } as const;

export interface Starved {
  readonly openedMs: number;
  readonly taken: number;
  readonly waiting: number;
  readonly residentBytes: number;
  readonly diskFailures: number;
  readonly lastDiskFailure: string | null;
  /** Whether the trouble is told while no descriptor is left, and over when they are back. */
  readonly isRaised: boolean;
  readonly isCleared: boolean;
  readonly complaints: readonly string[];
}

/**
 * Opens a backlog of so many rows with 64 descriptors, all of them then taken, and 96 MiB of heap, in a group whose memory is limited
 * where there is one, and appends alarms; then the descriptors come back, and all goes on as before.
 */
export async function starve(rows: number, group: MemoryGroup | null): Promise<Starved> {
  using _ = group ?? { [Symbol.dispose]: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-starve-'));
  try {
    const directory = join(folder, 'data');
    makeOldJournal(directory, MIGRATIONS.length, rows / 2);
    const node = [process.execPath, `--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning', STARVED, directory];
    const [command, ...words] = [...(group?.command ?? []), 'prlimit', `--nofile=${DESCRIPTORS}`, ...node];
    const { output } = await runTool(command!, words);
    const lines = output.split('\n');
    const told = lines.find((line) => line.startsWith('starved '));
    if (!told) throw new Error(`the starved process ended early: ${output.slice(-600)}`);
    const promised = lines.flatMap((line) => (line.startsWith('promised ') ? [line.slice('promised '.length)] : []));
    const { missing, damaged } = await inspect(directory, promised);
    const figures = JSON.parse(told.slice('starved '.length)) as Omit<Starved, 'complaints'>;
    const complaints = [
      ...(promised.length < 201 ? [`only ${promised.length} of 201 alarms were taken`] : []),
      ...(figures.isRaised ? [] : ['that no descriptor is left was not told']),
      ...(figures.isCleared ? [] : ['that there are descriptors again was not told']),
      ...(missing.length > 0 ? [`${missing.length} alarms missing`] : []),
      ...damaged,
      ...(figures.diskFailures > 0 ? [`a handle was given up: ${figures.lastDiskFailure}`] : []),
      ...(figures.residentBytes > RESIDENT_MIB * 1024 * 1024 ? [`more than ${RESIDENT_MIB} MiB resident`] : []),
    ];
    return { ...figures, complaints };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `npm run drill -- journal-starve [smoke | nightly | release]` */
export async function run([asked = 'smoke']: readonly string[]): Promise<number> {
  if (!Object.hasOwn(PRESETS, asked)) throw new TypeError(`${asked}: must be one of ${Object.keys(PRESETS).join(', ')}`);
  const rows = PRESETS[asked as keyof typeof PRESETS];
  const group = memoryGroup(GROUP_MIB);
  const isGrouped = group !== null;
  const { complaints, openedMs, taken, waiting, residentBytes } = await starve(rows, group);
  const figures = `open after ${Math.round(openedMs)} ms, the last ${taken} descriptors taken, ${waiting} rows wait, ${Math.round(residentBytes / 1024 / 1024)} MiB resident`;
  stdout.write(
    `  backlog of ${rows} rows, ${DESCRIPTORS} descriptors, ${HEAP_MIB} MiB heap: ${figures}${complaints.map((each) => `; ${each}`).join('')}\n`,
  );
  if (complaints.length > 0) return 1;
  if (isGrouped) return 0;
  stdout.write(
    `NOT RUN: this machine cannot limit a group of processes to ${GROUP_MIB} MiB (needs root and the memory controller of cgroups)\n`,
  );
  return 3;
}
