import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { ManualClock } from './drivers/rehearsal.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import { watchdogOfUnit } from './watchdog.fixture.ts';
import { feedWatchdog, type Notice, serviceManager } from './watchdog.ts';

const log = { info() {}, warn: vi.fn(), error() {} };

/** So long after it began to hang a worker of the journal is replaced: somebody asks it, and has no answer. */
const LATE_MS = limits.JOURNAL_NEWS_EVERY_MS + limits.JOURNAL_ANSWER_TIMEOUT_MS;

/** When the watchdog was fed while the journal answered as `answer` says, and the last look at the clock. */
async function fedAtMs(clock: ManualClock, forMs: number, answer: () => Promise<void>): Promise<number[]> {
  const [fedMs, stop] = [[0], new AbortController()];
  const manager = { watchdogMs: watchdogOfUnit(), notify: async () => void fedMs.push(clock.monotonicMs()) };
  void feedWatchdog({ manager, roundTrip: answer, clock, log, signal: stop.signal });
  await clock.advance(forMs);
  stop.abort();
  return [...fedMs, clock.monotonicMs()];
}

function fed(roundTrip: () => Promise<void>) {
  const notices: Notice[] = [];
  const stop = new AbortController();
  const manager = { watchdogMs: 30, notify: async (notice: Notice) => void notices.push(notice) };
  const done = feedWatchdog({ manager, roundTrip, clock: systemClock, log, signal: stop.signal });
  return {
    notices,
    end: () => {
      stop.abort();
      return done;
    },
  };
}

test('the watchdog is fed after each round trip', async () => {
  let trips = 0;
  const feeding = fed(async () => void trips++);
  await vi.waitUntil(() => feeding.notices.length >= 3, 60_000);
  await feeding.end();
  expect(trips).toBeGreaterThanOrEqual(feeding.notices.length);
  expect(new Set(feeding.notices)).toEqual(new Set(['WATCHDOG=1']));
});

test('a journal that hangs or refuses leaves the watchdog hungry, but for the one feed in which its worker is replaced', async () => {
  const hanging = fed(() => new Promise(() => {}));
  let refused = 0;
  const refusing = fed(async () => {
    refused++;
    throw fail('journal-hung', 'alive');
  });
  await vi.waitUntil(() => refused >= 3, 60_000);
  expect([hanging.notices, refusing.notices]).toEqual([[], ['WATCHDOG=1']]);
  expect(log.warn).toHaveBeenCalled();
  await refusing.end();
});

test('nobody is told where no service manager listens', () => {
  expect(serviceManager({})).toBeNull();
  expect(serviceManager({ NOTIFY_SOCKET: '/run/x' })?.watchdogMs).toBeNull();
  expect(serviceManager({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000' })?.watchdogMs).toBe(30_000);
});

test('the notice goes through a systemd-notify that waits until it is taken, and its failure has a name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-notify-'));
  try {
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" >> ${folder}/heard\n`, { mode: 0o755 });
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/x', PATH: `${folder}:${process.env['PATH']}` })!;
    await manager.notify('READY=1');
    expect(readFileSync(join(folder, 'heard'), 'utf8')).toBe('READY=1\n');
    await expect(serviceManager({ NOTIFY_SOCKET: '/run/x', PATH: '/nowhere' })!.notify('READY=1')).rejects.toMatchObject({
      code: 'service-manager',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what hangs is killed within 30 s, and a journal that answers in time starves nobody', () => {
  const watchdogMs = watchdogOfUnit();
  expect(limits.BEAT_OVERDUE_MS + watchdogMs).toBeLessThan(30_000);
  expect(LATE_MS + watchdogMs).toBeLessThan(30_000);
  expect(watchdogMs / limits.WATCHDOG_FEEDS + limits.JOURNAL_ANSWER_TIMEOUT_MS).toBeLessThan(watchdogMs);
});

test('a worker of the journal that is replaced has 15 s to open the files, whenever the one before it began to hang', async () => {
  const openMs = 15_000;
  for (let hangsMs = 60_000; hangsMs < 65_000; hangsMs += 500) {
    const clock = new ManualClock();
    const [lateMs, openedMs] = [hangsMs + LATE_MS, hangsMs + LATE_MS + openMs];
    const fedMs = await fedAtMs(clock, 120_000, async () => {
      const nowMs = clock.monotonicMs();
      if (nowMs < hangsMs || nowMs >= openedMs) return;
      await clock.sleep((nowMs < lateMs ? lateMs : openedMs) - nowMs);
      if (nowMs < lateMs) throw fail('journal-hung', 'alive');
    });
    const gaps = fedMs.slice(1).map((ms, index) => ms - fedMs[index]!);
    expect(Math.max(...gaps), `hangs at ${hangsMs}`).toBeLessThan(watchdogOfUnit());
  }
});

test('a journal whose every worker hangs is given one of them, and no time beyond 30 s', async () => {
  const clock = new ManualClock();
  const hangsMs = 60_000;
  const fedMs = await fedAtMs(clock, 3_600_000, async () => {
    const nowMs = clock.monotonicMs();
    if (nowMs < hangsMs) return;
    await clock.sleep(nowMs < hangsMs + LATE_MS ? hangsMs + LATE_MS - nowMs : limits.JOURNAL_ANSWER_TIMEOUT_MS);
    throw fail('journal-hung', 'alive');
  });
  const lastMs = fedMs.at(-2)!;
  expect(lastMs).toBeGreaterThan(hangsMs);
  expect(lastMs + watchdogOfUnit() - hangsMs).toBeLessThan(30_000);
});
