import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Lane, PROFILES, type Receipt } from '@fengsui/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as limits from '../limits.ts';
import { eventOf, type FollowedJournal, open, temporaryFolder } from './journal.fixture.ts';
import { type JournalState, JournalWatch } from './journal.ts';
import { JournalReader } from './reader.ts';

const folders: string[] = [];
const opened: FollowedJournal[] = [];
const KIB = 1024;

async function journalWith(sizes: Parameters<typeof open>[1] & object, directory = temporaryFolder()): Promise<FollowedJournal> {
  folders.push(directory);
  const journal = await open(directory, sizes);
  opened.push(journal);
  return journal;
}

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const reading = (address: number, value: number) =>
  eventOf('reading', address, { edge: 'momentary', measured: { quantity: 'pressure-kpa', value, quality: 'good' } });

/** Readings of eight points, `rounds` of each, in groups. */
async function fill(journal: FollowedJournal, rounds: number, from = 0): Promise<void> {
  for (let round = from; round < from + rounds; round += 10) {
    const events = Array.from({ length: 10 }, (_, index) => Array.from({ length: 8 }, (_, point) => reading(point, round + index)));
    await journal.append(events.flat());
  }
}

interface Kept {
  readonly number: number;
  readonly what: string;
}

async function waiting(journal: FollowedJournal, lane: Lane): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (let after = 0; ; ) {
    const { rows, last, profile } = await journal.take(lane, after, 200, 100_000);
    if (rows.length === 0) return kept;
    for (const { number, frame } of rows) {
      const read = PROFILES.get(profile)!.read(frame);
      if ('undecodable' in read) throw new Error(read.undecodable);
      const { kind, part, measured } = read.event;
      kept.push({ number, what: `${kind} ${part.component?.address} ${measured?.value ?? ''}` });
    }
    after = last;
  }
}

const ordinary = async (journal: FollowedJournal) => (await journal.state()).lanes.ordinary;

/** Fills the lane with readings of more points than are looked at at once: nothing can be thinned. Answers a receipt of all of them. */
async function fillBeyondThinning(journal: FollowedJournal): Promise<Receipt> {
  const points = Array.from({ length: limits.CHORE_WINDOW_ROWS + 200 }, (_, point) => point);
  for (const round of [1, 2, 3]) await journal.append(points.map((point) => reading(point, round)));
  await vi.waitFor(async () => expect(await journal.append([reading(1, 4)])).toEqual([]), { timeout: 60_000 });
  const { epoch, newest } = await ordinary(journal);
  return { gateway: 'gw-1', epoch, lane: 'ordinary', accepted: Array.from({ length: newest }, (_, index) => index + 1), rejected: [] };
}

describe('room in the ordinary lane', () => {
  it('thins readings that wait, oldest first, and keeps the newest of each point, every state and every alarm', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 384 * KIB } });
    await journal.append(Array.from({ length: 20 }, (_, index) => eventOf('fire', index)));
    await journal.append(Array.from({ length: 20 }, (_, index) => eventOf('fault', 100 + index)));
    await fill(journal, 400);
    const kept = await vi.waitFor(async () => {
      const rows = await waiting(journal, 'ordinary');
      const { thinned, usedBytes, waiting: left, newest } = await ordinary(journal);
      expect(rows).toHaveLength(left); // thinned while they were read, or not
      expect(thinned).toBe(newest - left);
      expect(thinned).toBeGreaterThan(500);
      expect(usedBytes).toBeLessThan(384 * KIB * 1.05);
      return rows;
    }, 60_000);
    for (let point = 0; point < 8; point++) expect(kept.map(({ what }) => what)).toContain(`reading ${point} 399`);
    expect(kept.filter(({ what }) => what.startsWith('fault'))).toHaveLength(20);
    expect(kept.map(({ number }) => number)).toEqual(kept.map(({ number }) => number).toSorted((one, other) => one - other));
    expect(await waiting(journal, 'alarm')).toHaveLength(20);
  });

  it('gives up what the collector has before it thins anything that waits', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 384 * KIB, keepRows: 50 } });
    const startedMs = Date.now();
    expect((await ordinary(journal)).forgottenMs).toBeNull();
    for (let from = 0; from < 400; from += 50) {
      await fill(journal, 50, from);
      const { epoch, newest } = await ordinary(journal);
      const accepted = Array.from({ length: 400 }, (_, index) => newest - index);
      await journal.settle({ gateway: 'gw-1', epoch, lane: 'ordinary', accepted, rejected: [] });
    }
    await fill(journal, 20, 400);
    const { thinned, usedBytes, waiting: left, forgottenMs } = await ordinary(journal);
    expect({ thinned, left }).toEqual({ thinned: 0, left: 160 });
    expect(forgottenMs).toBeGreaterThanOrEqual(startedMs);
    expect(usedBytes).toBeLessThan(384 * KIB * 1.05);
  });

  it('lets go of states only where a newer one of the same point and kind has overtaken them', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 128 * KIB } });
    for (let turn = 0; turn < 60; turn++) {
      const edge = turn % 2 === 0 ? ('began' as const) : ('ended' as const);
      await journal.append(Array.from({ length: 10 }, (_, point) => eventOf('fault', point, { edge })));
    }
    const { thinned, usedBytes } = await ordinary(journal);
    expect(thinned).toBeGreaterThan(200);
    expect(usedBytes).toBeLessThan(128 * KIB * 1.05);
    const points = new Set((await waiting(journal, 'ordinary')).map(({ what }) => what));
    expect(points.size).toBe(10);
  });

  it('turns readings away, counted, when nothing is left to give up, and takes states and alarms on', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 96 * KIB } });
    await journal.append(Array.from({ length: 250 }, (_, point) => reading(point, 1)));
    for (let turn = 0; turn < 30; turn++) await journal.append([reading(1_000 + turn, 1), eventOf('fault', 2_000 + turn)]);
    const before = await ordinary(journal);
    expect(before.thinned).toBeGreaterThan(0);
    expect(await journal.append([reading(1, 2)])).toEqual([]);
    expect(await journal.append([reading(1, 3), eventOf('fire'), eventOf('fault', 9)])).toMatchObject([
      { lane: 'alarm' },
      { lane: 'ordinary', number: before.newest + 1 },
    ]);
    expect((await ordinary(journal)).thinned).toBe(before.thinned + 2);
  });

  it.each([300, 600, 1_500])(
    'shuts before the file is far beyond its size where %i readings come at a time and nothing can be thinned, and takes an alarm on',
    async (many) => {
      const size = 512 * KIB;
      const journal = await journalWith({ uplinks: ['collector', 'city'], sizes: { ordinaryBytesMax: size, keepRows: 10 } });
      let point = 0;
      const used: number[] = [];
      while (point < 24_000) {
        await journal.append(Array.from({ length: many }, () => reading((point += 1), 1)));
        used.push((await ordinary(journal)).usedBytes);
      }
      const oneAppend = Math.max(...used.map((bytes, index) => bytes - (used[index - 1] ?? 0)));
      expect(used.at(-1)).toBeLessThan(size * limits.JOURNAL_OVERSHOOT_MAX + 2 * oneAppend);
      await journal.append([eventOf('fire')]);
      expect(await waiting(journal, 'alarm')).toHaveLength(1);
    },
    60_000,
  );

  it('takes everything again as soon as the backlog is gone, and keeps its count over a restart', async () => {
    const directory = temporaryFolder();
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 256 * KIB, keepRows: 10 } }, directory);
    await fill(journal, 300);
    const { epoch, newest, thinned } = await ordinary(journal);
    const accepted = Array.from({ length: newest }, (_, index) => index + 1);
    await journal.settle({ gateway: 'gw-1', epoch, lane: 'ordinary', accepted, rejected: [] });
    await fill(journal, 30, 300);
    expect(await ordinary(journal)).toMatchObject({ waiting: 240, thinned });
    await journal.close();
    const again = await journalWith({}, directory);
    expect(await ordinary(again)).toMatchObject({ waiting: 240, thinned });
  });

  it.each([
    ['is back and has confirmed everything', ['collector']],
    ['that everybody waited for has confirmed everything', ['collector', 'city']],
  ])(
    'takes readings of more points than are looked at at once, as soon as the uplink %s',
    async (_, uplinks) => {
      const journal = await journalWith({ uplinks, sizes: { ordinaryBytesMax: 512 * KIB, keepRows: 10 } });
      const everything = await fillBeyondThinning(journal);
      for (const uplink of uplinks) await journal.outbox(uplink).settle(everything);
      expect(await ordinary(journal)).toMatchObject({ waiting: 0 });
      expect(await journal.append([reading(1, 5)])).toHaveLength(1);
      await vi.waitFor(async () => expect((await ordinary(journal)).usedBytes).toBeLessThan(512 * KIB), { timeout: 60_000 });
    },
    60_000,
  );

  it('gives up what only a silent uplink is owed once the others that were silent, too, have it', async () => {
    const journal = await journalWith({ uplinks: ['collector', 'city'], sizes: { ordinaryBytesMax: 512 * KIB, keepRows: 10 } });
    const everything = await fillBeyondThinning(journal);
    await journal.settle(everything);
    await vi.waitFor(async () => expect((await ordinary(journal)).usedBytes).toBeLessThan(512 * KIB), { timeout: 60_000 });
    const { collector, city } = (await ordinary(journal)).uplinks as Readonly<Record<'collector' | 'city', { readonly thinned: number }>>;
    expect(collector.thinned).toBeLessThan(city.thinned);
  });
});

describe('what is kept', () => {
  it('of a year without a link: every alarm and every state, and readings of all the year, thinned, counted', async () => {
    const dayMs = 86_400_000;
    let wallMs = Date.UTC(2026, 0, 1);
    const clock = { wallMs: () => wallMs, monotonicMs: () => performance.now(), sleep: async () => {} };
    const journal = await journalWith({ clock, sizes: { ordinaryBytesMax: 1_024 * KIB } });
    const days = 366;
    for (let day = 0; day < days; day++, wallMs += dayMs) {
      const readings = Array.from({ length: 32 }, (_, index) => reading(index % 8, day));
      await journal.append([...readings, eventOf('fault', day), eventOf('fire', day)]);
    }
    const { thinned, waiting: left, newest } = await ordinary(journal);
    expect(left + thinned).toBe(newest);
    expect(thinned).toBeGreaterThan(1_000);
    const kept = await waiting(journal, 'ordinary');
    expect(kept.filter(({ what }) => what.startsWith('fault'))).toHaveLength(days);
    expect(await waiting(journal, 'alarm')).toHaveLength(days);
    const daysRead = kept.filter(({ what }) => what.startsWith('reading')).map(({ what }) => Number(what.split(' ')[2]));
    expect(Math.min(...daysRead)).toBeLessThan(60);
    expect(Math.max(...daysRead)).toBe(days - 1);
  });

  it('of what is settled: the newest rows of each kind in each lane, however many come, and alarms that wait for ever', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 200 * KIB, alarmBytesMax: 200 * KIB, keepRows: 100 } });
    await journal.append(Array.from({ length: 50 }, (_, index) => eventOf('supervisory', index)));
    const { epoch } = await journal.take('alarm', 0, 1, 10_000);
    for (let turn = 0; turn < 30; turn++) {
      const events = Array.from({ length: 50 }, (_, index) => [eventOf('fire', index), eventOf('fault', index), eventOf('shield', index)]);
      const stored = await journal.append(events.flat());
      for (const lane of ['alarm', 'ordinary'] as const) {
        const accepted = stored.filter((row) => row.lane === lane).map(({ number }) => number);
        await journal.settle({ gateway: 'gw-1', epoch, lane, accepted, rejected: [] });
      }
    }
    await vi.waitFor(
      async () => {
        const { lanes } = await journal.state();
        for (const lane of ['alarm', 'ordinary'] as const) expect(lanes[lane].usedBytes).toBeLessThan(200 * KIB * 1.1);
        expect(lanes).toMatchObject({ alarm: { waiting: 50, thinned: 0 }, ordinary: { waiting: 0, thinned: 0 } });
      },
      { timeout: 60_000, interval: 100 },
    );
    using reader = new JournalReader(folders.at(-1)!);
    const rows = [...reader.rows({}, 'oldest-first')];
    for (const kind of ['fire', 'fault', 'shield']) {
      const numbers = rows.filter((row) => row.kind === kind).map(({ number }) => number);
      expect(numbers.length).toBeGreaterThanOrEqual(100);
      expect(numbers.at(-1)).toBeGreaterThan(1_480);
    }
    expect(rows.filter(({ kind }) => kind === 'supervisory')).toHaveLength(50);
  });

  it('of what is rejected: the newest rows, with their reasons, and they never crowd out what is sound', async () => {
    const journal = await journalWith({ sizes: { ordinaryBytesMax: 128 * KIB, keepRows: 50 } });
    for (let turn = 0; turn < 20; turn++) {
      const stored = await journal.append(Array.from({ length: 50 }, (_, index) => eventOf('fault', index)));
      const rejected = stored.map(({ number }) => ({ number, reason: 'not decodable' }));
      await journal.settle({ gateway: 'gw-1', epoch: stored[0]!.epoch, lane: 'ordinary', accepted: [], rejected });
    }
    expect(await journal.append([reading(1, 1)])).toHaveLength(1);
    const { rejected, thinned, usedBytes } = await ordinary(journal);
    expect(rejected).toBeGreaterThanOrEqual(50);
    expect(rejected + thinned).toBe(1_000);
    expect(usedBytes).toBeLessThan(128 * KIB * 1.1);
    using reader = new JournalReader(folders.at(-1)!);
    const reasons = [...reader.rows({ states: ['rejected'] }, 'oldest-first')].map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['collector: not decodable']));
  });
});

describe('the ballast', () => {
  it('is laid beside everything else, of real bytes, and goes when it is no longer wanted', async () => {
    const directory = temporaryFolder();
    const journal = await journalWith({ sizes: { ballastBytes: 3 * KIB * KIB } }, directory);
    await journal.append([eventOf('fire')]);
    await vi.waitFor(async () => expect((await journal.state()).space.ballastBytes).toBe(3 * KIB * KIB), { timeout: 60_000 });
    const { size, blocks } = statSync(join(directory, 'ballast'));
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
    await journal.close();
    const again = await journalWith({}, directory);
    expect((await again.state()).space.ballastBytes).toBe(0);
  });
});

describe('what a watch has to say', () => {
  const lane = (thinned: number, of: Readonly<Record<string, number>> = {}) => ({
    quarantined: 0,
    thinned,
    failure: null,
    uplinks: Object.fromEntries(Object.entries(of).map(([name, lost]) => [name, { thinned: lost }])),
  });
  const state = (space: Partial<JournalState['space']>, thinned = 0, diskFailures = 0, of: Readonly<Record<string, number>> = {}) =>
    ({
      lanes: { alarm: lane(0), ordinary: lane(thinned, of) },
      damagedFiles: [],
      findings: [],
      space: { isFull: false, usedShare: 0, freeBytes: 5 * KIB * KIB, ballastBytes: 0, ...space },
      diskFailures,
      lastDiskFailure: 'alarm: SQLITE_IOERR_FSYNC',
    }) as unknown as JournalState;
  const words = (watch: JournalWatch, of: JournalState, atMs = 0) =>
    watch.news(of, atMs).map(({ note, edge, text, source }) => `${source ? `${source}: ` : ''}${note} ${edge} ${text}`);

  it('tells how many rows were given up, at once and then now and then, and nothing of an earlier run', () => {
    const watch = new JournalWatch();
    expect(words(watch, state({}, 7))).toEqual([]);
    expect(words(watch, state({}, 9), 1_000)).toEqual(['readings-thinned momentary 2 rows given up for want of room']);
    expect(words(watch, state({}, 20), 2_000)).toEqual([]);
    expect(words(watch, state({}, 30), 700_000)).toEqual(['readings-thinned momentary 21 rows given up for want of room']);
  });

  it('names each uplink that lost rows, also where nobody else did, and says how to mend it', () => {
    const watch = new JournalWatch();
    const lost = (collector: number, city: number) => state({}, 100, 0, { collector, city });
    expect(words(watch, lost(5, 7))).toEqual([]);
    expect(words(watch, lost(5, 17), 1_000)).toEqual([
      expect.stringMatching(/^city: readings-thinned momentary 10 rows that city was owed given up for want of room: check it/),
    ]);
    expect(words(watch, lost(6, 18), 700_000).map((text) => text.split(':')[0])).toEqual(['collector', 'city']);
  });

  it('tells a failure of the disk once', () => {
    const watch = new JournalWatch();
    expect(words(watch, state({}, 0, 1))).toEqual(['journal-damaged momentary opened anew after alarm: SQLITE_IOERR_FSYNC']);
    expect(words(watch, state({}, 0, 1))).toEqual([]);
  });
});
