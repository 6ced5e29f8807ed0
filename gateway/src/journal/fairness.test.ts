import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from '@fengsui/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventOf, type FollowedJournal, open, owedTo, temporaryFolder } from './journal.fixture.ts';
import type { Journal } from './journal.ts';
import { LaneFile } from './lane-file.ts';
import { Relief } from './relief.ts';
import type { NewRow } from './row.ts';

const KIB = 1024;
const folders: string[] = [];
const opened: FollowedJournal[] = [];

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function folder(): string {
  folders.push(temporaryFolder());
  return folders.at(-1)!;
}

async function journalOf(uplinks: readonly string[], ordinaryKiB: number, directory = folder()): Promise<FollowedJournal> {
  const journal = await open(directory, { uplinks, sizes: { ordinaryBytesMax: ordinaryKiB * KIB, keepRows: 50 } });
  opened.push(journal);
  return journal;
}

const closed = (journal: FollowedJournal) => opened.splice(opened.indexOf(journal), 1)[0]!.close();

const reading = (address: number, value: number) =>
  eventOf('reading', address, { edge: 'momentary', measured: { quantity: 'pressure-kpa', value, quality: 'good' } });

/** A site's hour: 80 readings of eight points, two faults and two fires of parts that never spoke before. */
const hour = (at: number) => [
  ...Array.from({ length: 80 }, (_, index) => reading(index % 8, at * 10 + Math.floor(index / 8))),
  ...[0, 1].flatMap((index) => [eventOf('fault', 1_000 + at * 2 + index), eventOf('fire', 1_000 + at * 2 + index)]),
];

/** An uplink takes everything it is owed, or so many rows of each lane, and confirms it. Answers how many rows. */
async function drain(journal: Journal, uplink: string, many = Number.POSITIVE_INFINITY): Promise<Record<Lane, number>> {
  const settled = { alarm: 0, ordinary: 0 };
  for (const lane of ['alarm', 'ordinary'] as const) {
    const accepted = (await owedTo(journal, uplink, lane)).slice(0, many);
    const { epoch } = (await journal.state()).lanes[lane];
    const outcome = await journal.outbox(uplink).settle({ gateway: 'gw-1', epoch, lane, accepted, rejected: [] });
    settled[lane] = outcome.accepted;
  }
  return settled;
}

const lanes = async (journal: Journal) => (await journal.state()).lanes;
const ordinary = async (journal: Journal) => (await lanes(journal)).ordinary;

/** How the ordinary lane of 256 KiB stands. Room is made beside the work: until there is enough, the next look finds less. */
const atRest = (journal: Journal) =>
  vi.waitFor(
    async () => {
      const { newest, uplinks, usedBytes } = await ordinary(journal);
      expect(usedBytes).toBeLessThanOrEqual(256 * KIB);
      const left = await owedTo(journal, 'dead', 'ordinary');
      expect(left).toHaveLength(uplinks['dead']!.waiting);
      return { newest, uplinks, left };
    },
    { timeout: 60_000 },
  );

describe('an uplink that is dead while another keeps up', () => {
  it('never costs the other a reading, and loses of its own only readings, oldest first, counted', async () => {
    const journal = await journalOf(['collector', 'dead'], 256);
    const hours = 60;
    let had = 0;
    for (let at = 0; at < hours; at++) {
      expect(await journal.append(hour(at))).toHaveLength(84);
      had += (await drain(journal, 'collector')).ordinary;
    }
    const { newest, uplinks, left } = await atRest(journal);
    expect(had).toBe(hours * 82);
    expect(uplinks['collector']).toMatchObject({ waiting: 0, thinned: 0 });
    expect(uplinks['dead']!.thinned).toBeGreaterThan(1_000);
    expect(uplinks['dead']!.waiting + uplinks['dead']!.thinned).toBe(newest);
    expect(await owedTo(journal, 'dead', 'alarm')).toHaveLength(hours * 2);
    expect(left.filter((number) => (number - 1) % 82 >= 80)).toHaveLength(hours * 2);
    expect(left.at(-1)).toBe(newest);
  });

  it('goes without new readings, counted, when states alone fill its share, and the other gets every one', async () => {
    const journal = await journalOf(['collector', 'dead'], 128);
    await journal.append(Array.from({ length: 800 }, (_, point) => eventOf('fault', point)));
    await drain(journal, 'collector');
    let had = 0;
    for (let at = 0; at < 40; at++) {
      expect(await journal.append(Array.from({ length: 80 }, (_, index) => reading(index % 8, at)))).toHaveLength(80);
      had += (await drain(journal, 'collector')).ordinary;
    }
    expect(had).toBe(3_200);
    const { waiting, newest, uplinks } = await ordinary(journal);
    expect(uplinks).toMatchObject({ collector: { waiting: 0, thinned: 0 }, dead: { waiting } });
    expect(uplinks['dead']!.thinned).toBe(newest - waiting);
    expect(waiting).toBeGreaterThanOrEqual(800);
    expect(waiting).toBeLessThan(1_000);
  });

  it('costs one nothing that is behind by less than its share', async () => {
    const journal = await journalOf(['slow', 'dead'], 256);
    for (let at = 0; at < 40; at++) {
      await journal.append(hour(at));
      if (at >= 4) await drain(journal, 'slow', 82);
    }
    const { newest, uplinks } = await ordinary(journal);
    expect(uplinks['slow']).toMatchObject({ waiting: 4 * 82, thinned: 0 });
    expect(uplinks['dead']!.waiting + uplinks['dead']!.thinned).toBe(newest);
    expect(await owedTo(journal, 'slow', 'ordinary')).toEqual(Array.from({ length: 4 * 82 }, (_, index) => newest - 4 * 82 + 1 + index));
  });

  it('is known for who it is after a restart, before anybody has said a word', async () => {
    const directory = folder();
    const before = await journalOf(['dead', 'collector'], 256, directory);
    for (let at = 0; at < 8; at++) {
      await before.append(hour(at));
      await drain(before, 'collector');
    }
    await closed(before);
    const journal = await journalOf(['dead', 'collector'], 256, directory);
    for (let at = 8; at < 12; at++) await journal.append(hour(at));
    expect((await ordinary(journal)).uplinks['dead']!.thinned).toBeGreaterThan(0);
    expect((await ordinary(journal)).uplinks['collector']).toMatchObject({ waiting: 4 * 82, thinned: 0 });
  });

  it('gets what is left of its own when it comes back, in order, each row once', async () => {
    const journal = await journalOf(['collector', 'dead'], 256);
    for (let at = 0; at < 30; at++) {
      await journal.append(hour(at));
      await drain(journal, 'collector');
    }
    const { left } = await atRest(journal);
    expect(left).toEqual(left.toSorted((one, other) => one - other));
    expect(await drain(journal, 'dead')).toEqual({ alarm: 60, ordinary: left.length });
    const { newest, waiting, uplinks } = await ordinary(journal);
    expect([waiting, uplinks['dead']!.waiting]).toEqual([0, 0]);
    expect(left.length + uplinks['dead']!.thinned).toBe(newest);
  });
});

describe('uplinks that are all behind', () => {
  it('lose alike what all are owed, each with a count of its own', async () => {
    const journal = await journalOf(['collector', 'city'], 256);
    for (let at = 0; at < 40; at++) await journal.append(hour(at));
    const { newest, waiting, thinned, uplinks } = await ordinary(journal);
    expect(waiting + thinned).toBe(newest);
    for (const uplink of ['collector', 'city']) expect(uplinks[uplink]).toMatchObject({ waiting, thinned });
  });

  it('lose first what only those are owed that were silent longest', async () => {
    const journal = await journalOf(['collector', 'city', 'old'], 384);
    for (let at = 0; at < 15; at++) {
      await journal.append(hour(at));
      for (const uplink of ['collector', 'city']) await drain(journal, uplink);
    }
    for (let at = 15; at < 24; at++) {
      await journal.append(hour(at));
      await drain(journal, 'collector');
    }
    const { uplinks } = await ordinary(journal);
    expect(uplinks['old']!.thinned).toBeGreaterThan(0);
    expect(uplinks).toMatchObject({ collector: { thinned: 0 }, city: { thinned: 0, waiting: 9 * 82 } });
  });

  it('keep their counts over a restart and under another name, and count what is turned away at the door', async () => {
    const directory = folder();
    const first = await journalOf(['collector', 'city'], 96, directory);
    await first.append(Array.from({ length: 600 }, (_, point) => eventOf('fault', point)));
    for (let at = 0; at < 20; at++) await first.append(Array.from({ length: 8 }, (_, index) => reading(index, at)));
    const { thinned, uplinks } = await ordinary(first);
    expect(thinned).toBeGreaterThan(0);
    expect(uplinks).toMatchObject({ collector: { thinned }, city: { thinned } });
    await first.append([eventOf('fault', 9_999)]);
    const { thinned: atEnd } = await ordinary(first);
    await closed(first);
    const again = await journalOf(['collector', 'centre'], 96, directory);
    expect((await ordinary(again)).uplinks).toMatchObject({ collector: { thinned: atEnd }, centre: { thinned: atEnd } });
  });
});

const BORN = { epoch: 1, newest: 0, newest_order: 0, boot: 1, other_newest: 0, alive_ms: 0, thinned: 0 };

function rowOf(number: number, kind: string, point: number): NewRow {
  return {
    ...{ epoch: 1, number, ordinal: number, boot: 1, monotonic_ms: 1, wall_ms: 1, clock_synchronised: 1, event_id: String(number) },
    ...{ kind, edge: 'began', source: 'panel-1', note: null, point: String(point), profile: 'p', frame: Buffer.alloc(200, number) },
  };
}

describe('any course of a lane with too little room', () => {
  const names = ['collector', 'a', 'b'] as const;
  const act = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('readings' as const), many: fc.integer({ min: 20, max: 120 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('states' as const), many: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const), by: fc.nat(1), many: fc.integer({ min: 1, max: 200 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  );

  it('leaves the one that keeps up every row, and accounts for every row of every other', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 40 }), (acts) => {
        const path = join(folder(), 'ordinary.sqlite');
        const sizes = { ballastBytes: 0, ordinaryBytesMax: 64 * KIB, alarmBytesMax: 64 * KIB, keepRows: 10, checkBytesMax: 1e9 };
        const lane = () => new LaneFile(path, 'ordinary', BORN, 0, names);
        let file = lane();
        let relief = new Relief(file, sizes);
        let written = 0;
        const settled = { collector: 0, a: 0, b: 0 };
        const settle = (uplink: (typeof names)[number], many: number) => {
          const { rows } = file.take({ uplink, after: 0, upTo: 1_000_000, rowsMax: many, bytesMax: 10_000_000 });
          const receipt = { gateway: 'g', epoch: 1, lane: 'ordinary' as const, accepted: rows.map(({ number }) => number), rejected: [] };
          settled[uplink] += file.commit([], [{ uplink, receipt, wallMs: 1 }], {}).settled[0]!.accepted;
        };
        for (const step of acts) {
          if (step.do === 'reopen') {
            file.close();
            file = lane();
            relief = new Relief(file, sizes);
          } else if (step.do === 'settle') settle(names[step.by + 1]!, step.many);
          else {
            const kind = step.do === 'readings' ? 'reading' : 'fault';
            const rows = Array.from({ length: step.many }, (_, index) =>
              rowOf(written + 1 + index, kind, kind === 'fault' ? written + index : index % 8),
            );
            relief.makeRoom();
            const { isShut, withheld } = relief.admission();
            expect(isShut).toBe(false);
            file.commit(rows, [], {}, { turnedAway: 0, withheld });
            written += rows.length;
            settle('collector', 1_000);
          }
        }
        const { uplinks } = file.state();
        file.close();
        expect(settled.collector).toBe(written);
        for (const name of names) expect([name, settled[name] + uplinks[name]!.waiting + uplinks[name]!.thinned]).toEqual([name, written]);
      }),
      { numRuns: 25 },
    );
  });
});
