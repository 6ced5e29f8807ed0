import { rmSync } from 'node:fs';
import type { Lane } from '@fengsui/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as limits from '../limits.ts';
import { eventOf, temporaryFolder } from './journal.fixture.ts';
import { LaneFile } from './lane-file.ts';
import type { Answer, JournalState, Older, Question, Stored, Taken, ToWorker } from './messages.ts';
import { Offers } from './offers.ts';
import { Scribe } from './scribe.ts';

const closing: Array<() => unknown> = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});

const moment = { wallMs: Date.now(), monotonicMs: 1, synchronised: true };

/** A journal without its thread: what it does on the side happens when it is told to. */
function journalOf(many: number, directory = temporaryFolder(), held?: number) {
  const scribe = new Scribe({
    ...{ directory, profile: 'db36-t1297-2020', source: 1, destination: 1, zoneMinutes: 480, uplinks: ['one'] },
    ...{ wallMs: Date.now(), boot: null, machineFile: '/etc/machine-id', gateway: null, positions: { alarm: 0, ordinary: 0 } },
    sizes: { ballastBytes: 1_048_576, ordinaryBytesMax: 1e9, alarmBytesMax: 1e9, keepRows: 10, checkBytesMax: 1e9 },
  });
  const ask = (question: Question): Answer => [...scribe.answer([{ id: 1, ...question } as ToWorker])].flat()[0]!;
  const heard = <T>(question: Question): T => (ask(question) as { value: T }).value;
  const append = (turn: number) =>
    heard<Stored[]>({ ask: 'append', events: [eventOf('fire', turn), eventOf('fault', turn)], again: false, moment });
  const fill = (rows: number) => {
    for (let left = rows; left > 0; left -= 200) {
      const some = Array.from({ length: Math.min(200, left) }, (_, turn) => turn);
      ask({ ask: 'append', events: some.flatMap((turn) => [eventOf('fire', turn), eventOf('fault', turn)]), again: false, moment });
    }
  };
  const close = () => ask({ ask: 'close' });
  closing.push(() => {
    close();
    rmSync(directory, { recursive: true, force: true });
  });
  const said = Array.from({ length: many }, (_, turn) => append(turn)).flat();
  const state = () => heard<JournalState>({ ask: 'state' });
  const { epoch } = state().lanes.alarm;
  const series = [{ epoch: held ?? epoch + 1_000_000, lane: 'alarm' as const, highest: 1 }];
  const outrank = (older: Older | null = null) => ask({ ask: 'outrank', uplink: 'one', series, sent: [], wallMs: Date.now(), older });
  const takeAll = (lane: Lane): Array<Taken['rows'][number] & { epoch: number }> => {
    const rows = [];
    for (let after = 0; ; ) {
      const taken = heard<Taken>({ ask: 'take', uplink: 'one', lane, after, upTo: 1e9, rowsMax: 500, bytesMax: 1e6 });
      if (taken.rows.length === 0) return rows;
      rows.push(...taken.rows.map((row) => ({ ...row, epoch: taken.epoch })));
      after = taken.last;
    }
  };
  /** As one connection does: piece by piece, until the disk fails. */
  const outrankAll = () => {
    for (let answer = outrank(); 'value' in answer && answer.value !== null; ) answer = outrank(answer.value as Older);
  };
  const numberAll = () => {
    while (state().lanes.alarm.rejected + state().lanes.ordinary.rejected > 0) scribe.tend();
  };
  return { scribe, append, fill, said, state, epoch, outrank, outrankAll, numberAll, takeAll, directory, close };
}

/** The next commits of a lane fail with a code of SQLite, before they have written anything. */
function failNext(lane: Lane, code: string, times: number): void {
  const commit = LaneFile.prototype.commit;
  let left = times;
  vi.spyOn(LaneFile.prototype, 'commit').mockImplementation(function (this: LaneFile, ...given) {
    if (this.lane === lane && left-- > 0) throw Object.assign(new Error('injected'), { code });
    return commit.apply(this, given);
  });
}

/** Each step of it that writes, one after the other; `isFailing` says of its number whether it fails. */
function failSteps(isFailing: (step: number) => boolean): () => number {
  let step = 0;
  const failing = <Given extends unknown[], Answer>(act: (...given: Given) => Answer) =>
    function (this: unknown, ...given: Given): Answer {
      if (isFailing(++step)) throw Object.assign(new Error('injected'), { code: step % 2 === 0 ? 'SQLITE_FULL' : 'SQLITE_IOERR_FSYNC' });
      return act.apply(this, given);
    };
  const { commit } = LaneFile.prototype;
  const { supersede, renumber } = Offers.prototype;
  vi.spyOn(LaneFile.prototype, 'commit').mockImplementation(failing(commit));
  vi.spyOn(Offers.prototype, 'supersede').mockImplementation(failing(supersede));
  vi.spyOn(Offers.prototype, 'renumber').mockImplementation(failing(renumber));
  return () => step;
}

const begun = ({ findings }: JournalState) =>
  findings.filter((words) => words.includes('which was put back from a copy: a new epoch begins'));

describe('a new epoch above what a collector holds', () => {
  it.each(['alarm', 'ordinary'] as const)('begins in both lanes although the disk fails once in the %s lane', (lane) => {
    const { append, state, epoch, outrank, takeAll } = journalOf(3);
    failNext(lane, 'SQLITE_IOERR_FSYNC', 1);
    expect(outrank()).toMatchObject({ value: null });
    const { lanes, diskFailures } = state();
    expect([lanes.alarm.epoch > epoch + 1_000_000, lanes.ordinary.epoch, diskFailures]).toEqual([true, lanes.alarm.epoch, 1]);
    expect(new Set(append(4).map((stored) => stored.epoch))).toEqual(new Set([lanes.alarm.epoch]));
    for (const each of ['alarm', 'ordinary'] as const)
      expect(takeAll(each).map((row) => [row.epoch, row.number])).toEqual([1, 2, 3, 4].map((number) => [lanes.alarm.epoch, number]));
  });

  it('has what waits numbered although the disk fails once when that is held back', () => {
    const { state, epoch, outrank, takeAll } = journalOf(3);
    const supersede = Offers.prototype.supersede;
    vi.spyOn(Offers.prototype, 'supersede').mockImplementationOnce(function (this: Offers, ...given) {
      supersede.apply(this, given);
      throw Object.assign(new Error('injected'), { code: 'SQLITE_IOERR_FSYNC' });
    });
    expect(outrank()).toMatchObject({ value: null });
    const { lanes, diskFailures } = state();
    expect([lanes.alarm.epoch > epoch + 1_000_000, lanes.ordinary.epoch, diskFailures]).toEqual([true, lanes.alarm.epoch, 1]);
    for (const each of ['alarm', 'ordinary'] as const)
      expect(takeAll(each).map((row) => [row.epoch, row.number])).toEqual([1, 2, 3].map((number) => [lanes.alarm.epoch, number]));
    expect([lanes.alarm.rejected, lanes.ordinary.rejected]).toEqual([0, 0]);
  });

  it('begins on the reserve of a full volume, and is told once', () => {
    const { state, epoch, outrank } = journalOf(1);
    failNext('alarm', 'SQLITE_FULL', 1);
    expect(outrank()).toMatchObject({ value: null });
    expect(outrank()).toMatchObject({ value: null });
    const after = state();
    expect([after.lanes.alarm.epoch > epoch, after.space.isFull, begun(after)]).toEqual([true, true, [expect.any(String)]]);
  });

  it('that could not begin is not told, and begins with the next word of the collector', () => {
    const { state, epoch, outrank } = journalOf(1);
    failNext('alarm', 'SQLITE_FULL', 2);
    expect(outrank()).toMatchObject({ failure: { code: 'journal-full' } });
    expect([state().lanes.alarm.epoch, state().lanes.ordinary.epoch, state().findings]).toEqual([epoch, epoch, []]);
    expect(outrank()).toMatchObject({ value: null });
    expect([state().lanes.alarm.epoch > epoch, begun(state()).length]).toEqual([true, 1]);
  });

  it.each([2, 4])('leaves the lanes in one epoch although the ordinary one could not be written %i times', (times) => {
    const { scribe, append, state, epoch, outrank } = journalOf(1);
    failNext('ordinary', 'SQLITE_FULL', times);
    expect(outrank()).toMatchObject({ failure: { code: 'journal-full' } });
    scribe.tend();
    const { lanes } = state();
    expect([lanes.alarm.epoch > epoch, lanes.ordinary.epoch]).toEqual([true, lanes.alarm.epoch]);
    expect(new Set(append(2).map((stored) => stored.epoch))).toEqual(new Set([lanes.alarm.epoch]));
  });
});

describe('what waits when a collector holds more', () => {
  it('gets its new numbers bit by bit, is not sent before, and keeps its place before what is heard meanwhile', () => {
    const { scribe, append, said, state, epoch, outrank, takeAll } = journalOf(200);
    outrank();
    const behind = append(201);
    const { lanes } = state();
    for (const lane of ['alarm', 'ordinary'] as const) expect(lanes[lane]).toMatchObject({ waiting: limits.CHORE_ROWS + 1 });
    expect([...takeAll('alarm'), ...takeAll('ordinary')].every((row) => row.epoch > epoch)).toBe(true);
    for (let turn = 0; turn < 50; turn++) scribe.tend();
    const sent = (['alarm', 'ordinary'] as const).flatMap((lane) => takeAll(lane).map((row) => ({ lane, ...row })));
    const told = sent.sort((one, other) => one.order - other.order).map(({ lane, order }) => [lane, order]);
    expect(told).toEqual([...said, ...behind].map(({ lane, order }) => [lane, order]));
    expect(new Set(sent.map((row) => row.epoch))).toEqual(new Set([lanes.alarm.epoch]));
    for (const lane of ['alarm', 'ordinary'] as const)
      expect(
        sent
          .filter((row) => row.lane === lane)
          .map(({ number }) => number)
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: 201 }, (_, index) => index + 1));
  });

  it('is held back a piece at a time, with room for what is heard in between, however much it is', () => {
    const { scribe, append, state, epoch, outrank, takeAll, fill } = journalOf(0);
    const many = 2 * limits.SUPERSEDED_ROWS_MAX + 1;
    fill(many);
    const pieces: Answer[] = [outrank()];
    const olderOf = (answer: Answer) => (answer as { value: Older | null }).value;
    while (olderOf(pieces.at(-1)!)) {
      append(pieces.length);
      pieces.push(outrank(olderOf(pieces.at(-1)!)));
    }
    expect(pieces).toHaveLength(3);
    expect([...takeAll('alarm'), ...takeAll('ordinary')].every((row) => row.epoch > epoch)).toBe(true);
    while (state().lanes.alarm.rejected + state().lanes.ordinary.rejected > 0) scribe.tend();
    for (const lane of ['alarm', 'ordinary'] as const) {
      const sent = takeAll(lane).sort((one, other) => one.order - other.order);
      expect([sent.length, sent.every((row) => row.epoch > epoch)]).toEqual([many + 2, true]);
      expect(Math.max(...sent.map(({ number }) => number))).toBe(many + 2);
    }
  });

  /** Steps of two pieces in both lanes, and of the numbers that the first rows get at once. */
  const STEPS = Array.from({ length: 12 }, (_, step) => step + 1);
  const many = limits.SUPERSEDED_ROWS_MAX + 1;
  const inOrder = ({ takeAll, epoch }: ReturnType<typeof journalOf>) =>
    (['alarm', 'ordinary'] as const).map((lane) => {
      const sent = takeAll(lane).sort((one, other) => one.order - other.order);
      const orders = new Set(sent.map(({ order }) => order));
      return [sent.length, orders.size, sent.filter((row) => row.epoch <= epoch + 1_000_000).length];
    });

  it.each(STEPS)('is all held back with the next word of the collector although the disk fails, and its cure, in step %i', (failed) => {
    const journal = journalOf(0);
    journal.fill(many);
    failSteps((step) => step === failed || step === failed + 1);
    journal.outrankAll();
    vi.restoreAllMocks();
    journal.scribe.tend();
    journal.outrankAll();
    journal.numberAll();
    expect(inOrder(journal)).toEqual([
      [many, many, 0],
      [many, many, 0],
    ]);
  });

  it.each([3, 5, 8, 11])('is all held back with the next word of the collector although the program ended at step %i', (ended) => {
    const before = journalOf(0);
    before.fill(many);
    failSteps((step) => step >= ended);
    before.outrankAll();
    vi.restoreAllMocks();
    before.close();
    const after = journalOf(0, before.directory, before.epoch + 1_000_000);
    after.outrankAll();
    after.numberAll();
    expect(inOrder({ ...after, epoch: before.epoch })).toEqual([
      [many, many, 0],
      [many, many, 0],
    ]);
  });
});
