import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';
import type { RunBefore } from './itself.ts';
import { UNWATCHED_KEPT, UNWATCHED_SHOWN_MS } from './limits.ts';
import { Unwatched } from './unwatched.ts';

const disk = vi.hoisted(() => ({ wait: Promise.resolve(), wrote: Promise.resolve() }));

/** A disk that takes as long as it is told to over a write. */
vi.mock(import('./durable-file.ts'), async (original) => {
  const real = await original();
  const replaceDurably = (...given: Parameters<typeof real.replaceDurably>) => {
    disk.wrote = disk.wait.then(() => real.replaceDurably(...given));
    return disk.wrote;
  };
  return { ...real, replaceDurably };
});

const NOON_MS = Date.UTC(2026, 2, 1, 4);
let folder: string;
let warned: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-unwatched-'));
  warned = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = { info: () => {}, warn: (_: object, text: string) => warned.push(text), error: () => {} };

/** A run of the gateway that starts at `atMs`, on a machine whose run is named. */
function run(before: RunBefore | null, { atMs = NOON_MS, machineRun = 'one' as string | null } = {}) {
  let passedMs = 0;
  const clock = { ...systemClock, wallMs: () => atMs + passedMs, monotonicMs: () => passedMs };
  const opening = Unwatched.open(before, { file: join(folder, 'unwatched.json'), clock, log: log as never, machineRun });
  const opened = opening.then(async (unwatched) => {
    await written();
    return unwatched;
  });
  return { opening, opened, pass: (ms: number) => (passedMs += ms) };
}

async function written(): Promise<void> {
  await setImmediate(); // it has begun
  await disk.wrote.catch(() => {});
}

const alive = (agoMs: number, note: RunBefore['note'] = null) => ({ aliveMs: NOON_MS - agoMs, note });

it.each([
  ['crash', 'program-failed', 'one', 'two'],
  ['crash', null, 'one', 'one'],
  ['power', null, 'one', 'two'],
  ['power', 'queue-high', 'one', 'two'],
  ['stop', 'stopped', 'one', 'two'],
  ['unknown', null, null, 'two'],
  ['unknown', null, 'one', null],
] as const)('is told with its cause: %s (last word %s, machine %s → %s)', async (cause, note, earlier, now) => {
  expect((await run(null, { machineRun: earlier }).opened).standing()).toEqual([]);
  const unwatched = await run(alive(60_000, note), { machineRun: now }).opened;
  expect(unwatched.standing()).toEqual([{ fromMs: NOON_MS - 60_000, toMs: NOON_MS, cause }]);
});

it('stands over restarts until somebody has seen it, or for a day of one run by the clock that never steps', async () => {
  await run(null).opened;
  await run(alive(60_000)).opened;
  const again = await run({ aliveMs: NOON_MS + 10_000, note: 'stopped' }, { atMs: NOON_MS + 12_000 }).opened;
  expect(again.standing().map(({ cause }) => cause)).toEqual(['stop', 'crash']);
  await again.seen();
  expect(again.standing()).toEqual([]);
  const last = run({ aliveMs: NOON_MS + 20_000, note: 'stopped' }, { atMs: NOON_MS + 22_000 });
  const unwatched = await last.opened;
  expect(unwatched.standing()).toHaveLength(1);
  last.pass(UNWATCHED_SHOWN_MS);
  expect(unwatched.standing()).toEqual([]);
  await written();
  expect((await run(null).opened).standing()).toEqual([]);
});

it('stands although the clock, without a battery, was set since', async () => {
  await run(null, { machineRun: 'one' }).opened;
  await run({ aliveMs: 1_000, note: null }, { atMs: 2_000, machineRun: 'two' }).opened;
  const again = await run({ aliveMs: NOON_MS - 1_000, note: 'stopped' }, { machineRun: 'two' }).opened;
  expect(again.standing().map(({ cause }) => cause)).toEqual(['stop', 'power']);
});

it('keeps no start waiting for the disk; who has seen it waits', async () => {
  const taken = Promise.withResolvers<void>();
  disk.wait = taken.promise;
  const unwatched = await run(alive(60_000)).opening;
  expect(unwatched.standing()).toHaveLength(1);
  let isSeen = false;
  const seen = unwatched.seen().then(() => (isSeen = true));
  await setImmediate();
  expect([unwatched.standing(), isSeen, readdirSync(folder)]).toEqual([[], false, []]);
  taken.resolve();
  await seen;
  expect((await run(null).opened).standing()).toEqual([]);
});

it('keeps only the latest of many', async () => {
  for (let time = 0; time < 2 * UNWATCHED_KEPT; time += 1) await run(alive(1_000), { atMs: NOON_MS + time }).opened;
  const told = (await run(null, { atMs: NOON_MS + 100 }).opened).standing();
  expect(told.map(({ toMs }) => toMs)).toEqual(
    Array.from({ length: UNWATCHED_KEPT }, (_, index) => NOON_MS + 2 * UNWATCHED_KEPT - 1 - index),
  );
});

it.each(['{torn', '{"windows":[{"fromMs":"x"},null]}', '[]'])('is told although what is remembered is %s', async (garbage) => {
  writeFileSync(join(folder, 'unwatched.json'), garbage);
  expect((await run(alive(1_000)).opened).standing()).toEqual([{ fromMs: NOON_MS - 1_000, toMs: NOON_MS, cause: 'unknown' }]);
});

it('is told although the disk does not take it, which is said', async () => {
  rmSync(folder, { recursive: true });
  const unwatched = await run(alive(1_000)).opened;
  expect([unwatched.standing().length, warned.length]).toEqual([1, 1]);
  mkdirSync(folder);
  await unwatched.seen();
  expect([unwatched.standing(), readdirSync(folder)]).toEqual([[], ['unwatched.json']]);
});
