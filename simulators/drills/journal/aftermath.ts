import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { LANES, type Lane, PROFILES } from '@fengsui/protocol';
import Database from 'better-sqlite3';

/** What is wrong with a journal after something happened to it; all empty is well. */
export interface Aftermath {
  /** Promised and not there. */
  readonly missing: readonly string[];
  /** Events that stand in the journal more than once. */
  readonly twice: readonly string[];
  /** Rows whose frame is not the event they name. */
  readonly wrong: readonly string[];
  /** What SQLite or the journal itself found damaged. */
  readonly damaged: readonly string[];
  readonly openedWithinMs: number;
  /** Rows of both lanes. */
  readonly rows: number;
}

/** How a journal is opened where nothing but its folder matters. */
export const OPENING = {
  profile: 'db36-t1297-2020',
  envelope: { source: 3_000_001, destination: 20, zoneMinutes: 480 },
  uplinks: ['collector'],
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: (ms: number) => sleep(ms) },
  clockSynchronised: () => true,
  sizes: { ballastBytes: 0 },
};

interface Row {
  readonly epoch: number;
  readonly number: number;
  readonly event_id: string;
  readonly profile: string;
  readonly frame: Uint8Array;
}

function rowsOf(directory: string, lane: Lane): { readonly rows: Row[]; readonly integrity: string } {
  const path = join(directory, `${lane}.sqlite`);
  if (!existsSync(path)) return { rows: [], integrity: 'ok' };
  const database = new Database(path, { readonly: true });
  try {
    const rows = database.prepare('SELECT epoch, number, event_id, profile, frame FROM rows ORDER BY position').all() as Row[];
    return { rows, integrity: database.pragma('integrity_check', { simple: true }) as string };
  } finally {
    database.close();
  }
}

function isWrong({ profile, frame, event_id }: Row): boolean {
  const read = PROFILES.get(profile)?.read(frame);
  return !read || 'undecodable' in read || read.event.id !== event_id;
}

/** Opens a journal as the gateway would, and holds it against what was promised: lines `lane epoch number id`. */
export async function inspect(directory: string, promised: readonly string[]): Promise<Aftermath> {
  const startedMs = performance.now();
  const journal = await openJournal({ ...OPENING, directory });
  const openedWithinMs = performance.now() - startedMs;
  const { damagedFiles } = await journal.state();
  await journal.close();
  const lanes = LANES.map((lane) => ({ lane, ...rowsOf(directory, lane) }));
  const all = lanes.flatMap(({ lane, rows }) => rows.map((row) => ({ lane, row })));
  const kept = new Set(all.map(({ lane, row }) => `${lane} ${row.epoch} ${row.number} ${row.event_id}`));
  const ids = Map.groupBy(all, ({ row }) => row.event_id);
  return {
    missing: promised.filter((line) => !kept.has(line)),
    twice: [...ids].flatMap(([id, same]) => (same.length > 1 ? [id] : [])),
    wrong: all.flatMap(({ row }) => (isWrong(row) ? [row.event_id] : [])),
    damaged: [...damagedFiles, ...lanes.flatMap(({ lane, integrity }) => (integrity === 'ok' ? [] : [`${lane}: ${integrity}`]))],
    openedWithinMs,
    rows: all.length,
  };
}
