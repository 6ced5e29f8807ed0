import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventOf, type FollowedJournal, open, owedTo, temporaryFolder } from './journal.fixture.ts';
import type { Journal } from './journal.ts';
import { LaneFile } from './lane-file.ts';
import type { NewRow } from './row.ts';
import { MIGRATIONS } from './schema.ts';

const soon = { timeout: 60_000, interval: 20 };
const opened: Journal[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function journalOf(uplinks: readonly string[], directory = folder()): Promise<FollowedJournal & { readonly directory: string }> {
  const journal = await open(directory, { uplinks });
  opened.push(journal);
  return Object.assign(journal, { directory });
}

function folder(): string {
  folders.push(temporaryFolder());
  return folders.at(-1)!;
}

async function reopened(journal: Journal & { readonly directory: string }, uplinks: readonly string[]): ReturnType<typeof journalOf> {
  await opened.splice(opened.indexOf(journal), 1)[0]!.close();
  return journalOf(uplinks, journal.directory);
}

async function settle(journal: Journal, uplink: string, accepted: number[], rejected: number[] = [], lane: Lane = 'alarm') {
  const { epoch } = (await journal.state()).lanes[lane];
  return journal
    .outbox(uplink)
    .settle({ gateway: 'gw-1', epoch, lane, accepted, rejected: rejected.map((number) => ({ number, reason: 'malformed' })) });
}

const fires = (many: number) => Array.from({ length: many }, (_, index) => eventOf('fire', index));
const alarm = async (journal: Journal) => (await journal.state()).lanes.alarm;

function rowsIn(directory: string): Array<{ number: number; state: number; reason: string | null }> {
  const database = new Database(join(directory, 'alarm.sqlite'), { readonly: true });
  const rows = database.prepare('SELECT number, state, reason FROM rows ORDER BY position').all();
  database.close();
  return rows as ReturnType<typeof rowsIn>;
}

describe('a journal with several uplinks', () => {
  it('keeps a row waiting until every one of them has settled it, in whatever order they do', async () => {
    const journal = await journalOf(['collector', 'city']);
    await journal.append(fires(4));
    expect(await settle(journal, 'collector', [1, 2, 3])).toEqual({ accepted: 3, rejected: 0, unknown: 0 });
    expect(await settle(journal, 'collector', [1])).toEqual({ accepted: 0, rejected: 0, unknown: 1 });
    expect(await alarm(journal)).toMatchObject({ waiting: 4, uplinks: { collector: { waiting: 1 }, city: { waiting: 4 } } });
    await settle(journal, 'city', [4, 2]);
    expect([await owedTo(journal, 'collector'), await owedTo(journal, 'city')]).toEqual([[4], [1, 3]]);
    await settle(journal, 'collector', [4]);
    await settle(journal, 'city', [1, 3]);
    expect(await alarm(journal)).toMatchObject({
      waiting: 0,
      uplinks: { collector: { waiting: 0, oldestMs: null }, city: { waiting: 0 } },
    });
  });

  it('keeps who rejected a row and why, and counts it when the last has settled it', async () => {
    const journal = await journalOf(['collector', 'city']);
    await journal.append(fires(3));
    await settle(journal, 'collector', [2, 3], [1]);
    expect(await alarm(journal)).toMatchObject({ waiting: 3, rejected: 0 });
    await settle(journal, 'city', [1], [2]);
    expect(await alarm(journal)).toMatchObject({ waiting: 1, rejected: 2 });
    await settle(journal, 'city', [], [3]);
    expect(rowsIn(journal.directory)).toEqual([
      { number: 1, state: 2, reason: 'collector: malformed' },
      { number: 2, state: 2, reason: 'city: malformed' },
      { number: 3, state: 2, reason: 'city: malformed' },
    ]);
  });

  it('hands ten thousand rows that wait to the uplink that takes the place of another', async () => {
    let journal = await journalOf(['collector']);
    for (let turn = 0; turn < 20; turn++) await journal.append(fires(500));
    await settle(journal, 'collector', [1, 2, 3]);
    journal = await reopened(journal, ['main']);
    expect(await alarm(journal)).toMatchObject({ waiting: 9_997, uplinks: { main: { waiting: 9_997 } } });
    expect(await owedTo(journal, 'main')).toEqual(Array.from({ length: 9_997 }, (_, index) => index + 4));
    journal = await reopened(journal, ['main']);
    expect((await owedTo(journal, 'main')).length).toBe(9_997);
  });

  it('lets one that is added begin with what nobody has settled, and everything new', async () => {
    let journal = await journalOf(['collector', 'city']);
    await journal.append(fires(5));
    await settle(journal, 'collector', [1, 2]);
    await settle(journal, 'city', [2, 3]);
    journal = await reopened(journal, ['collector', 'city', 'second']);
    await journal.append(fires(1));
    expect(await owedTo(journal, 'second')).toEqual([4, 5, 6]);
    expect(await owedTo(journal, 'collector')).toEqual([3, 4, 5, 6]);
    expect(await owedTo(journal, 'city')).toEqual([1, 4, 5, 6]);
  });

  it('releases what one was owed that is taken away, and has its place free for another', async () => {
    let journal = await journalOf(['collector', 'a', 'b', 'dead']);
    await journal.append(fires(300));
    const all = Array.from({ length: 300 }, (_, index) => index + 1);
    for (const uplink of ['collector', 'a', 'b']) await settle(journal, uplink, all.slice(0, 200), uplink === 'a' ? [201] : []);
    journal = await reopened(journal, ['collector', 'a', 'b']);
    await vi.waitFor(async () => expect((await alarm(journal)).waiting).toBe(100), soon);
    await settle(journal, 'collector', [201]);
    await settle(journal, 'b', [201]);
    expect(await alarm(journal)).toMatchObject({ waiting: 99, rejected: 1, uplinks: { collector: { waiting: 99 } } });
    journal = await reopened(journal, ['collector', 'a', 'b', 'fresh']);
    expect((await owedTo(journal, 'fresh')).length).toBe(99);
  });

  it('finds the rows of one by its own index, however many wait for another', async () => {
    const journal = await journalOf(['collector', 'dead']);
    await journal.append(fires(1));
    const database = new Database(join(journal.directory, 'alarm.sqlite'), { readonly: true });
    const plan = database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT frame FROM owed CROSS JOIN rows ON rows.position = owed.position
         WHERE owed.slot = 0 AND owed.position > 0 ORDER BY owed.position`,
      )
      .all() as Array<{ detail: string }>;
    database.close();
    expect(plan.map(({ detail }) => detail)).toEqual([
      'SEARCH owed USING PRIMARY KEY (slot=? AND position>?)',
      'SEARCH rows USING INTEGER PRIMARY KEY (rowid=?)',
    ]);
  });

  it('takes over what waits in a file that knew of one uplink only', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.append(fires(3));
    await first.close();
    const database = new Database(join(directory, 'alarm.sqlite'));
    database.exec(
      'DROP TRIGGER rows_said; DROP TRIGGER rows_said_gone; DROP TABLE said; ALTER TABLE header DROP COLUMN said_from; DROP TRIGGER rows_owed; DROP TRIGGER rows_set_aside; DROP TRIGGER rows_gone; DROP TABLE owed; DROP TABLE uplinks; DROP TRIGGER rows_refused_gone; DROP TABLE refusals',
    );
    database.prepare('UPDATE rows SET state = 1 WHERE number = 2').run();
    database.pragma('user_version = 2');
    database.close();
    expect(MIGRATIONS.length).toBeGreaterThan(2);
    const journal = await journalOf(['collector', 'city'], directory);
    expect([await owedTo(journal, 'collector'), await owedTo(journal, 'city')]).toEqual([
      [1, 3],
      [1, 3],
    ]);
  });

  it('does for any course of receipts, restarts and changed uplinks what a simple model says', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const act = fc.oneof(
      fc.record({ do: fc.constant('append' as const), many: fc.integer({ min: 1, max: 6 }) }),
      fc.record({
        do: fc.constant('settle' as const),
        by: fc.nat(3),
        accept: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 6 }),
        reject: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }),
      }),
      fc.record({ do: fc.constant('reopen' as const), uplinks: fc.shuffledSubarray([...names], { minLength: 1 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const path = join(folder(), 'alarm.sqlite');
        const model = new Model(['a']);
        let file = new LaneFile(path, 'alarm', BORN, 0, ['a']);
        let number = 0;
        for (const step of acts) {
          if (step.do === 'append') {
            file.commit(
              Array.from({ length: step.many }, () => rowOf(++number)),
              [],
              {},
            );
            model.append(step.many);
          } else if (step.do === 'settle') {
            const uplink = model.uplinks[step.by % model.uplinks.length]!;
            const rejected = step.reject.map((each) => ({ number: each, reason: 'malformed' }));
            const receipt = { gateway: 'gw-1', epoch: 1, lane: 'alarm' as const, accepted: step.accept, rejected };
            file.commit([], [{ uplink, receipt, wallMs: 1 }], {});
            model.settle(uplink, step.accept, step.reject);
          } else {
            file.close();
            file = new LaneFile(path, 'alarm', BORN, 0, step.uplinks);
            model.become(step.uplinks);
          }
        }
        for (const uplink of model.uplinks)
          expect(
            file.take({ uplink, after: 0, upTo: 1_000_000, rowsMax: 1_000, bytesMax: 1_000_000 }).rows.map((row) => row.number),
          ).toEqual(model.owedTo(uplink));
        while (file.release(1));
        const due = Object.fromEntries(
          model.uplinks.map((name) => [name, expect.objectContaining({ waiting: model.owedTo(name).length })]),
        );
        const told = file.state();
        file.close();
        expect(told).toMatchObject({ waiting: model.waiting(), rejected: model.rejected() });
        expect(told.uplinks).toEqual(due);
      }),
      { numRuns: 60 },
    );
  });
});

const BORN = { epoch: 1, newest: 0, newest_order: 0, boot: 1, other_newest: 0, alive_ms: 0, thinned: 0 };

function rowOf(number: number): NewRow {
  return {
    ...{ epoch: 1, number, ordinal: number, boot: 1, monotonic_ms: 1, wall_ms: 1, clock_synchronised: 1, event_id: String(number) },
    ...{ kind: 'fire', edge: 'began', source: 'panel-1', note: null, point: null, profile: 'p', frame: Buffer.from('frame') },
  };
}

/** What the journal promises, as sets. */
class Model {
  uplinks: string[];
  readonly #rows: Array<{ readonly owed: Set<string>; isRejected: boolean }> = [];

  constructor(uplinks: readonly string[]) {
    this.uplinks = [...uplinks];
  }

  append(many: number): void {
    for (let index = 0; index < many; index++) this.#rows.push({ owed: new Set(this.uplinks), isRejected: false });
  }

  settle(uplink: string, accepted: readonly number[], rejected: readonly number[]): void {
    for (const number of accepted) this.#rows[number - 1]?.owed.delete(uplink);
    for (const number of rejected) {
      const row = this.#rows[number - 1];
      if (row?.owed.delete(uplink)) row.isRejected = true;
    }
  }

  become(uplinks: readonly string[]): void {
    const gone = this.uplinks.filter((name) => !uplinks.includes(name));
    const fresh = uplinks.filter((name) => !this.uplinks.includes(name));
    const nobodySettled = this.#rows.filter(({ owed }) => owed.size === this.uplinks.length);
    for (const { owed } of this.#rows)
      for (const [index, name] of gone.entries()) if (owed.delete(name) && fresh[index]) owed.add(fresh[index]);
    for (const name of fresh.slice(gone.length)) for (const { owed } of nobodySettled) owed.add(name);
    const renamed = this.uplinks.map((name) => (gone.includes(name) ? fresh[gone.indexOf(name)] : name));
    this.uplinks = [...renamed.flatMap((name) => name ?? []), ...fresh.slice(gone.length)];
  }

  owedTo(uplink: string): number[] {
    return this.#rows.flatMap(({ owed }, index) => (owed.has(uplink) ? [index + 1] : []));
  }

  waiting(): number {
    return this.#rows.filter(({ owed }) => owed.size > 0).length;
  }

  rejected(): number {
    return this.#rows.filter(({ owed, isRejected }) => owed.size === 0 && isRejected).length;
  }
}
