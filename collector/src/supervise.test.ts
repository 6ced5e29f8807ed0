import type { Clock } from '@fengsui/protocol';
import { describe, expect, it } from 'vitest';
import { fail } from './failures.ts';
import { RESTART_MAX_MS, RESTART_MIN_MS, RESTART_NEVER_MS } from './limits.ts';
import { type Log, supervise } from './supervise.ts';

/** A clock that sleeps in no time and remembers how long it was asked to; after `naps` it stops the work. */
function world(naps: number) {
  const slept: number[] = [];
  const said: string[] = [];
  const stop = new AbortController();
  let nowMs = 0;
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      slept.push(ms);
      if (slept.length >= naps) stop.abort();
    },
  };
  const say = (level: string) => (fields: object) => void said.push(`${level} ${(fields as { code?: string }).code ?? ''}`.trim());
  const log: Log = { info: say('info'), warn: say('warn'), error: say('error') };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { slept, said, supervision: { clock, log, signal: stop.signal }, pass };
}

describe('supervision', () => {
  it('tries a failed work again after a growing rest', async () => {
    const { slept, said, supervision } = world(7);
    await supervise('work', () => Promise.reject(fail('ledger-full', 'x')), supervision);
    expect(slept).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(slept).toEqual(slept.map((_, step) => Math.min(RESTART_MIN_MS * 2 ** step, RESTART_MAX_MS)));
    expect(new Set(said)).toEqual(new Set(['warn ledger-full']));
  });

  it('takes a work that ran long for recovered', async () => {
    const { slept, supervision, pass } = world(4);
    let runs = 0;
    const work = async () => {
      runs += 1;
      if (runs === 3) pass(3_600_000);
      throw fail('ledger-full', 'x');
    };
    await supervise('work', work, supervision);
    expect(slept).toEqual([200, 400, 200, 400]);
  });

  it('looks rarely at what no retry helps', async () => {
    const { slept, supervision } = world(2);
    await supervise('work', () => Promise.reject(fail('ledger-damaged', 'x')), supervision);
    expect(slept).toEqual([RESTART_NEVER_MS, RESTART_NEVER_MS]);
  });

  it('survives errors of our own program and works that end by themselves, and says so', async () => {
    const { said, supervision } = world(2);
    let runs = 0;
    await supervise('work', async () => void (runs++ === 0 && assertNever()), supervision);
    expect(said).toEqual(['error', 'error']);
  });

  it('ends quietly when it is told to stop', async () => {
    const { said, slept, supervision } = world(1);
    const stop = new AbortController();
    const work = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const done = supervise('work', work, { ...supervision, signal: stop.signal });
    stop.abort();
    await done;
    expect([said, slept]).toEqual([[], []]);
  });
});

function assertNever(): never {
  throw new TypeError('a mistake');
}
