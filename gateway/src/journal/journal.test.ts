import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { eventOf, type FollowedJournal, open, systemTime, temporaryFolder } from './journal.fixture.ts';
import { type JournalState, JournalWatch, type Stored } from './journal.ts';

const folders: string[] = [];
const opened: FollowedJournal[] = [];

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

async function journalIn(directory: string, ...more: Parameters<typeof open>[1][]): Promise<FollowedJournal> {
  const journal = await open(directory, ...more);
  opened.push(journal);
  return journal;
}

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Everything that waits in a lane, in the order it is handed out. */
async function waiting(journal: FollowedJournal, lane: Lane): Promise<number[]> {
  const numbers: number[] = [];
  for (let after = 0; ; ) {
    const taken = await journal.take(lane, after, 7, 4_000);
    if (taken.rows.length === 0) return numbers;
    numbers.push(...taken.rows.map(({ number }) => number));
    after = taken.last;
  }
}

/** What a watch has to say of damage; how full the disk of the tests is, is another matter. */
function damageIn(watch: JournalWatch, state: JournalState): string[] {
  return watch.news(state, 0).flatMap(({ note, text }) => (note === 'journal-damaged' ? [text] : []));
}

const upTo = (newest: number) => Array.from({ length: newest }, (_, index) => index + 1);

describe('what the journal promises', () => {
  it('numbers each lane from 1 without gaps and counts one order over both', async () => {
    const journal = await journalIn(folder());
    const stored = await journal.append([eventOf('fire'), eventOf('reading'), eventOf('fire'), eventOf('heartbeat')]);
    expect(stored.map(({ lane, number, order }) => [lane, number, order])).toEqual([
      ['alarm', 1, 1],
      ['ordinary', 1, 2],
      ['alarm', 2, 3],
      ['ordinary', 2, 4],
    ]);
  });

  it('hands out nothing behind the position it is asked up to, and says that nothing more waits before it', async () => {
    const journal = await journalIn(folder());
    const stored = await journal.append(upTo(6).map((address) => eventOf('reading', address)));
    const fourth = stored[3]!.position;
    const { rows, last } = await journal.take('ordinary', 0, 64, 16_384, fourth);
    expect([rows.map(({ number }) => number), last]).toEqual([[1, 2, 3, 4], fourth]);
    expect(await journal.take('ordinary', fourth, 64, 16_384, fourth)).toMatchObject({ rows: [], last: fourth });
  });

  it('hands out the frame of the event, under the serial of its number, with the three clocks', async () => {
    const journal = await journalIn(folder());
    const event = eventOf('fire', 7, { place: '1号楼3层东走道', text: '火警' });
    await journal.append([event]);
    const { rows, profile, epoch } = await journal.take('alarm', 0, 64, 16_384);
    const read = PROFILES.get(profile)!.read(rows[0]!.frame);
    expect(read).toEqual({ event, serial: 1, source: 3_000_001 });
    expect(rows[0]).toMatchObject({ number: 1, order: 1, boot: 1, clockSynchronised: true });
    expect(epoch).toBeGreaterThan(0);
  });

  it('goes on with its numbers and its epoch after an orderly stop, and counts the boot', async () => {
    const directory = folder();
    const first = await open(directory);
    const [before] = await first.append([eventOf('fire')]);
    await first.close();
    const second = await journalIn(directory);
    const [after] = await second.append([eventOf('fire')]);
    expect(after).toMatchObject({ number: 2, order: 2, epoch: before!.epoch });
    expect([first.boot, second.boot]).toEqual([1, 2]);
  });

  it('keeps an alarm once when the other lane of its append fails and the same is offered again', async () => {
    const directory = folder();
    const journal = await journalIn(directory);
    const other = new Database(join(directory, 'ordinary.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const events = [eventOf('fire'), eventOf('fault')];
    await expect(journal.append(events)).rejects.toMatchObject({ name: 'Failure' });
    await expect(journal.append(events, true)).rejects.toMatchObject({ name: 'Failure' });
    other.exec('ROLLBACK');
    other.close();
    const stored = await journal.append(events, true);
    expect(stored.map(({ eventId, lane, number }) => [eventId, lane, number])).toEqual([
      [events[0]!.id, 'alarm', 1],
      [events[1]!.id, 'ordinary', 1],
    ]);
    expect(await journal.append(events, true)).toEqual(stored);
    expect((await journal.state()).lanes).toMatchObject({ alarm: { waiting: 1 }, ordinary: { waiting: 1 } });
  });

  it.each([
    ['a fire was heard', eventOf('fire'), 'stopped'],
    ['a line said that it was given up', eventOf('gateway', 1, { note: 'driver-failed' }), 'stopped'],
    ['the program failed', eventOf('gateway', 1, { note: 'program-failed', edge: 'momentary' }), 'program-failed'],
  ])('tells how the run before ended, also where %s after the last word', async (_, event, note) => {
    const directory = folder();
    const first = await open(directory);
    await first.append([eventOf('gateway', 1, { edge: 'momentary', note: 'stopped' })]);
    await first.append([event]);
    await first.close();
    expect((await journalIn(directory)).before).toMatchObject({ note });
  });

  it('tells how the run before ended', async () => {
    const directory = folder();
    const first = await open(directory);
    expect(first.before).toBeNull();
    await first.append([eventOf('fire'), eventOf('gateway', 1, { edge: 'momentary', note: 'stopped' })]);
    await first.close();
    const aliveMs = Date.now() + 3_600_000;
    const second = await open(directory, { clock: { ...systemTime, wallMs: () => aliveMs } });
    expect(second.before?.note).toBe('stopped');
    await second.append([eventOf('fire')]);
    await second.close();
    const third = await journalIn(directory);
    expect(third.before).toMatchObject({ note: null, aliveMs });
  });

  it('commits what arrives together in one transaction', async () => {
    const journal = await journalIn(folder());
    const before = (await journal.state()).commits;
    await Promise.all(Array.from({ length: 400 }, (_, index) => journal.append([eventOf('fire', index)])));
    expect((await journal.state()).commits - before).toBeLessThan(100);
    expect((await journal.state()).lanes.alarm.waiting).toBe(400);
  });

  it('runs with a write-ahead log and synchronous=FULL', async () => {
    const directory = folder();
    const journal = await journalIn(directory);
    await journal.append([eventOf('fire')]);
    for (const lane of LANES) {
      const database = new Database(join(directory, `${lane}.sqlite`), { readonly: true });
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
      database.close();
      expect((await journal.state()).lanes[lane].synchronous).toBe(2);
    }
  });

  it('lets nobody wait for what is already there, and wakes who waits', async () => {
    const journal = await journalIn(folder());
    await journal.append([eventOf('fire')]);
    await journal.wait('alarm', 0, new AbortController().signal);
    const woken = journal.wait('alarm', 1, new AbortController().signal);
    await journal.append([eventOf('reading')]);
    await journal.append([eventOf('fire')]);
    await woken;
    const controller = new AbortController();
    const never = journal.wait('ordinary', 99, controller.signal);
    controller.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
  });
});

describe('what goes wrong around the journal', () => {
  it('refuses an event that no frame can carry, and that event alone', async () => {
    const journal = await journalIn(folder());
    const impossible = { ...eventOf('fire'), part: null } as unknown as SiteEvent;
    const results = await Promise.allSettled([
      journal.append([eventOf('fire')]),
      journal.append([impossible]),
      journal.append([eventOf('fire')]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'event-unencodable' });
    expect(await waiting(journal, 'alarm')).toEqual([1, 2]);
  });

  it('sets a damaged row aside, counts it and hands out the rows around it', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.append([1, 2, 3, 4, 5].map((address) => eventOf('fire', address)));
    await first.close();
    const database = new Database(join(directory, 'alarm.sqlite'));
    const { frame } = database.prepare('SELECT frame FROM rows WHERE number = 3').get() as { frame: Buffer };
    frame[40] = frame[40]! ^ 1;
    database.prepare('UPDATE rows SET frame = ? WHERE number = 3').run(frame);
    database.prepare('UPDATE rows SET wall_ms = wall_ms + 1 WHERE number = 5').run();
    database.close();
    const second = await journalIn(directory);
    const watch = new JournalWatch();
    expect(damageIn(watch, await second.alive())).toEqual([]);
    expect(await waiting(second, 'alarm')).toEqual([1, 2, 4]);
    expect(damageIn(watch, await second.alive())).toEqual(['2 rows set aside']);
    expect(damageIn(watch, await second.alive())).toEqual([]);
    expect((await second.state()).lanes.alarm).toMatchObject({ quarantined: 2, waiting: 3 });
    expect(await waiting(second, 'alarm')).toEqual([1, 2, 4]);
  });

  it('moves a file that is no database aside and goes on in a new epoch', async () => {
    const directory = folder();
    const first = await open(directory);
    const [old] = await first.append([eventOf('fire'), eventOf('reading')]);
    await first.close();
    writeFileSync(join(directory, 'alarm.sqlite'), 'this is no database at all, and long enough to be looked at'.repeat(40));
    const second = await journalIn(directory);
    expect(damageIn(new JournalWatch(), await second.state())).toEqual([
      expect.stringMatching(/^moved aside: alarm\.damaged-\d{8}T\d{9}Z\.sqlite$/),
    ]);
    const [fire] = await second.append([eventOf('fire')]);
    expect(fire).toMatchObject({ number: 1, lane: 'alarm' });
    expect(fire!.epoch).toBeGreaterThan(old!.epoch);
    expect(readdirSync(directory).some((name) => name.startsWith('alarm.damaged-'))).toBe(true);
    expect((await second.take('ordinary', 0, 9, 9_999)).epoch).toBe(old!.epoch);
  });

  it('begins a new epoch when one file is missing or was put back from a copy', async () => {
    const directory = folder();
    const first = await open(directory);
    const [fire] = await first.append([eventOf('fire'), eventOf('reading')]);
    await first.close();
    rmSync(join(directory, 'ordinary.sqlite'));
    const second = await open(directory);
    const [reading] = await second.append([eventOf('reading')]);
    expect(reading).toMatchObject({ number: 1 });
    expect(reading!.epoch).toBeGreaterThan(fire!.epoch);
    expect((await second.take('alarm', 0, 9, 9_999)).epoch).toBe(fire!.epoch);
    await second.close();
    const copy = new Database(join(directory, 'alarm.sqlite'));
    const old = copy.serialize();
    copy.close();
    const third = await open(directory);
    for (let turn = 0; turn < 3; turn++) await third.append([eventOf('fire'), eventOf('reading')]);
    const { epoch } = (await third.state()).lanes.alarm;
    await third.close();
    writeFileSync(join(directory, 'alarm.sqlite'), old);
    const fourth = await journalIn(directory);
    expect((await fourth.state()).lanes.alarm.epoch).toBeGreaterThan(epoch);
  });

  it('refuses a journal that a newer version wrote, and leaves it as it is', async () => {
    const directory = folder();
    await (await open(directory)).close();
    const database = new Database(join(directory, 'alarm.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    await expect(open(directory)).rejects.toMatchObject({ code: 'journal-newer', retry: 'never' });
    const after = new Database(join(directory, 'alarm.sqlite'), { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(99);
    after.close();
  });

  it('refuses a second gateway on the same folder', async () => {
    const directory = folder();
    await journalIn(directory);
    await expect(open(directory)).rejects.toMatchObject({ code: 'journal-locked', retry: 'later' });
  });

  it('gives up a worker that hangs, promises nothing meanwhile, and goes on with another', async () => {
    const directory = folder();
    const journal = await journalIn(directory, { answerTimeoutMs: 1_500 });
    await journal.append([eventOf('fire')]);
    const obstacle = new Database(join(directory, 'alarm.sqlite'));
    obstacle.exec('BEGIN IMMEDIATE');
    await expect(journal.append([eventOf('fire')])).rejects.toMatchObject({ code: 'journal-hung', retry: 'later' });
    obstacle.exec('ROLLBACK');
    obstacle.close();
    const [after] = await journal.append([eventOf('fire')]);
    expect(await waiting(journal, 'alarm')).toEqual(upTo(after!.number));
    expect((await journal.state()).boot).toBe(1);
  });

  it('refuses what one lane cannot take and goes on with the other', async () => {
    const directory = folder();
    const journal = await journalIn(directory);
    const obstacle = new Database(join(directory, 'ordinary.sqlite'));
    obstacle.exec('BEGIN IMMEDIATE');
    const [fire, reading] = await Promise.allSettled([journal.append([eventOf('fire')]), journal.append([eventOf('reading')])]);
    obstacle.exec('ROLLBACK');
    obstacle.close();
    expect(fire.status).toBe('fulfilled');
    expect((reading as PromiseRejectedResult).reason).toMatchObject({ code: 'journal-io' });
    expect(await journal.append([eventOf('reading')])).toMatchObject([{ lane: 'ordinary', number: 1 }]);
  });

  it('refuses everything after it was closed', async () => {
    const journal = await open(folder());
    await journal.close();
    await expect(journal.append([eventOf('fire')])).rejects.toMatchObject({ code: 'journal-closed' });
  });
});

describe('numbers survive a kill', () => {
  it('keeps every row it promised, in order and without gaps, over ten kills at any moment', async () => {
    const directory = folder();
    const promised: string[] = [];
    for (let round = 0; round < 10; round++) promised.push(...(await killedAfter(directory, 3 + round * 17)));
    const journal = await journalIn(directory);
    const { lanes } = await journal.state();
    expect(promised.length).toBeGreaterThan(500);
    const kept = new Set(LANES.flatMap((lane) => keptIn(directory, lane)));
    expect(promised.filter((row) => !kept.has(row))).toEqual([]);
    for (const lane of LANES) expect(await waiting(journal, lane)).toEqual(upTo(lanes[lane].newest));
    expect(new Set(promised).size).toBe(promised.length);
    expect(journal.boot).toBe(11);
  });
});

/** Starts a process that appends, kills it after so many promises, and answers what it was promised. */
async function killedAfter(directory: string, promises: number): Promise<string[]> {
  const program = fileURLToPath(new URL('./append-forever.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
    if (said.split('\n').length > promises) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return said.split('\n').slice(0, -1);
}

function keptIn(directory: string, lane: Lane): string[] {
  const database = new Database(join(directory, `${lane}.sqlite`), { readonly: true });
  const rows = database.prepare('SELECT epoch, number, event_id FROM rows').all() as Array<{
    epoch: number;
    number: number;
    event_id: string;
  }>;
  database.close();
  return rows.map(({ epoch, number, event_id }) => `${lane} ${epoch} ${number} ${event_id}`);
}

type Step =
  | { readonly do: 'append'; readonly kinds: readonly ('fire' | 'reading')[] }
  | { readonly do: 'settle'; readonly lane: Lane; readonly accept: readonly number[]; readonly reject: readonly number[] }
  | { readonly do: 'reopen' };

const numbers = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      kinds: fc.array(fc.constantFrom('fire' as const, 'reading' as const), { maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('settle' as const), lane: fc.constantFrom(...LANES), accept: numbers, reject: numbers }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

describe('laws of taking and settling', () => {
  it('loses nothing, hands out nothing twice, keeps the order, keeps what was rejected', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const directory = folder();
        let journal = await open(directory);
        const model: Record<Lane, Map<number, 'waiting' | 'accepted' | 'rejected'>> = { alarm: new Map(), ordinary: new Map() };
        let epoch = (await journal.state()).lanes.alarm.epoch;
        for (const taken of steps) {
          if (taken.do === 'append') remember(model, await journal.append(taken.kinds.map((kind) => eventOf(kind))));
          else if (taken.do === 'settle') {
            const rejected = taken.reject.map((number) => ({ number, reason: 'malformed' }));
            await journal.settle({ gateway: 'gw-1', epoch, lane: taken.lane, accepted: taken.accept, rejected });
            for (const number of taken.accept) mark(model[taken.lane], number, 'accepted');
            for (const number of taken.reject) mark(model[taken.lane], number, 'rejected');
          } else {
            await journal.close();
            journal = await open(directory);
            epoch = (await journal.state()).lanes.alarm.epoch;
          }
        }
        for (const lane of LANES) {
          const expected = (state: string) => [...model[lane]].filter(([, is]) => is === state).map(([number]) => number);
          expect(await waiting(journal, lane)).toEqual(expected('waiting'));
          expect((await journal.state()).lanes[lane]).toMatchObject({
            waiting: expected('waiting').length,
            rejected: expected('rejected').length,
          });
        }
        await journal.close();
        expect(existsSync(join(directory, 'alarm.sqlite'))).toBe(true);
        for (const lane of LANES)
          expect(reasonsIn(directory, lane)).toEqual(
            [...model[lane]].filter(([, is]) => is === 'rejected').map(() => 'collector: malformed'),
          );
      }),
      { numRuns: 10 },
    );
  });
});

function remember(model: Record<Lane, Map<number, string>>, stored: readonly Stored[]): void {
  for (const { lane, number } of stored) {
    expect(number).toBe(model[lane].size + 1);
    model[lane].set(number, 'waiting');
  }
}

function mark(rows: Map<number, string>, number: number, state: string): void {
  if (rows.get(number) === 'waiting') rows.set(number, state);
}

function reasonsIn(directory: string, lane: Lane): string[] {
  const database = new Database(join(directory, `${lane}.sqlite`), { readonly: true });
  const rows = database.prepare('SELECT reason FROM rows WHERE state = 2 ORDER BY position').all() as Array<{ reason: string }>;
  database.close();
  return rows.map(({ reason }) => reason);
}
