import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from './clock.ts';
import { Gaps } from './gaps.ts';
import { batchOf } from './ledger/conformance.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openSqliteLedger } from './ledger/sqlite-ledger.ts';
import { GAP_QUIET_MS, WATCH_EVERY_MS } from './limits.ts';
import { Troubles } from './troubles.ts';
import { watch } from './watch.ts';

let folder: string;
let ledger: Ledger;
let told: string[];
let troubles: Troubles;
let gaps: Gaps;
let nowMs: number;
let locked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-watch-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  told = [];
  const log = { warn: (_: object, line: string) => told.push(line), info: (_: object, line: string) => told.push(line) };
  troubles = new Troubles({ wallMs: () => 7 }, log);
  gaps = new Gaps();
  nowMs = 1_000;
  locked = [];
});
afterEach(async () => {
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** Lets so much time pass, look by look; before each look `happens`. */
async function pass(ms: number, happens: () => Promise<unknown> = async () => {}): Promise<void> {
  const stop = new AbortController();
  const endsMs = nowMs + ms;
  const sleep = async (rest: number) => {
    if (nowMs >= endsMs) return stop.abort();
    nowMs += rest;
    await happens();
  };
  await watch({ ledger, locked: () => locked, gaps, troubles, clock: { ...machineClock, monotonicMs: () => nowMs, sleep } }, stop.signal);
}

const codes = () => troubles.standing.map(({ code, detail }) => `${code} ${detail}`);
const ordinary = { gateway: 'gw-1', epoch: 1, lane: 'ordinary' } as const;

describe('numbers that are missing', () => {
  it('are a trouble within ten seconds when none of them comes, with the gateway and how many, until they are there', async () => {
    await ledger.append([batchOf([1, 2, 6], ordinary)]);
    await pass(5_000);
    expect(codes()).toEqual([]);
    expect(gaps.isComing(ordinary, nowMs)).toBe(true);
    await pass(5_000 - WATCH_EVERY_MS);
    expect(codes()).toEqual(['numbers-missing gw-1 ordinary (epoch 1): 3']);
    expect(gaps.isComing(ordinary, nowMs)).toBe(false);
    expect(told).toEqual([expect.stringContaining('未在补传')]);
    await ledger.append([batchOf([3, 4, 5], ordinary)]);
    await pass(WATCH_EVERY_MS);
    expect(codes()).toEqual([]);
    expect(told.at(-1)).toContain('over');
  });

  it('are none while they come, however long that takes, and are one when they stop coming', async () => {
    await ledger.append([batchOf([100], ordinary)]);
    let next = 0;
    await pass(6 * GAP_QUIET_MS, async () => {
      if ((next += 1) % 7 === 0) await ledger.append([batchOf([next / 7, 100 + next], ordinary)]);
    });
    expect(next).toBeGreaterThan(40);
    // What is new comes beside it and leaves gaps of its own: only that none of them closes is a trouble.
    expect(told.filter((line) => !line.startsWith('over'))).toEqual([]);
    await pass(10_000);
    expect(codes()).toEqual([expect.stringMatching(/^numbers-missing gw-1 ordinary \(epoch 1\): \d+$/)]);
  });
});

it('a gap that stays is not hidden by others that open and close', () => {
  const of = (missing: number) => [{ ...ordinary, missing, lowest: 3 }];
  let stays: readonly unknown[] = [];
  for (let atMs = 0; atMs <= GAP_QUIET_MS; atMs += WATCH_EVERY_MS) stays = gaps.look(of(atMs % 2_000 === 0 ? 2 : 9), atMs);
  expect(stays).toHaveLength(1);
});

it('networks that are locked for wrong tokens are a trouble by name for as long as that lasts', async () => {
  locked = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
  await pass(WATCH_EVERY_MS);
  expect(codes()).toEqual(['tokens-guessed 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 +1']);
  locked = [];
  await pass(WATCH_EVERY_MS);
  expect([codes(), told]).toEqual([[], [expect.stringContaining('锁定'), expect.stringContaining('over')]]);
});

describe('damaged entries', () => {
  it('are a trouble with their positions from the moment somebody comes upon them, over a restart too', async () => {
    await ledger.append([batchOf([1, 2, 3])]);
    const database = new SqliteDatabase(join(folder, 'ledger.sqlite'));
    database.exec("UPDATE ledger SET frame = x'00' WHERE position = 2");
    database.close();
    await pass(WATCH_EVERY_MS);
    expect(codes()).toEqual([]);
    await ledger.after(0, 10);
    await ledger.close();
    ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
    await pass(3 * WATCH_EVERY_MS);
    expect(troubles.standing).toMatchObject([{ code: 'entries-damaged', detail: '#2', sinceMs: 7, zh: expect.stringContaining('损坏') }]);
    expect(told).toHaveLength(1);
  });
});
