import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Device } from '../../../src/device.ts';
import { PANEL_POINTS } from './site.ts';

const SETTLED_WITHIN_MS = 60_000;

/**
 * The panel reports fires at its points one by one, at times nobody can guess. Answers, for each, the milliseconds from its last
 * byte on the serial line until the collector's receipt had settled its row, as the journal's file tells (wall clock of this machine).
 */
export async function fireLatencies(panel: Device, data: string, count: number, pauseMs: number): Promise<number[]> {
  const known = fires(data).length;
  const saidMs: number[] = [];
  for (let index = 0; index < count; index++) {
    await panel.perform({ kind: 'say', say: { what: 'fire', address: { controller: 1, loop: 1, point: (index % PANEL_POINTS) + 1 } } });
    saidMs.push(Date.now());
    await sleep(pauseMs * (0.5 + Math.random()));
  }
  const settledMs = await settled(data, known, count);
  return settledMs.map((ms, index) => ms - saidMs[index]!);
}

async function settled(data: string, known: number, count: number): Promise<number[]> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const rows = fires(data).slice(known);
    if (rows.length >= count && rows.every((ms) => ms !== null)) return rows as number[];
    if (performance.now() > deadline)
      throw new Error(`of ${count} fires ${rows.length} are in the journal, ${rows.filter((ms) => ms !== null).length} settled`);
    await sleep(200);
  }
}

/** Milliseconds from journal to receipt of the readings written since then that have theirs; those that wait count as until now. */
export function readingLatencies(data: string, sinceMs: number): number[] {
  const database = new Database(join(data, 'ordinary.sqlite'), { readonly: true });
  try {
    const rows = database
      .prepare(
        "SELECT coalesce(settled_ms, @nowMs) - wall_ms AS ms FROM rows WHERE kind = 'reading' AND wall_ms >= @sinceMs AND wall_ms < @nowMs - 1000",
      )
      .all({ sinceMs, nowMs: Date.now() }) as Array<{ readonly ms: number }>;
    return rows.map(({ ms }) => ms);
  } finally {
    database.close();
  }
}

/** When the fires of the journal were settled, in their order; null for those that wait. */
export function fires(data: string): ReadonlyArray<number | null> {
  const database = new Database(join(data, 'alarm.sqlite'), { readonly: true });
  try {
    return database.prepare("SELECT settled_ms FROM rows WHERE kind = 'fire' ORDER BY position").pluck().all() as Array<number | null>;
  } finally {
    database.close();
  }
}
