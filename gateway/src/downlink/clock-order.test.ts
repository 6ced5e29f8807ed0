import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { MADE_MS } from '../version.ts';
import { ClockOrder } from './clock-order.ts';
import type { KeptOrder } from './record.ts';

const NOW_MS = Date.UTC(2028, 0, 1);
const LATEST_MS = Date.UTC(2028, 2, 1);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-clock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What becomes of an order of that time, and the words its command got. */
async function setTo(rightMs: number, isSynchronised = false) {
  const file = join(folder, 'words');
  const command = ['/bin/sh', '-c', 'printf "%s|%s" "$1" "$2" > "$0"', file, '{time}', '{seconds}'];
  const clock = { ...systemClock, wallMs: () => NOW_MS };
  const order = new ClockOrder({ clock, clockSynchronised: () => isSynchronised, latestMs: () => LATEST_MS, command });
  const outcome = await order.begin({ aheadMs: NOW_MS - rightMs, takenMs: NOW_MS } as KeptOrder, { set: true });
  const words = outcome.state === 'done' ? readFileSync(file, 'utf8').split('|') : [];
  return { outcome, words };
}

describe('an order to set the clock of the box', () => {
  it('gives its command the time in a form that systemd reads', async () => {
    const { outcome, words } = await setTo(Date.UTC(2027, 2, 5, 6, 30));
    expect(outcome).toMatchObject({ state: 'done', result: { setAtMs: NOW_MS } });
    expect(words).toEqual(['2027-03-05 06:30:00 UTC', '1804228200']);
    const read = spawnSync('systemd-analyze', ['timestamp', words[0]!], { encoding: 'utf8' });
    expect(read.stdout, read.stderr).toContain('@1804228200');
  });

  it('is refused with the reason where its time is before this version was made, or the network sets the clock', async () => {
    expect((await setTo(MADE_MS)).outcome).toMatchObject({ state: 'done' });
    expect((await setTo(MADE_MS - 1)).outcome).toMatchObject({
      state: 'refused',
      result: { why: expect.stringContaining('before this version was made') },
    });
    expect((await setTo(NOW_MS, true)).outcome).toMatchObject({ state: 'refused', result: { why: expect.stringContaining('network') } });
  });

  it('is refused with the reason where its time is later than any that can be right', async () => {
    expect((await setTo(LATEST_MS)).outcome).toMatchObject({ state: 'done' });
    rmSync(join(folder, 'words'));
    expect((await setTo(LATEST_MS + 1)).outcome).toMatchObject({
      state: 'refused',
      result: { why: expect.stringMatching(/^2028-03-01T00:00:00.001Z is after 2028-03-01T00:00:00.000Z/) },
    });
    expect(existsSync(join(folder, 'words'))).toBe(false);
  });
});
