import { cpSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Lane, PROFILES } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventOf, type FollowedJournal, open, systemTime, temporaryFolder } from './journal.fixture.ts';
import { JournalWatch } from './journal.ts';
import { logDamage } from './log-look.ts';
import { rowsIn } from './raw-rows.ts';

const ROWS = 300;
/** More than SQLite keeps in its memory. */
const MANY = 8_000;
const PAGE = 4_096;
const soon = { timeout: 60_000, interval: 50 };
const folders: string[] = [];
const opened: FollowedJournal[] = [];
/** A journal as it stands after its process was killed: with its log and the log's index. */
let killed: string;
/** The same after an orderly stop. */
let stopped: string;
let epoch: number;

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

beforeAll(async () => {
  [killed, stopped] = [temporaryFolder(), temporaryFolder()];
  const journal = await open(stopped);
  for (let from = 0; from < ROWS; from += 10)
    await journal.append(Array.from({ length: 10 }, (_, index) => eventOf('fire', from + index, { place: `第${from + index}号房间` })));
  await journal.append([eventOf('reading')]);
  ({ epoch } = (await journal.state()).lanes.alarm);
  await journal.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [1, 2, 3], rejected: [{ number: 4, reason: 'malformed' }] });
  cpSync(stopped, killed, { recursive: true });
  await journal.close();
});

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

afterAll(() => {
  for (const directory of [killed, stopped]) rmSync(directory, { recursive: true, force: true });
});

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
}

async function openCopy(of: string, harm: (path: string) => void): Promise<{ journal: FollowedJournal; directory: string }> {
  const directory = folder();
  cpSync(of, directory, { recursive: true });
  harm(join(directory, 'alarm.sqlite'));
  const journal = await open(directory);
  opened.push(journal);
  await journal.append([eventOf('fire', 9_999)]);
  return { journal, directory };
}

interface Kept {
  readonly epoch: number;
  readonly number: number;
  readonly address: number | undefined;
}

async function waitingRows(journal: FollowedJournal, lane: Lane): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (let after = 0; ; ) {
    const taken = await journal.take(lane, after, 100, 100_000);
    if (taken.rows.length === 0) return kept;
    for (const { number, frame } of taken.rows) {
      const read = PROFILES.get(taken.profile)!.read(frame);
      if ('undecodable' in read) throw new Error(read.undecodable);
      kept.push({ epoch: taken.epoch, number, address: read.event.part.component?.address });
    }
    after = taken.last;
  }
}

/** Rows of before the damage that wait, once everything that could be saved is. */
async function savedRows(journal: FollowedJournal): Promise<Kept[]> {
  await vi.waitFor(async () => expect((await journal.state()).findings.join()).toContain('were saved from'), soon);
  return (await waitingRows(journal, 'alarm')).filter((row) => row.epoch === epoch);
}

const expectedNumbers = Array.from({ length: ROWS - 4 }, (_, index) => index + 5);

describe('a damaged file', () => {
  const harms: ReadonlyArray<readonly [string, string, (path: string) => void]> = [
    ['that is no database', 'stopped', (path) => overwrite(path, 0, Buffer.from('this is no database at all'))],
    ['whose first page is zeroes', 'stopped', (path) => overwrite(path, 0, Buffer.alloc(PAGE))],
    ['whose tree is broken at its root', 'stopped', (path) => overwrite(path, 3 * PAGE, Buffer.alloc(PAGE, 0xff))],
    ['that is empty beside its log', 'killed', (path) => truncateSync(path, 0)],
  ];

  it.each(harms)(
    '%s is moved aside; a new one works at once, and every row that waited comes home with its number',
    async (_, of, harm) => {
      const { journal, directory } = await openCopy(of === 'killed' ? killed : stopped, harm);
      const rows = await savedRows(journal);
      expect(rows.map(({ number }) => number)).toEqual(expectedNumbers);
      for (const { number, address } of rows) expect(address).toBe(number - 1);
      const state = await journal.state();
      expect(state.lanes.alarm.epoch).toBeGreaterThan(epoch);
      expect(state.lanes.alarm).toMatchObject({ newest: 1, waiting: expectedNumbers.length + 1 });
      expect(state.damagedFiles).toHaveLength(1);
      const told = new JournalWatch().news(state, 0).filter(({ note }) => note === 'journal-damaged');
      expect(told.map(({ text }) => text)).toEqual([
        expect.stringMatching(/^moved aside: alarm\.damaged-\d{8}T\d{9}Z\.sqlite$/),
        expect.stringMatching(/^296 rows that waited were saved from alarm\.damaged-\w+\.sqlite, 0 are damaged$/),
      ]);
      expect(journal.newest('alarm')).toBe(state.lanes.alarm.position);
      expect(readdirSync(directory).filter((name) => name.endsWith('.salvaged'))).toHaveLength(1);
    },
  );

  it('loses the rows of a page that is overwritten, and no other', async () => {
    const { journal } = await openCopy(stopped, (path) => overwrite(path, pageOfRows(path) * PAGE, Buffer.alloc(PAGE, 0x5a)));
    const rows = await savedRows(journal);
    const lost = expectedNumbers.filter((number) => !rows.some((row) => row.number === number));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(15);
    expect(lost).toEqual(Array.from({ length: lost.length }, (_, index) => lost[0]! + index));
  });

  it('is salvaged once: a second start neither repeats it nor forgets what is settled since', async () => {
    const { journal, directory } = await openCopy(stopped, (path) => overwrite(path, 0, Buffer.alloc(PAGE)));
    await savedRows(journal);
    await journal.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: expectedNumbers.slice(0, 100), rejected: [] });
    await journal.close();
    const again = await open(directory);
    opened.push(again);
    await again.append([eventOf('fire')]);
    expect((await waitingRows(again, 'alarm')).filter((row) => row.epoch === epoch)).toHaveLength(expectedNumbers.length - 100);
    expect((await again.state()).findings).toEqual([]);
  });

  it('is kept for a while: of those that are done with the newest few', async () => {
    const directory = folder();
    for (let day = 10; day < 18; day++) {
      const aside = join(directory, `alarm.damaged-202611${day}T000000000Z.sqlite`);
      cpSync(join(stopped, 'alarm.sqlite'), aside);
      if (day < 17) writeFileSync(`${aside}.salvaged`, '');
    }
    const journal = await open(directory);
    opened.push(journal);
    await vi.waitFor(async () => expect((await journal.state()).findings.join()).toContain('were saved from'), soon);
    const left = readdirSync(directory).filter((name) => name.includes('damaged') && name.endsWith('.sqlite'));
    expect(left).toEqual([14, 15, 16, 17].map((day) => `alarm.damaged-202611${day}T000000000Z.sqlite`));
  });

  it('is salvaged from the start again when the first try was cut short, each row once', async () => {
    const { journal, directory } = await openCopy(stopped, (path) => overwrite(path, 0, Buffer.alloc(PAGE)));
    await savedRows(journal);
    await journal.close();
    for (const name of readdirSync(directory)) if (name.endsWith('.salvaged')) rmSync(join(directory, name));
    const again = await open(directory);
    opened.push(again);
    expect((await savedRows(again)).map(({ number }) => number)).toEqual(expectedNumbers);
  });

  it('found while the gateway runs: what is asked next is answered by a new file, positions go on, the rest comes home', async () => {
    const directory = folder();
    const journal = await open(directory);
    opened.push(journal);
    for (let from = 0; from < MANY; from += 500)
      await journal.append(Array.from({ length: 500 }, (_, index) => eventOf('fire', from + index, { text: 'x'.repeat(200) })));
    const { epoch: old } = (await journal.state()).lanes.alarm;
    const path = join(directory, 'alarm.sqlite');
    overwrite(path, pageOfRows(path, 0.1) * PAGE, Buffer.alloc(PAGE, 0xff)); // long read and forgotten by SQLite's memory
    for (let after = 0, turn = 0; turn < 20; turn++) after = (await journal.take('alarm', after, 500, 1_000_000)).last;
    expect((await journal.state()).damagedFiles).toHaveLength(1);
    const [fire] = await journal.append([eventOf('fire')]);
    expect(fire!.position).toBeGreaterThan(MANY);
    expect(fire!.epoch).toBeGreaterThan(old);
    await vi.waitFor(async () => expect((await journal.state()).findings.join()).toContain('were saved from'), soon);
    expect((await journal.state()).lanes.alarm.waiting).toBeGreaterThan(MANY - 20);
  });
});

/** A page that holds rows, so far into the file. */
function pageOfRows(path: string, share = 0.5): number {
  const bytes = readFileSync(path);
  const pages = Array.from({ length: bytes.length / PAGE }, (_, page) => page);
  const withRows = pages.filter((page) => rowsIn(bytes.subarray(page * PAGE, (page + 1) * PAGE)).sound.length > 0);
  return withRows[Math.floor(withRows.length * share)]!;
}

describe('a damaged log', () => {
  const log = (path: string) => `${path}-wal`;

  it.each([
    ['cut in half', (path: string) => truncateSync(log(path), statSync(log(path)).size >> 1)],
    ['gone', (path: string) => rmSync(log(path))],
    ['with a flipped bit in the middle', (path: string) => overwrite(log(path), statSync(log(path)).size >> 1, Buffer.of(0x77))],
    ['without its header', (path: string) => overwrite(log(path), 0, Buffer.alloc(32))],
  ] as const)('%s makes a new epoch, so that no number is given out twice', async (_, harm) => {
    const { journal } = await openCopy(killed, harm);
    const { lanes, findings } = await journal.state();
    expect(lanes.alarm.epoch).toBeGreaterThan(epoch);
    expect(findings[0]).toMatch(/^alarm: .*log/);
    const [fire] = await journal.append([eventOf('fire')]);
    expect(fire).toMatchObject({ epoch: lanes.alarm.epoch, number: 2 });
  });

  it('gives back what stands behind the damage', async () => {
    const { journal } = await openCopy(killed, (path) => overwrite(log(path), statSync(log(path)).size >> 1, Buffer.of(0x77)));
    const numbers = new Set((await savedRows(journal)).map(({ number }) => number));
    expect(expectedNumbers.filter((number) => !numbers.has(number)).length).toBeLessThan(12);
    expect(numbers.has(ROWS)).toBe(true);
  });

  it('is no matter of concern after a kill: nothing is suspected, the epoch goes on', async () => {
    expect(logDamage(join(killed, 'alarm.sqlite'))).toBeNull();
    const { journal } = await openCopy(killed, () => {});
    expect((await journal.state()).lanes.alarm).toMatchObject({ epoch, newest: ROWS + 1 });
    expect((await journal.state()).findings).toEqual([]);
  });

  it('is not suspected where only the end is torn that was never acknowledged', async () => {
    const { journal } = await openCopy(killed, (path) => {
      writeFileSync(log(path), Buffer.alloc(2_000, 0x11), { flag: 'a' });
    });
    expect((await journal.state()).lanes.alarm.epoch).toBe(epoch);
  });
});

describe('rows out of raw pages', () => {
  it('never throws and takes nothing for a row that is none, whatever the bytes', () => {
    const bytes = readFileSync(join(stopped, 'alarm.sqlite'));
    const real = bytes.subarray(pageOfRows(join(stopped, 'alarm.sqlite')) * PAGE).subarray(0, PAGE);
    const known = new Set(rowsIn(real).sound.map(({ event_id }) => event_id));
    const flips = fc.array(fc.record({ at: fc.nat(PAGE - 1), value: fc.nat(255) }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(flips, fc.integer({ min: 8, max: PAGE }), (changes, length) => {
        const page = Buffer.from(real.subarray(0, length));
        for (const { at, value } of changes) if (at > 0 && at < length) page[at] = value;
        for (const row of rowsIn(page).sound) expect(known.has(row.event_id)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** Opens a journal and lets the night come. */
async function overNight(directory: string): Promise<FollowedJournal> {
  let hours = 0;
  const clock = { ...systemTime, monotonicMs: () => performance.now() + hours * 3_600_000 };
  const journal = await open(directory, { clock });
  opened.push(journal);
  await journal.alive();
  expect((await journal.state()).scrubbed).toBeNull();
  hours = 25;
  await journal.alive();
  await vi.waitFor(async () => expect((await journal.state()).scrubbed).not.toBeNull(), soon);
  return journal;
}

describe('the nightly reading', () => {
  it('sets a row aside that changed on the disk, counts it, and never sends it', async () => {
    const directory = folder();
    cpSync(stopped, directory, { recursive: true });
    const path = join(directory, 'alarm.sqlite');
    const page = readFileSync(path)
      .subarray(pageOfRows(path) * PAGE)
      .subarray(0, PAGE);
    const at = pageOfRows(path) * PAGE + page.indexOf(rowsIn(page).sound[0]!.frame) + 20;
    overwrite(path, at, Buffer.of(readFileSync(path)[at]! ^ 0x04));
    const journal = await overNight(directory);
    const { scrubbed, lanes } = await journal.state();
    expect(scrubbed!.rows).toBe(ROWS + 1);
    expect(lanes.alarm.quarantined).toBe(1);
    expect(await waitingRows(journal, 'alarm')).toHaveLength(expectedNumbers.length - 1);
    expect(existsSync(path)).toBe(true);
  });

  it('owes a row that waits for nobody to everybody again, behind what waits, counted and said', async () => {
    const directory = folder();
    cpSync(stopped, directory, { recursive: true });
    const database = new Database(join(directory, 'alarm.sqlite'));
    database.prepare('DELETE FROM owed WHERE position IN (SELECT position FROM rows WHERE number IN (7, 9))').run();
    database.close();
    const journal = await overNight(directory);
    const { scrubbed, findings, lanes } = await journal.state();
    expect(scrubbed!.remembered).toBe(2);
    expect(findings).toEqual([expect.stringMatching(/^alarm: 2 rows waited for nobody until .* owed to every uplink now$/)]);
    const waiting = expectedNumbers.filter((number) => number !== 7 && number !== 9);
    expect((await waitingRows(journal, 'alarm')).map(({ number }) => number)).toEqual([...waiting, 7, 9]);
    expect(lanes.alarm).toMatchObject({
      waiting: expectedNumbers.length,
      quarantined: 0,
      uplinks: { collector: { waiting: expectedNumbers.length } },
    });
  });
});
