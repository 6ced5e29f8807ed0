import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import { feedWatchdog, type Notice, serviceManager } from './watchdog.ts';

const log = { info() {}, warn: vi.fn(), error() {} };

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

test('a journal that hangs or refuses leaves the watchdog hungry', async () => {
  const hanging = fed(() => new Promise(() => {}));
  let refused = 0;
  const refusing = fed(async () => {
    refused++;
    throw fail('journal-hung', 'alive');
  });
  await vi.waitUntil(() => refused >= 3, 60_000);
  expect([hanging.notices, refusing.notices]).toEqual([[], []]);
  expect(log.warn).toHaveBeenCalled();
  await refusing.end();
});

test('nobody is told where no service manager listens', () => {
  expect(serviceManager({})).toBeNull();
  expect(serviceManager({ NOTIFY_SOCKET: '/run/x' })?.watchdogMs).toBeNull();
  expect(serviceManager({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000' })?.watchdogMs).toBe(30_000);
});

test('the notice goes through systemd-notify, and its failure has a name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-notify-'));
  try {
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" >> ${folder}/heard\n`, { mode: 0o755 });
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/x', PATH: `${folder}:${process.env['PATH']}` })!;
    await manager.notify('READY=1');
    expect(readFileSync(join(folder, 'heard'), 'utf8')).toBe('--no-block READY=1\n');
    await expect(serviceManager({ NOTIFY_SOCKET: '/run/x', PATH: '/nowhere' })!.notify('READY=1')).rejects.toMatchObject({
      code: 'service-manager',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what hangs is killed within 30 s, and a journal that answers in time starves nobody', () => {
  const unit = readFileSync(new URL('../package/debian/fengsui-gateway.service', import.meta.url), 'utf8');
  const watchdogMs = Number(/^WatchdogSec=(\d+)$/m.exec(unit)![1]) * 1_000;
  expect(limits.BEAT_OVERDUE_MS + watchdogMs).toBeLessThan(30_000);
  expect(watchdogMs / limits.WATCHDOG_FEEDS + limits.JOURNAL_ANSWER_TIMEOUT_MS).toBeLessThan(watchdogMs);
});
