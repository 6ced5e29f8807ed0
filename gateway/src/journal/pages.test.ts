import { closeSync, cpSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LANES, type Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as limits from '../limits.ts';
import { eventOf, temporaryFolder } from './journal.fixture.ts';
import type { Answer, Earlier, JournalState, KnownRow, Question, Stored, Taken, ToWorker } from './messages.ts';
import { Scribe } from './scribe.ts';

const PAGE = 4_096;
const ROWS = 60;
const UPLINK = 'collector';
const KINDS = { alarm: ['fire', 'fire'], ordinary: ['fault', 'reading'] } as const;

/** A journal as it lies after an orderly stop; some of its rows are settled, some rejected. */
let sound: string;
let epoch: number;
const folders: string[] = [];
const opened: Scribe[] = [];

const moment = () => ({ wallMs: Date.now(), monotonicMs: performance.now(), synchronised: true });

/** A journal without its thread, whose files are all above what is read whole when they are opened. */
function journalIn(directory: string) {
  const scribe = new Scribe({
    ...{ directory, profile: 'db36-t1297-2020', source: 1, destination: 1, zoneMinutes: 480, uplinks: [UPLINK] },
    ...{ wallMs: Date.now(), boot: null, machineFile: '/etc/machine-id', gateway: null, positions: { alarm: 0, ordinary: 0 } },
    sizes: { ballastBytes: 0, ordinaryBytesMax: 1e9, alarmBytesMax: 1e9, keepRows: 10, checkBytesMax: 0 },
  });
  opened.push(scribe);
  const answer = (question: Question): Answer => [...scribe.answer([{ id: 1, ...question } as ToWorker])].flat()[0]!;
  /** Throws where a question is refused. */
  const ask = <T>(question: Question): T => {
    const answered = answer(question);
    if ('failure' in answered) throw new Error(`${question.ask}: ${answered.failure.code} ${answered.failure.detail}`);
    return answered.value as T;
  };
  return { scribe, answer, ask };
}

type Opened = ReturnType<typeof journalIn>;

function append({ ask }: Pick<Opened, 'ask'>, kind: 'fire' | 'fault' | 'reading', address: number): Stored {
  return ask<Stored[]>({ ask: 'append', events: [eventOf(kind, address)], again: false, moment: moment() })[0]!;
}

function waiting({ ask }: Opened, lane: Lane): Array<{ epoch: number; number: number }> {
  const rows: Array<{ epoch: number; number: number }> = [];
  for (let after = 0; ; ) {
    const upTo = Number.MAX_SAFE_INTEGER;
    const taken = ask<Taken>({ ask: 'take', uplink: UPLINK, lane, after, upTo, rowsMax: 100, bytesMax: 100_000 });
    if (taken.rows.length === 0) return rows;
    rows.push(...taken.rows.map(({ number }) => ({ epoch: taken.epoch, number })));
    after = taken.last;
  }
}

function close(scribe: Scribe): void {
  if (!scribe.isClosed) for (const _ of scribe.answer([{ id: 1, ask: 'close' }]));
}

beforeAll(() => {
  sound = temporaryFolder();
  const journal = journalIn(sound);
  for (let turn = 0; turn < ROWS; turn++) for (const lane of LANES) epoch = append(journal, KINDS[lane][turn % 2]!, turn).epoch;
  for (const lane of LANES) {
    const rejected = [{ number: 4, reason: 'malformed' }];
    journal.ask({
      ask: 'settle',
      uplink: UPLINK,
      receipt: { gateway: 'gw-1', epoch, lane, accepted: [1, 2, 3], rejected },
      wallMs: Date.now(),
    });
  }
  journal.ask({ ask: 'alive', moment: moment() });
  close(journal.scribe);
});

afterEach(() => {
  for (const scribe of opened.splice(0)) close(scribe);
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

afterAll(() => rmSync(sound, { recursive: true, force: true }));

function damagedCopy(lane: Lane, page: number, bytes: Uint8Array): string {
  const directory = temporaryFolder();
  folders.push(directory);
  cpSync(sound, directory, { recursive: true });
  const file = openSync(join(directory, `${lane}.sqlite`), 'r+');
  writeSync(file, bytes, 0, bytes.length, page * PAGE);
  closeSync(file);
  return directory;
}

const pagesIn = (lane: Lane): number[] => [...Array(statSync(join(sound, `${lane}.sqlite`)).size / PAGE).keys()];

/** Does all there is to do on the side. */
async function tendAll(scribe: Scribe): Promise<void> {
  for (let turn = 0; turn < 2_000 && scribe.tend() !== limits.CHORE_IDLE_MS; turn++) await setImmediate();
}

/** Asks everything a gateway asks from its start on; throws at the first refusal. Answers how the lanes stand at the end. */
async function live(journal: Opened): Promise<JournalState> {
  const { ask, scribe } = journal;
  ask<JournalState>({ ask: 'state' });
  ask<KnownRow[]>({ ask: 'newest', rowsMax: 1_000 });
  for (const lane of LANES) {
    for (const what of ['states', 'readings'] as const)
      for (let before = 1_000; before > 0; ) before = ask<Earlier>({ ask: 'earlier', lane, what, before, rowsMax: 50 }).first;
    append(journal, KINDS[lane][0], 900);
    waiting(journal, lane);
    const receipt = { gateway: 'gw-1', epoch, lane, accepted: [5, 6], rejected: [{ number: 7, reason: 'malformed' }] };
    ask({ ask: 'settle', uplink: UPLINK, receipt, wallMs: Date.now() });
  }
  const series = LANES.map((lane) => ({ epoch, lane, highest: ROWS }));
  ask({ ask: 'outrank', uplink: UPLINK, series, sent: series, wallMs: Date.now(), older: null });
  ask({ ask: 'alive', moment: moment() });
  ask({ ask: 'alive', moment: { ...moment(), monotonicMs: performance.now() + 26 * 3_600_000 } });
  await tendAll(scribe);
  for (const lane of LANES) append(journal, KINDS[lane][0], 901);
  return ask<JournalState>({ ask: 'state' });
}

const FILLINGS: ReadonlyArray<readonly [string, Uint8Array]> = [
  ['ones', Buffer.alloc(PAGE, 0xff)],
  ['zeroes', Buffer.alloc(PAGE)],
  ['an empty leaf', Buffer.concat([Buffer.of(0x0d, 0, 0, 0, 0, 0x10, 0, 0), Buffer.alloc(PAGE - 8)])],
];

describe.each(LANES)('a file of the %s lane above the size that is read whole', (lane) => {
  it.each(FILLINGS)(
    'refuses no start and no question whichever of its pages is overwritten with %s, and loses few rows',
    async (filling, bytes) => {
      for (const page of pagesIn(lane)) {
        const journal = journalIn(damagedCopy(lane, page, bytes));
        const told = `page ${page + 1}`;
        let state: JournalState;
        try {
          state = await live(journal);
        } catch (error) {
          throw new Error(`${told}: ${(error as Error).message}`, { cause: error });
        }
        expect(
          state.damagedFiles.filter((path) => !path.includes(`${lane}.damaged-`)),
          told,
        ).toEqual([]);
        for (const each of LANES) {
          const rows = waiting(journal, each);
          if (filling !== 'an empty leaf') expect(rows.length, `${told}, ${each}`).toBeGreaterThan(ROWS / 3);
          expect(new Set(rows.map((row) => `${row.epoch}/${row.number}`)).size, told).toBe(rows.length);
        }
        close(journal.scribe);
      }
    },
  );
});

/** The pages at which such a file is read first, by what lies there. */
function firstRead(lane: Lane): Array<[string, number]> {
  const database = new Database(join(sound, `${lane}.sqlite`), { readonly: true });
  const { rootpage } = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'rows'`).get() as { rootpage: number };
  const leaves = database
    .prepare(`SELECT pageno FROM dbstat WHERE name = 'rows' AND pagetype = 'leaf' ORDER BY path`)
    .pluck()
    .all() as number[];
  database.close();
  return [
    ['the root of the rows', rootpage - 1],
    ['the leaf with the newest rows', leaves.at(-1)! - 1],
    ['a leaf before it', leaves.at(-2)! - 1],
  ];
}

describe.each(LANES)('damage of the %s lane that is come upon at the start', (lane) => {
  it.each([0, 1, 2])('is moved aside, salvaged beside the run, and told (page %i of those read first)', async (which) => {
    const [what, page] = firstRead(lane)[which]!;
    const journal = journalIn(damagedCopy(lane, page, Buffer.alloc(PAGE, 0xff)));
    journal.ask<KnownRow[]>({ ask: 'newest', rowsMax: 1_000 });
    const fresh = append(journal, KINDS[lane][0], 900);
    expect(fresh, what).toMatchObject({ lane, number: 1 });
    expect(fresh.epoch).toBeGreaterThan(epoch);
    await tendAll(journal.scribe);
    const { damagedFiles, findings } = journal.ask<JournalState>({ ask: 'state' });
    expect(damagedFiles).toEqual([expect.stringContaining(`${lane}.damaged-`)]);
    expect(findings).toContainEqual(expect.stringMatching(/^\d+ rows that waited were saved from /));
    expect(journal.scribe.opened().before, what).not.toBeNull();
  });
});
