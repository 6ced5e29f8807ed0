import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as limits from '../limits.ts';
import { eventOf, temporaryFolder } from './journal.fixture.ts';
import { LaneFile } from './lane-file.ts';
import type { Answer, JournalState, Moment, Question, Stored, Taken, ToWorker, WorkerStart } from './messages.ts';
import { Scribe } from './scribe.ts';
import { Scrub } from './scrub.ts';

const HOUR_MS = 3_600_000;
const closing: Array<() => unknown> = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) close();
});

const at = (hours: number): Moment => ({ wallMs: Date.now(), monotonicMs: 1 + hours * HOUR_MS, synchronised: true });

function folder(): string {
  const directory = temporaryFolder();
  closing.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A journal without its thread: what it does on the side happens when it is told to. */
function journalIn(directory: string, more: Partial<WorkerStart> = {}) {
  const scribe = new Scribe({
    ...{ directory, profile: 'db36-t1297-2020', source: 1, destination: 1, zoneMinutes: 480, uplinks: ['one'] },
    ...{ wallMs: Date.now(), boot: null, machineFile: '/etc/machine-id', gateway: null, positions: { alarm: 0, ordinary: 0 } },
    sizes: { ballastBytes: 0, ordinaryBytesMax: 1e9, alarmBytesMax: 1e9, keepRows: 10, checkBytesMax: 1e9 },
    ...more,
  });
  const ask = (question: Question): Answer => [...scribe.answer([{ id: 1, ...question } as ToWorker])].flat()[0]!;
  const append = (kind: 'fire' | 'fault' | 'reading') => ask({ ask: 'append', events: [eventOf(kind)], again: false, moment: at(0) });
  const appendBoth = () => {
    const answer = ask({ ask: 'append', events: [eventOf('fire'), eventOf('fault')], again: false, moment: at(0) });
    return (answer as { value: Stored[] }).value;
  };
  const stored = (answer: Answer): Stored => (answer as { value: Stored[] }).value[0]!;
  const state = () => (ask({ ask: 'state' }) as { value: JournalState }).value;
  const alive = (hours: number) => ask({ ask: 'alive', moment: at(hours) });
  const close = () => void (scribe.isClosed || ask({ ask: 'close' }));
  closing.push(close);
  return { scribe, ask, append, appendBoth, stored, state, alive, close };
}

const unopened = { failure: { code: 'journal-unopened' } };

/** Something lies where SQLite keeps its index of a lane's log: the file cannot be opened. */
const shut = (directory: string, lane: Lane) => mkdirSync(join(directory, `${lane}.sqlite-shm`));
const mend = (directory: string, lane: Lane) => rmSync(join(directory, `${lane}.sqlite-shm`), { recursive: true });

/** The disk fails once when a lane is written, and its file cannot be opened any more. */
function breakInTheMiddle(directory: string, lane: Lane): void {
  const { commit, close } = LaneFile.prototype;
  const failing = vi.spyOn(LaneFile.prototype, 'commit').mockImplementation(function (this: LaneFile, ...given) {
    if (this.lane === lane) throw Object.assign(new Error('injected'), { code: 'SQLITE_IOERR_WRITE' });
    return commit.apply(this, given);
  });
  const closed = vi.spyOn(LaneFile.prototype, 'close').mockImplementation(function (this: LaneFile) {
    close.apply(this);
    if (this.lane !== lane) return;
    shut(directory, lane);
    failing.mockRestore();
    closed.mockRestore();
  });
}

const other = (lane: Lane): Lane => LANES.find((each) => each !== lane)!;
const KINDS = { alarm: 'fire', ordinary: 'fault' } as const;

describe.each(LANES)('while the file of the %s lane cannot be opened any more', (lane) => {
  it('the other lane takes everything, by night, too, and is read through; this one does as soon as it opens', () => {
    const directory = folder();
    const { scribe, append, stored, state, alive } = journalIn(directory);
    append(KINDS[other(lane)]);
    alive(0);
    breakInTheMiddle(directory, lane);
    append(KINDS[lane]);
    expect(append(KINDS[lane])).toMatchObject(unopened);
    for (const hours of [1, 2, 26, 51]) {
      alive(hours);
      for (let turn = 0; turn < 20; turn++) expect(scribe.tend()).toBeGreaterThan(0);
      expect(stored(append(KINDS[other(lane)]))).toMatchObject({ lane: other(lane) });
      expect(append(KINDS[lane])).toMatchObject(unopened);
    }
    mend(directory, lane);
    expect(stored(append(KINDS[lane]))).toMatchObject({ lane });
    for (let turn = 0; turn < 50; turn++) scribe.tend();
    // What the other had on the last night, and the one row of this lane.
    expect(state()).toMatchObject({ lanes: { [lane]: { waiting: 1 }, [other(lane)]: { waiting: 5 } }, scrubbed: { rows: 5 } });
  });

  it('what is done on the side for the other goes on', () => {
    const directory = folder();
    const { scribe, append, alive } = journalIn(directory);
    for (let turn = 0; turn < 30; turn++) append(KINDS[other(lane)]);
    alive(0);
    breakInTheMiddle(directory, lane);
    append(KINDS[lane]);
    alive(1);
    const released = vi.spyOn(LaneFile.prototype, 'release');
    const read = vi.spyOn(Scrub.prototype, 'step');
    for (let turn = 0; turn < 5; turn++) expect(scribe.tend()).toBeGreaterThanOrEqual(limits.CHORE_REST_MIN_MS);
    expect(new Set(released.mock.contexts.map((file) => (file as LaneFile).lane))).toEqual(new Set([other(lane)]));
    expect(read.mock.contexts.at(-1)).toMatchObject({ rows: 30 });
  });
});

describe('a failing look at the room of the ordinary lane', () => {
  it('refuses a reading and no fire', () => {
    const { append, stored } = journalIn(folder());
    append('fault');
    vi.spyOn(LaneFile.prototype, 'usedBytes').mockImplementation(() => {
      throw Object.assign(new Error('injected'), { code: 'SQLITE_IOERR_LOCK' });
    });
    expect(stored(append('fire'))).toMatchObject({ lane: 'alarm' });
    expect(append('reading')).toMatchObject({ failure: { code: 'journal-io' } });
  });
});

describe('a worker that takes the place of another', () => {
  it.each(LANES)(
    'goes on without the %s lane while that cannot be opened, behind everything said before, and with it as soon as it can',
    (lane) => {
      const directory = folder();
      const before = journalIn(directory);
      for (let turn = 0; turn < 3; turn++) before.append(KINDS[other(lane)]);
      for (let turn = 0; turn < 9; turn++) before.append(KINDS[lane]);
      const { boot, lanes } = before.state();
      const { epoch } = lanes.alarm;
      before.close();
      shut(directory, lane);
      const { scribe, append, appendBoth, stored, state, alive } = journalIn(directory, { boot, positions: { alarm: 9, ordinary: 9 } });
      expect(scribe.opened()).toMatchObject({ boot });
      const alone = stored(append(KINDS[other(lane)]));
      expect([alone.lane, alone.epoch > epoch]).toEqual([other(lane), true]);
      expect(append(KINDS[lane])).toMatchObject(unopened);
      alive(0);
      alive(1);
      expect(scribe.tend()).toBeGreaterThan(0);
      mend(directory, lane);
      const [fire, fault] = appendBoth();
      expect(fire!.epoch).toBeGreaterThan(alone.epoch);
      expect(fault).toMatchObject({ epoch: fire!.epoch, number: 1, order: fire!.order + 1 });
      expect(state().lanes).toMatchObject({
        [lane]: { waiting: 10, epoch: fire!.epoch, newest: 1 },
        [other(lane)]: { waiting: 5, epoch: fire!.epoch, newest: 1 },
      });
    },
  );

  it('refuses to begin while neither can be opened', () => {
    const directory = folder();
    const before = journalIn(directory);
    const { boot } = before.state();
    before.close();
    for (const lane of LANES) shut(directory, lane);
    for (const start of [null, boot]) expect(() => journalIn(directory, { boot: start })).toThrow('journal-unopened');
  });
});

describe.each(LANES)('a journal at the start of its process while the file of the %s lane cannot be opened', (lane) => {
  it('takes and hands out what goes into the other, shows signs of life, and says what is in the way', () => {
    const directory = folder();
    const before = journalIn(directory);
    for (let turn = 0; turn < 3; turn++) before.appendBoth();
    const { epoch } = before.state().lanes.alarm;
    before.close();
    shut(directory, lane);
    const { scribe, ask, append, stored, state, alive, close } = journalIn(directory);
    expect(scribe.opened().before === null).toBe(lane === 'ordinary');
    const first = stored(append(KINDS[other(lane)]));
    expect([first.epoch > epoch, first.number]).toEqual([true, 1]);
    expect(append(KINDS[lane])).toMatchObject(unopened);
    expect(alive(0)).toMatchObject({ value: null });
    const { lanes } = state();
    expect(lanes[lane]).toMatchObject({
      failure: expect.stringMatching(/^journal-unopened: .*-shm is no file.*See that its volume/),
      waiting: 0,
    });
    expect(lanes[other(lane)]).toMatchObject({ failure: null, waiting: 4, aliveMs: expect.any(Number) });
    expect(lanes[other(lane)].aliveMs).toBeGreaterThan(0);
    const take = { ask: 'take', uplink: 'one', after: 0, upTo: 1e9, rowsMax: 10, bytesMax: 1e6 } as const;
    expect((ask({ ...take, lane: other(lane) }) as { value: Taken }).value.rows).toHaveLength(3);
    expect((ask({ ask: 'newest', rowsMax: 10 }) as { value: unknown[] }).value).toHaveLength(4);
    mend(directory, lane);
    expect(stored(append(KINDS[lane]))).toMatchObject({ lane });
    expect(state().lanes).toMatchObject({ [lane]: { failure: null, waiting: 4 }, [other(lane)]: { failure: null, waiting: 4 } });
    close();
    expect(journalIn(directory).state().lanes.alarm.waiting).toBe(4);
  });

  it('refuses all the same where the other was written by a newer version', () => {
    const directory = folder();
    journalIn(directory).close();
    const newer = new Database(join(directory, `${other(lane)}.sqlite`));
    newer.pragma('user_version = 999');
    newer.close();
    shut(directory, lane);
    expect(() => journalIn(directory)).toThrow('journal-newer');
  });
});

describe('the count over both lanes', () => {
  it.each(LANES)('goes on above what the %s lane had, which cannot be opened any more', (lane) => {
    const directory = folder();
    const { append, stored } = journalIn(directory);
    const first = stored(append(KINDS[other(lane)]));
    const last = Array.from({ length: 9 }, () => stored(append(KINDS[lane]))).at(-1)!;
    breakInTheMiddle(directory, lane);
    append(KINDS[lane]);
    expect(stored(append(KINDS[other(lane)]))).toMatchObject({ epoch: first.epoch, order: last.order + 1 });
  });
});
