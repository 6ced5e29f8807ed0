import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { NUMBER_TAKEN } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { eventOf, type FollowedJournal, open, temporaryFolder } from './journal.fixture.ts';
import { LaneFile } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';
import { Renewal } from './renewal.ts';
import type { NewRow } from './row.ts';
import { MIGRATIONS } from './schema.ts';
import { refused } from './settled-levels.ts';

const folders: string[] = [];
const closing: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  folders.push(temporaryFolder());
  return folders.at(-1)!;
}

const BORN = { epoch: 1, newest: 0, newest_order: 0, boot: 1, other_newest: 0, alive_ms: 0, thinned: 0 };

function rowOf(number: number): NewRow {
  return {
    ...{ epoch: 1, number, ordinal: number, boot: 1, monotonic_ms: 1, wall_ms: 1, clock_synchronised: 1, event_id: `e${number}` },
    ...{ kind: 'fire', edge: 'began', source: 'panel-1', note: null, point: null, profile: 'p', frame: Buffer.from('frame') },
  };
}

const pathIn = (directory: string) => join(directory, 'alarm.sqlite');
const opened = (directory: string, uplinks: readonly string[]) => new LaneFile(pathIn(directory), 'alarm', BORN, 0, uplinks);

function fileOf(uplinks: readonly string[], rows: number): { readonly file: LaneFile; readonly directory: string } {
  const directory = folder();
  const file = opened(directory, uplinks);
  file.commit(
    Array.from({ length: rows }, (_, index) => rowOf(index + 1)),
    [],
    { newest: rows, newest_order: rows },
  );
  return { file, directory };
}

type Rejected = Readonly<Record<number, string>>;

function settle(file: LaneFile, uplink: string, accepted: number[], rejections: Rejected = {}, epoch = 1): void {
  const rejected = Object.entries(rejections).map(([number, reason]) => ({ number: Number(number), reason }));
  file.commit([], [{ uplink, receipt: { gateway: 'gw-1', epoch, lane: 'alarm', accepted, rejected }, wallMs: 1 }], {});
}

/** Epochs and numbers an uplink still has to settle. */
function owedTo(file: LaneFile, uplink: string): string[] {
  const names: string[] = [];
  for (let after = 0; ; ) {
    const { epoch, rows, last } = file.take({ uplink, after, upTo: 1_000_000, rowsMax: 500, bytesMax: 1_000_000 });
    if (rows.length === 0) return names;
    names.push(...rows.map(({ number }) => `${epoch}/${number}`));
    after = last;
  }
}

const retry = (file: LaneFile, ...numbers: number[]) => file.offers.retry(numbers.map((number) => ({ epoch: 1, number })));

describe('a rejected row that is offered again', () => {
  it('is owed to those alone who rejected it, however names end and whatever a reason says', () => {
    const { file } = fileOf(['city', 'old-city', 'collector'], 2);
    settle(file, 'city', [1, 2]);
    settle(file, 'old-city', [2], { 1: 'collector: city: malformed' });
    settle(file, 'collector', [1], { 2: 'malformed' });
    retry(file, 1, 2);
    expect(['city', 'old-city', 'collector'].map((uplink) => owedTo(file, uplink))).toEqual([[], ['1/1'], ['1/2']]);
    file.close();
  });

  it('stays owed to an uplink that has another name meanwhile', () => {
    const { file, directory } = fileOf(['collector', 'city'], 1);
    settle(file, 'collector', [], { 1: 'malformed' });
    settle(file, 'city', [1]);
    file.close();
    const again = opened(directory, ['main', 'city']);
    retry(again, 1);
    expect([owedTo(again, 'main'), owedTo(again, 'city')]).toEqual([['1/1'], []]);
    again.close();
  });

  it('is owed to all there are when who rejected it is gone, also where another has its place', () => {
    const { file, directory } = fileOf(['collector', 'city'], 1);
    settle(file, 'collector', [1]);
    settle(file, 'city', [], { 1: 'malformed' });
    file.close();
    const alone = opened(directory, ['collector']);
    alone.close();
    const again = opened(directory, ['collector', 'fresh']);
    retry(again, 1);
    expect([owedTo(again, 'collector'), owedTo(again, 'fresh')]).toEqual([['1/1'], ['1/1']]);
    again.close();
  });

  it('is owed to all when a version rejected it that wrote no name down, and a row that waited for nobody waits for all', () => {
    const { file, directory } = fileOf(['collector', 'city'], 3);
    for (const uplink of ['collector', 'city']) settle(file, uplink, [1, 2]);
    file.close();
    older(directory, `UPDATE rows SET state = 2, reason = 'malformed' WHERE number = 1; UPDATE rows SET state = 0 WHERE number = 2;`);
    const again = opened(directory, ['collector', 'city']);
    retry(again, 1);
    for (const uplink of ['collector', 'city']) expect(owedTo(again, uplink)).toEqual(['1/2', '1/3', '1/1']);
    settle(again, 'city', [1, 2, 3]);
    settle(again, 'collector', [1, 2, 3]);
    expect(again.state()).toMatchObject({ waiting: 0, rejected: 0 });
    again.close();
  });
});

/** Makes the file one of the schema before rejecters were kept. */
function older(directory: string, more: string): void {
  const database = new Database(pathIn(directory));
  database.exec(
    `DROP TRIGGER rows_said; DROP TRIGGER rows_said_gone; DROP TABLE said; ALTER TABLE header DROP COLUMN said_from; ALTER TABLE uplinks DROP COLUMN thinned; ALTER TABLE uplinks DROP COLUMN since; DROP TRIGGER rows_refused_gone; DROP TABLE refusals; ${more}`,
  );
  database.pragma('user_version = 3');
  database.close();
  expect(MIGRATIONS.length).toBeGreaterThan(3);
}

/** What of the two files a renewal needs: one lane, its epochs counted. */
function renewalOf(file: LaneFile) {
  const remarks: string[] = [];
  let nowMs = 1;
  const files = {
    start: { directory: '/nowhere' },
    epochAbove: () => file.header.epoch + 1,
    enter: (lane: string, epoch: number) => lane === file.lane && file.commit([], [], { epoch, newest: 0 }),
    findings: { remark: (words: string) => remarks.push(words) },
  } as unknown as LaneFiles;
  const renewal = new Renewal(files, { tried: (_, act) => act() }, () => nowMs);
  return {
    remarks,
    pass: (ms: number) => (nowMs += ms),
    run: () => {
      while (renewal.step(file));
    },
  };
}

const TAKEN = `${NUMBER_TAKEN}: a restored or copied journal must begin a new epoch`;
const MINUTE = 60_000;

describe('a number that the collector knows for another row', () => {
  it('is changed for the collector alone, at once, while others are still owed the row under the old one', () => {
    const { file } = fileOf(['collector', 'city', 'dead'], 2);
    const renewal = renewalOf(file);
    settle(file, 'city', [1]);
    settle(file, 'collector', [2], { 1: TAKEN });
    renewal.run();
    expect(['collector', 'city', 'dead'].map((uplink) => owedTo(file, uplink))).toEqual([['2/1'], ['1/2'], ['1/1', '1/2']]);
    settle(file, 'dead', [1, 2]);
    settle(file, 'city', [2]);
    settle(file, 'collector', [1], {}, 2);
    expect(file.state()).toMatchObject({ waiting: 0, rejected: 0 });
    file.close();
  });

  it('is changed for the collector alone where another rejected what the row says: that stays', () => {
    const { file } = fileOf(['collector', 'city'], 1);
    const renewal = renewalOf(file);
    settle(file, 'city', [], { 1: 'malformed' });
    settle(file, 'collector', [], { 1: TAKEN });
    renewal.run();
    expect([owedTo(file, 'collector'), owedTo(file, 'city')]).toEqual([['2/1'], []]);
    expect(file.state()).toMatchObject({ waiting: 1, rejected: 1 });
    file.close();
  });

  it('is changed once for one who says so of all, told, and again only after ever longer times', () => {
    const { file } = fileOf(['collector'], 1);
    const renewal = renewalOf(file);
    const rejectAll = () => {
      for (const name of owedTo(file, 'collector')) {
        const [epoch, number] = name.split('/').map(Number) as [number, number];
        settle(file, 'collector', [], { [number]: TAKEN }, epoch);
      }
      renewal.run();
    };
    for (let turn = 0; turn < 5; turn++) rejectAll();
    expect(file.header.epoch).toBe(2);
    expect(file.state()).toMatchObject({ waiting: 0, rejected: 1 });
    expect(renewal.remarks).toEqual([
      expect.stringContaining('a new epoch begins, 2'),
      expect.stringContaining('these rows stay rejected'),
    ]);
    const epochs = [10, 10, 10, 20, 20, 40, 40].map((minutes, index) => {
      renewal.pass(minutes * MINUTE);
      file.commit([{ ...rowOf(file.header.newest + 1), epoch: file.header.epoch, event_id: `later-${index}` }], [], {
        newest: file.header.newest + 1,
      });
      rejectAll();
      return file.header.epoch;
    });
    expect(epochs).toEqual([3, 3, 4, 4, 5, 5, 6]);
    file.close();
  });

  it('begins a new epoch in a journal before its next row is written, though another uplink is owed everything', async () => {
    const journal: FollowedJournal = await open(folder(), { uplinks: ['collector', 'dead'] });
    closing.push(() => journal.close());
    const [first] = await journal.append([eventOf('fire')]);
    await journal.settle({
      gateway: 'gw-1',
      epoch: first!.epoch,
      lane: 'alarm',
      accepted: [],
      rejected: [{ number: first!.number, reason: TAKEN }],
    });
    const [second] = await journal.append([eventOf('fire', 2)]);
    expect(second!.epoch).toBeGreaterThan(first!.epoch);
    const { epoch, rows } = await journal.take('alarm', 0, 64, 100_000);
    expect([epoch, rows.map(({ number }) => number)]).toEqual([second!.epoch, [1, 2]]);
  });
});

describe('the events that are known from before', () => {
  it('leave out what was set aside or rejected, but for ends: a device that says it again is heard', () => {
    const { file } = fileOf(['collector'], 3);
    settle(file, 'collector', [1], { 2: 'malformed' });
    file.quarantine({ position: 3, state: 0 });
    file.commit([{ ...rowOf(4), edge: 'ended' }], [], {});
    settle(file, 'collector', [], { 4: 'malformed' });
    expect(file.newest(10).map(({ eventId }) => eventId)).toEqual(['e4', 'e1']);
    file.close();
  });
});

describe('rows that were refused', () => {
  it('are found oldest first by an index, without sorting', () => {
    const { file } = fileOf(['collector'], 1);
    const plan = file.database.prepare(`EXPLAIN QUERY PLAN ${refused('position <= 9')} ORDER BY position LIMIT 5`).all() as Array<{
      detail: string;
    }>;
    const details = plan.map(({ detail }) => detail);
    expect(details.filter((detail) => /INDEX rows_unwell/.test(detail))).toHaveLength(2);
    expect(details.join()).not.toContain('TEMP B-TREE');
    file.close();
  });
});
