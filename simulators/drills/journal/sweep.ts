import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from './aftermath.ts';
import { buildShim, type Call, countCalls, describeFault, type Fault, tellStory } from './faults.ts';

/** Every way to disturb each call, and for how many calls in a row. */
const FAULTS: ReadonlyArray<Omit<Fault, 'at'>> = [
  { call: 'pwrite', kind: 'kill' },
  { call: 'pwrite', kind: 'tear' },
  { call: 'pwrite', kind: 'eio' },
  { call: 'pwrite', kind: 'enospc', times: 20 },
  { call: 'sync', kind: 'kill' },
  { call: 'sync', kind: 'eio' },
  { call: 'truncate', kind: 'kill' },
  { call: 'truncate', kind: 'eio' },
  { call: 'unlink', kind: 'kill' },
  { call: 'unlink', kind: 'eio' },
];

/** Faults at every n-th call of the story, `points` of them spread evenly when not all are wanted. */
export function faultsOver(calls: Readonly<Record<Call, number>>, points = Number.POSITIVE_INFINITY): Fault[] {
  const all = FAULTS.flatMap((fault) => Array.from({ length: calls[fault.call] }, (_, index) => ({ ...fault, at: index + 1 })));
  if (points >= all.length) return all;
  return FAULTS.flatMap((fault) => {
    const share = Math.max(1, Math.round((points * calls[fault.call] * FAULTS.length) / all.length / FAULTS.length));
    const step = calls[fault.call] / share;
    return Array.from({ length: share }, (_, index) => ({ ...fault, at: Math.max(1, Math.round((index + 0.5) * step)) }));
  });
}

/** One point of the sweep: what is wrong afterwards, in words; none is well. `openWithinMs` is for a machine that does nothing else. */
export async function disturb(shim: string, fault: Fault, openWithinMs = Number.POSITIVE_INFINITY): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-sweep-'));
  try {
    const directory = join(folder, 'data');
    const told = await tellStory({ shim, match: directory, fault }, directory);
    const mayEnd = fault.kind === 'kill' || fault.kind === 'tear';
    const ended = told.isComplete || (mayEnd && told.signal === 'SIGKILL') ? [] : [`the story ended early: ${firstLineOf(told.trouble)}`];
    const { missing, twice, wrong, damaged, openedWithinMs } = await inspect(directory, told.promised);
    const late = openedWithinMs > openWithinMs ? [`opened only after ${Math.round(openedWithinMs)} ms`] : [];
    const lists = Object.entries({ missing, twice, wrong, damaged }).flatMap(([what, list]) =>
      list.length > 0 ? [`${what}: ${list.join(', ')}`] : [],
    );
    return [...ended, ...lists, ...late].map((complaint) => `${describeFault(fault)}: ${complaint}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The line of a crash that says what happened. */
function firstLineOf(trouble: string): string {
  return trouble.split('\n').find((line) => /^\w*(?:Error|Failure)\b/.test(line)) ?? trouble.trim();
}

export interface Swept {
  readonly calls: Readonly<Record<Call, number>>;
  readonly points: number;
  readonly complaints: readonly string[];
}

export interface SweepOptions {
  readonly openWithinMs?: number;
  readonly say?: (done: number, of: number) => void;
}

/** Disturbs the story at `points` of its calls, or at every one, two at a time. */
export async function sweep(points: number, { openWithinMs, say = () => {} }: SweepOptions = {}): Promise<Swept> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-sweep-'));
  try {
    const shim = await buildShim(folder);
    const calls = await countCalls(shim, join(folder, 'data'));
    const faults = faultsOver(calls, points);
    const complaints: string[] = [];
    const left = [...faults];
    const work = async () => {
      for (let fault = left.shift(); fault; fault = left.shift()) {
        complaints.push(...(await disturb(shim, fault, openWithinMs)));
        say(faults.length - left.length, faults.length);
      }
    };
    await Promise.all([work(), work()]);
    return { calls, points: faults.length, complaints };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
