import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from '../clock.ts';
import { KEEP_DAMAGED_AGAIN_MS } from '../limits.ts';
import { batchOf, fireNumbered, PROMISES } from './conformance.ts';
import type { Ledger } from './ledger.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

let folder: string;
let file: string;
const open = (patience?: { openMs: number; answerMs: number }, clock: Clock = machineClock) => openSqliteLedger(file, clock, patience);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-ledger-'));
  file = join(folder, 'ledger.sqlite');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a ledger in SQLite', () => {
  it.each(PROMISES)('$says', async ({ holds }) => {
    await holds({ open });
  });
});

/** Looks into the file as an independent reader does. */
function look<T>(sql: string): T[] {
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    return database.prepare<[], T>(sql).all();
  } finally {
    database.close();
  }
}

function change(sql: string): void {
  const database = new SqliteDatabase(file);
  database.exec(sql);
  database.close();
}

async function using(use: (ledger: Ledger) => Promise<void>, patience?: { openMs: number; answerMs: number }): Promise<void> {
  const ledger = await open(patience);
  try {
    await use(ledger);
  } finally {
    await ledger.close();
  }
}

describe('the file of the ledger', () => {
  it('can be read by others while it is written, in the columns they know', async () => {
    await using(async (ledger) => {
      await ledger.append([batchOf([1])]);
      const [row] = look<Record<string, unknown>>('SELECT * FROM ledger');
      expect(row).toMatchObject({
        position: 1,
        gateway: 'gw-1',
        epoch: 1,
        lane: 'alarm',
        number: 1,
        ordinal: 1,
        boot: 1,
        monotonic_ms: 10,
      });
      expect(row).toMatchObject({ clock_synchronised: 1, profile: 'db36-t1297-2020', event_id: fireNumbered(1).id });
      expect(row?.['frame']).toEqual(Buffer.from(batchOf([1]).rows[0]!.frame));
      expect(JSON.parse(row?.['event'] as string)).toEqual(fireNumbered(1));
      expect(Object.keys(JSON.parse(row?.['event'] as string))).toEqual([...Object.keys(fireNumbered(1))].sort());
    });
  });

  it('is one file again after an orderly stop', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([1])])));
    await expect(readFile(`${file}-wal`)).rejects.toThrow('ENOENT');
  });

  it('keeps the bytes of what it rejected, with what is needed to try them again', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([3], { profile: 'later' })])));
    const [row] = look<Record<string, unknown>>('SELECT * FROM quarantine');
    expect(row).toMatchObject({ gateway: 'gw-1', epoch: 1, lane: 'alarm', number: 3, times: 1 });
    expect(row?.['bytes']).toEqual(Buffer.from(batchOf([3]).rows[0]!.frame));
    expect(JSON.parse(row?.['context'] as string)).toMatchObject({ profile: 'later', order: 3, boot: 1, monotonicMs: 30 });
  });

  it('is refused when a newer collector wrote it, and left as it was', async () => {
    await using(async () => {});
    change('PRAGMA user_version = 99');
    const before = await readFile(file);
    await expect(open()).rejects.toMatchObject({ code: 'ledger-newer', retry: 'never' });
    expect(await readFile(file)).toEqual(before);
  });

  it('is refused when it is no database', async () => {
    await writeFile(file, 'no database at all '.repeat(100));
    await expect(open()).rejects.toMatchObject({ code: 'ledger-damaged' });
  });

  it('is refused when it cannot be made', async () => {
    file = join(folder, 'missing', 'ledger.sqlite');
    await expect(open()).rejects.toMatchObject({ code: 'ledger-unopened' });
  });

  it('sets an entry aside that is not what was written, by its position and with all that is left, and shows what stands behind it', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([1, 2, 3])])));
    const [before] = look<{ event: string; digest: Buffer }>('SELECT event, digest FROM ledger WHERE position = 2');
    change("UPDATE ledger SET frame = x'4040aa' WHERE position = 2");
    await using(async (ledger) => {
      for (let time = 0; time < 2; time += 1) expect((await ledger.after(0, 1)).concat(await ledger.after(1, 10))).toHaveLength(2);
      expect((await ledger.after(1, 1)).map(({ position }) => position)).toEqual([3]);
      expect(await ledger.state()).toMatchObject({ quarantined: 1, damaged: { count: 1, positions: [2] } });
    });
    const [kept, ...more] = look<Record<string, unknown>>('SELECT * FROM quarantine');
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ gateway: 'gw-1', epoch: 1, lane: 'alarm', number: 2, position: 2, bytes: Buffer.from('4040aa', 'hex') });
    expect(kept?.['reason']).toContain('position 2 is not what was written');
    expect(JSON.parse(kept?.['context'] as string)).toMatchObject({ event: before?.event, digest: before?.digest.toString('hex') });
    expect(look('SELECT position FROM ledger')).toHaveLength(3);
  });

  it('tells of an entry that was set aside when nothing could be written, and keeps it with a later read', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([1, 2, 3, 4])])));
    change(`UPDATE ledger SET frame = x'4040aa' WHERE position IN (1, 2);
      CREATE TRIGGER full BEFORE INSERT ON quarantine BEGIN SELECT raise(ABORT, 'no room'); END`);
    let nowMs = 0;
    const ledger = await open(undefined, { ...machineClock, monotonicMs: () => nowMs });
    const damaged = { count: 2, positions: [1, 2] };
    try {
      expect((await ledger.after(0, 1)).map(({ position }) => position)).toEqual([3]);
      expect([look('SELECT 1 FROM quarantine'), await ledger.lacking()]).toMatchObject([[], { damaged }]);
      expect(await ledger.state()).toMatchObject({ quarantined: 0, damaged });
      change('DROP TRIGGER full');
      nowMs += KEEP_DAMAGED_AGAIN_MS;
      expect((await ledger.after(3, 1)).map(({ position }) => position)).toEqual([4]);
      expect(await ledger.state()).toMatchObject({ quarantined: 2, damaged });
      await ledger.after(0, 1);
      expect(await ledger.state()).toMatchObject({ quarantined: 2, damaged });
    } finally {
      await ledger.close();
    }
    expect(look('SELECT position, times FROM quarantine ORDER BY position')).toEqual([
      { position: 1, times: 2 },
      { position: 2, times: 2 },
    ]);
  });

  it('shows an entry whose event is damaged as it was written, where its frame proves it, and says so', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([1])])));
    change("UPDATE ledger SET event = replace(event, '3号楼', '4号楼')");
    await using(async (ledger) => {
      expect((await ledger.after(0, 1))[0]?.event).toEqual(fireNumbered(1));
      expect((await ledger.state()).damaged).toEqual({ count: 1, positions: [1] });
    });
  });

  it('waits at its end for what is new, when the last entries cannot be read', async () => {
    await using(async (ledger) => void (await ledger.append([batchOf([1, 2, 3, 4])])));
    change("UPDATE ledger SET wall_ms = wall_ms + 1 WHERE position > 2; UPDATE ledger SET lane = 'attic', frame = x'' WHERE position = 4");
    await using(async (ledger) => {
      for (const position of [3, 2, 3, 2]) {
        expect(await ledger.after(position, 10)).toEqual([]);
        const [stop, reason] = [new AbortController(), new Error('it waits')];
        const waiting = ledger.wait(position, stop.signal);
        stop.abort(reason);
        await expect(waiting).rejects.toBe(reason);
      }
      const waiting = ledger.wait(2, new AbortController().signal);
      await ledger.append([batchOf([5])]);
      await waiting;
      expect((await ledger.after(2, 10)).map(({ number }) => number)).toEqual([5]);
    });
  });

  it('shows what stands behind whatever bytes were changed', async () => {
    const columns = [
      'gateway',
      'epoch',
      'lane',
      'number',
      'ordinal',
      'boot',
      'monotonic_ms',
      'wall_ms',
      'profile',
      'frame',
      'event',
      'digest',
    ];
    await using(async (ledger) => void (await ledger.append([batchOf(columns.map((_, index) => index + 1).concat(columns.length + 1))])));
    for (const [index, column] of columns.entries()) {
      const type = column === 'frame' || column === 'digest' ? "x'00'" : /^(gateway|lane|profile|event)$/.test(column) ? "'?'" : '-7';
      change(`UPDATE ledger SET ${column} = ${type} WHERE position = ${index + 1}`);
    }
    await using(async (ledger) => {
      expect((await ledger.after(0, 20)).map(({ position }) => position)).toEqual([11, 13]);
      expect((await ledger.state()).damaged).toEqual({ count: columns.length, positions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    });
  });

  it('that is locked by another process fails the delivery in time, and takes it when it is free again', async () => {
    await using(
      async (ledger) => {
        await ledger.append([batchOf([1])]);
        const other = new SqliteDatabase(file);
        other.exec('BEGIN IMMEDIATE');
        await expect(ledger.append([batchOf([2])])).rejects.toMatchObject({ code: 'ledger-silent', retry: 'later' });
        expect((await ledger.after(0, 10)).map(({ number }) => number)).toEqual([1]);
        other.exec('ROLLBACK');
        other.close();
        const late = async () => (await ledger.append([batchOf([2])]))[0]?.accepted;
        await expect.poll(late, { timeout: 60_000 }).toEqual([2]);
        expect((await ledger.after(0, 10)).map(({ number }) => number)).toEqual([1, 2]);
      },
      { openMs: 10_000, answerMs: 500 },
    );
  });
});

describe('a numbered series', () => {
  it('knows what is missing whatever the order of arrival', async () => {
    await using(async (ledger) => {
      let run = 0;
      const arrivals = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), { maxLength: 6 });
      const law = fc.asyncProperty(arrivals, async (groups) => {
        const gateway = `gw-${(run += 1)}`;
        for (const numbers of groups) await ledger.append([batchOf(numbers, { gateway })]);
        const come = new Set(groups.flat());
        const highest = Math.max(0, ...come);
        const missing = Array.from({ length: highest }, (_, index) => index + 1).filter((number) => !come.has(number));
        const series = (await ledger.state()).series.find((one) => one.gateway === gateway);
        expect(series?.highest ?? 0).toBe(highest);
        expect(series?.missing ?? 0).toBe(missing.length);
        expect(series?.contiguous ?? 0).toBe(missing.length > 0 ? missing[0]! - 1 : highest);
        const shown = (series?.gaps ?? []).flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, step) => first + step),
        );
        expect(shown).toEqual(missing.slice(0, shown.length));
      });
      await fc.assert(law, { numRuns: 40 });
    });
  });
});
