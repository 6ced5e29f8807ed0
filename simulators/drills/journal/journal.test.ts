import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { JournalWatch, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inspect, OPENING } from './aftermath.ts';
import { buildShim, countCalls, tellStory } from './faults.ts';
import { memoryGroup } from './memory-group.ts';
import { sweepUpgrades } from './migration.ts';
import { pace } from './slow-disk.ts';
import { starve } from './starve.ts';
import { sweep } from './sweep.ts';
import { mountVolume } from './volume.ts';

const MIB = 1024 * 1024;
const soon = { timeout: 60_000, interval: 50 };
let folder: string;
let shim: string;

// gcc builds the shim, from headers that come with gencat (Debian package libc6-dev).
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-faults-'));
  shim = await buildShim(folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function eventOf(kind: EventKind, address: number): SiteEvent {
  return {
    id: `${kind}${address}`
      .split('')
      .map((letter) => letter.charCodeAt(0).toString(16))
      .join('')
      .padStart(32, '0')
      .slice(-32),
    kind,
    edge: kind === 'reading' ? 'momentary' : 'began',
    time: { ms: 1_800_000_000_000, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address } },
    source: 'panel-1',
    ...(kind === 'reading' ? { measured: { quantity: 'pressure-kpa', value: address, quality: 'good' } } : {}),
  };
}

describe('a journal disturbed at a call of the disk', () => {
  it('keeps every row it promised, once, and opens again, whatever happens at calls all over the story', { timeout: 900_000 }, async () => {
    const { points, complaints } = await sweep(100);
    expect(complaints).toEqual([]);
    expect(points).toBeGreaterThanOrEqual(95);
  });

  it('writes a group again over a new handle after a failed sync, counts the failure and refuses nobody', async () => {
    const counted = join(folder, 'sync-counted');
    const calls = await countCalls(shim, counted, `${counted}/alarm.sqlite`);
    for (const share of [0.6, 0.8]) {
      const directory = join(folder, `sync-${share}`);
      const fault = { call: 'sync', kind: 'eio', at: Math.round(calls.sync * share) } as const;
      const told = await tellStory({ shim, match: `${directory}/alarm.sqlite`, fault }, directory);
      expect(told).toMatchObject({ isComplete: true, refused: [], failures: 1 });
      expect(told.promised).toHaveLength(40);
      expect(await inspect(directory, told.promised)).toMatchObject({ missing: [], twice: [], wrong: [], damaged: [] });
    }
  });

  it('promises nothing while every sync fails', async () => {
    const directory = join(folder, 'sync-all');
    const told = await tellStory({ shim, match: directory, fault: { call: 'sync', kind: 'eio', at: 30, times: 1_000_000 } }, directory);
    expect(told.isComplete).toBe(false);
    expect(told.refused.at(-1)).toContain('journal-io');
    expect((await inspect(directory, told.promised)).missing).toEqual([]);
  });
});

describe('a full volume', () => {
  it('lets alarms in on the ballast, gives readings up, counted, says so, and lays the ballast again when there is room', async ({
    skip,
  }) => {
    await using volume = await mountVolume(8);
    if (!volume) return onlyBehindTheShim(skip);
    const directory = join(volume.path, 'data');
    const journal = await openJournal({ ...OPENING, directory, sizes: { ballastBytes: MIB } });
    const watch = new JournalWatch();
    const news = async () => watch.news(await journal.state(), performance.now()).map(({ note }) => note);
    try {
      await vi.waitFor(async () => expect((await journal.state()).space.ballastBytes).toBe(MIB), soon);
      await news();
      fillUp(volume.path);
      const promised: string[] = [];
      const take = async (...events: SiteEvent[]) => {
        for (const { lane, epoch, number, eventId } of await journal.append(events)) promised.push(`${lane} ${epoch} ${number} ${eventId}`);
      };
      for (let address = 0; address < 200; address++) await take(eventOf('fire', address), eventOf('reading', address));
      const full = await journal.state();
      expect(full.space).toMatchObject({ isFull: true, ballastBytes: 0 });
      expect(full.lanes.alarm.waiting).toBe(200);
      expect(full.lanes.ordinary.thinned).toBeGreaterThan(0);
      expect(full.lanes.ordinary.waiting + full.lanes.ordinary.thinned).toBe(200);
      expect(await journal.append([eventOf('reading', 1_000)])).toEqual([]);
      expect(await news()).toContain('readings-thinned');
      rmSync(join(volume.path, 'junk'));
      await vi.waitFor(async () => expect((await journal.state()).space).toMatchObject({ isFull: false, ballastBytes: MIB }), soon);
      expect(await journal.append([eventOf('reading', 2_000)])).toHaveLength(1);
      await journal.close();
      expect(
        (
          await inspect(
            directory,
            promised.filter((line) => line.startsWith('alarm')),
          )
        ).missing,
      ).toEqual([]);
    } finally {
      await journal.close();
    }
  });

  it('opens a journal on its ballast where there is no room left at all', async ({ skip }) => {
    await using volume = await mountVolume(8);
    if (!volume) return onlyBehindTheShim(skip);
    const directory = join(volume.path, 'data');
    const sizes = { ballastBytes: MIB };
    const first = await openJournal({ ...OPENING, directory, sizes });
    await vi.waitFor(async () => expect((await first.state()).space.ballastBytes).toBe(MIB), soon);
    await first.close();
    fillUp(volume.path);
    const second = await openJournal({ ...OPENING, directory, sizes });
    expect(await second.append([eventOf('fire', 1)])).toHaveLength(1);
    expect((await second.state()).space).toMatchObject({ isFull: true, ballastBytes: 0 });
    await second.close();
  });
});

describe('a journal that is broken on purpose', () => {
  it('is caught when it swallows that the volume is full', async () => {
    let missing = 0;
    for (const at of [100, 200]) {
      const directory = join(folder, `mutant-${at}`);
      const fault = { call: 'pwrite', kind: 'enospc', at, times: 60 } as const;
      const told = await tellStory({ shim, match: directory, fault, mutant: 'full-is-swallowed' }, directory);
      missing += (await inspect(directory, told.promised)).missing.length;
    }
    expect(missing).toBeGreaterThan(0);
  });
});

describe('a slow disk', () => {
  it('answers no alarm before its sync can have ended, and loses none', async () => {
    const { complaints, rows } = await pace(shim, 300, 2);
    expect(complaints).toEqual([]);
    expect(rows).toBeGreaterThan(5);
  });
});

describe('a starved process', () => {
  it('takes alarms on a backlog without descriptors and with little memory', async () => {
    const { complaints, taken } = await starve(10_000, memoryGroup(200));
    expect(complaints).toEqual([]);
    expect(taken).toBeLessThan(64);
  });
});

describe('an upgrade from an older schema', () => {
  it('that is killed on the way goes on at the next start, with every row', async () => {
    const { kills, complaints } = await sweepUpgrades(4);
    expect(complaints).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(4);
  });
});

/** Writes until there is no room for another byte. */
function fillUp(path: string): void {
  for (let bytes = MIB; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    for (;;) {
      try {
        writeFileSync(join(path, 'junk'), Buffer.alloc(bytes, 0x5a), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
  if (!existsSync(join(path, 'junk'))) throw new Error('the volume took nothing at all');
}

/**
 * Without the right to mount, the shim says ENOSPC instead: then the ballast cannot help, and what is refused is said again. That is less,
 * and so the test counts as left out; root may mount, or something is wrong.
 */
async function onlyBehindTheShim(skip: (why: string) => never): Promise<void> {
  expect(getuid!(), 'root could not mount a tmpfs: the story of a full volume cannot be told').not.toBe(0);
  const directory = mkdtempSync(join(folder, 'full-'));
  const told = await tellStory({ shim, match: directory, fault: { call: 'pwrite', kind: 'enospc', at: 150, times: 60 } }, directory);
  expect(told.isComplete).toBe(true);
  expect(told.refused.some((refusal) => refusal.startsWith('journal-full'))).toBe(true);
  expect((await inspect(directory, told.promised)).missing).toEqual([]);
  skip('no right to mount: only the refusals of a full disk were tried, not the ballast');
}
