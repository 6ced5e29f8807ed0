import { rmSync } from 'node:fs';
import type { Holding, Lane } from '@fengsui/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import * as limits from '../limits.ts';
import { Cures } from './cures.ts';
import { isCredibleEpoch } from './epoch.ts';
import { eventOf, type FollowedJournal, open, temporaryFolder } from './journal.fixture.ts';
import { LaneFiles } from './lane-files.ts';
import { Renewal } from './renewal.ts';

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

/** A journal with so many fires and faults, in turn. */
async function journalOf(
  many: number,
  more: Parameters<typeof open>[1] = {},
  directory = folder(),
): Promise<{ journal: FollowedJournal; epoch: number }> {
  const journal = await open(directory, more);
  closing.push(() => journal.close());
  for (let turn = 1; turn <= many; turn++) await journal.append([eventOf('fire', turn), eventOf('fault', turn)]);
  return { journal, epoch: (await journal.state()).lanes.alarm.epoch };
}

const both = (epoch: number, highest: number): Holding[] => [
  { epoch, lane: 'alarm', highest },
  { epoch, lane: 'ordinary', highest },
];

/** Epochs, numbers and counts over both lanes of what waits, in the order of the latter. */
async function owed(journal: Pick<FollowedJournal, 'take'>): Promise<Array<{ lane: Lane; epoch: number; number: number; order: number }>> {
  const all = [];
  for (const lane of ['alarm', 'ordinary'] as const) {
    for (let after = 0; ; ) {
      const { epoch, rows, last } = await journal.take(lane, after, 64, 100_000);
      if (rows.length === 0) break;
      all.push(...rows.map(({ number, order }) => ({ lane, epoch, number, order })));
      after = last;
    }
  }
  return all.sort((one, other) => one.order - other.order);
}

const BEYOND = 1_000_000_000;

describe('a journal whose collector holds', () => {
  it('nothing, or less than it knows, goes on', async () => {
    const { journal, epoch } = await journalOf(3);
    for (const series of [[], both(epoch - BEYOND, 900), both(epoch, 3), both(epoch, 1)]) await journal.outrank(series, both(epoch, 3));
    const { lanes, findings } = await journal.state();
    expect([lanes.alarm.epoch, lanes.ordinary.epoch, lanes.alarm.newest, findings]).toEqual([epoch, epoch, 3, []]);
  });

  it('a higher epoch begins one above that, whatever the clock says, and what waits gets numbers of it in its order', async () => {
    const clock = { wallMs: () => 1_000, monotonicMs: () => performance.now(), sleep: async () => {} };
    const { journal, epoch } = await journalOf(3, { clock });
    await journal.outrank([...both(epoch, 1), ...both(epoch + BEYOND, 7)], both(epoch, 1));
    const { lanes, findings } = await journal.state();
    expect(lanes.alarm.epoch).toBeGreaterThan(epoch + BEYOND);
    expect(lanes.ordinary.epoch).toBe(lanes.alarm.epoch);
    expect(lanes).toMatchObject({ alarm: { waiting: 3, rejected: 0 }, ordinary: { waiting: 3, rejected: 0 } });
    expect(findings).toEqual([expect.stringContaining('put back from a copy: a new epoch begins')]);
    const fresh = lanes.alarm.epoch;
    const names = (await owed(journal)).map(({ lane, epoch, number }) => `${lane} ${epoch === fresh ? 'new' : 'old'} ${number}`);
    expect(names).toEqual(['alarm old 1', 'ordinary old 1', 'alarm new 1', 'ordinary new 1', 'alarm new 2', 'ordinary new 2']);
    const [next] = await journal.append([eventOf('fire')]);
    expect(next).toMatchObject({ epoch: fresh, number: 3 });
  });

  it('higher numbers of its epoch begins another before it gives one twice', async () => {
    const { journal, epoch } = await journalOf(3);
    await journal.outrank([{ epoch, lane: 'ordinary', highest: 4 }], []);
    const [next] = await journal.append([eventOf('fire')]);
    expect(next!.epoch).toBeGreaterThan(epoch);
    expect(next!.number).toBe(4); // behind the three that it has nowhere, which it would have been told before
  });

  it('a number that this run gave and did not send begins another, though the journal has passed it since', async () => {
    const directory = folder();
    const first = await open(directory);
    await first.append([eventOf('fire', 1), eventOf('fault', 1)]);
    await first.close();
    const { journal, epoch } = await journalOf(4, {}, directory);
    await journal.outrank(both(epoch, 2), []);
    const names = (await owed(journal)).map((row) => `${row.lane} ${row.epoch === epoch ? 'old' : 'new'} ${row.number}`);
    const fresh = [1, 2, 3, 4].flatMap((number) => [`alarm new ${number}`, `ordinary new ${number}`]);
    expect(names).toEqual(['alarm old 1', 'ordinary old 1', ...fresh]);
  });

  it('an epoch beyond belief does not heed that one, and says so', async () => {
    const { journal, epoch } = await journalOf(1);
    await journal.outrank(both(Number.MAX_SAFE_INTEGER, 1), []);
    const { lanes, findings } = await journal.state();
    expect([lanes.alarm.epoch, findings]).toEqual([epoch, [expect.stringContaining('no gateway begins')]]);
    await journal.outrank([...both(Number.MAX_SAFE_INTEGER, 1), ...both(epoch + BEYOND, 1)], []);
    const next = (await journal.state()).lanes.alarm.epoch;
    expect([next > epoch + BEYOND, next < epoch + 10 * BEYOND]).toEqual([true, true]);
  });

  it('an epoch beyond belief, heeds what it says besides, and what another collector says', async () => {
    const { journal, epoch } = await journalOf(1, { uplinks: ['hostile', 'honest'] });
    const far = Date.UTC(2106, 0, 1) * 1_024 - 1;
    await journal.outbox('hostile').outrank([...both(far, 1), ...both(epoch, 500)], both(epoch, 1));
    const second = (await journal.state()).lanes.alarm.epoch;
    expect([second > epoch, second < far]).toEqual([true, true]);
    await journal.outbox('honest').outrank(both(second, 500), []);
    expect((await journal.state()).lanes.alarm.epoch).toBeGreaterThan(second);
  });

  it('the highest epoch that is believed, still heeds another collector that has the epoch above it', async () => {
    const { journal } = await journalOf(1, { uplinks: ['hostile', 'honest'] });
    let highest = Date.now() * 1_024;
    for (let step = 2 ** 50; step >= 1; step /= 2) if (isCredibleEpoch(highest + step, Date.now())) highest += step;
    await journal.outbox('hostile').outrank(both(highest, 1), []);
    const pushed = (await journal.state()).lanes.alarm.epoch;
    expect(pushed).toBeGreaterThan(highest);
    await journal.outbox('honest').outrank(both(pushed, 500), []);
    expect((await journal.state()).lanes.alarm.epoch).toBeGreaterThan(pushed);
  });

  it('more, is heeded in full by the next word of it where a stop came between', async () => {
    const { journal, epoch } = await journalOf(0);
    const many = limits.SUPERSEDED_ROWS_MAX + 100;
    for (let half = 0; half < 2; half++) await journal.append(Array.from({ length: many / 2 }, (_, turn) => eventOf('fire', turn)));
    const stop = new AbortController();
    const heard = journal.outrank(both(epoch + BEYOND, 1), [], stop.signal);
    stop.abort();
    await heard;
    expect((await owed(journal)).some((row) => row.epoch === epoch)).toBe(true);
    await journal.outrank(both(epoch + BEYOND, 1), []);
    expect((await owed(journal)).filter((row) => row.epoch === epoch)).toEqual([]);
  });

  it('more, keeps what others are owed under the old numbers', async () => {
    const { journal, epoch } = await journalOf(2, { uplinks: ['collector', 'second'] });
    await journal.outrank(both(epoch + BEYOND, 1), []);
    const other = await owed(journal.outbox('second'));
    expect(other.map((row) => [row.lane, row.epoch, row.number])).toEqual([
      ['alarm', epoch, 1],
      ['ordinary', epoch, 1],
      ['alarm', epoch, 2],
      ['ordinary', epoch, 2],
    ]);
    const ours = await owed(journal);
    expect([ours.length, ours.every((row) => row.epoch > epoch + BEYOND)]).toEqual([4, true]);
  });
});

describe('a collector that holds ever more', () => {
  it('gets a new epoch ever more rarely, and another uplink is heeded all the same', () => {
    const directory = folder();
    const sizes = { ballastBytes: 0, ordinaryBytesMax: 1e9, alarmBytesMax: 1e9, keepRows: 10, checkBytesMax: 1e9 };
    const start = { source: 1, destination: 1, zoneMinutes: 480, uplinks: ['one', 'two'], wallMs: Date.now(), boot: null, sizes };
    const files = new LaneFiles({
      directory,
      profile: 'p',
      machineFile: '/etc/machine-id',
      gateway: null,
      positions: { alarm: 0, ordinary: 0 },
      ...start,
    });
    closing.push(() => files.close());
    let nowMs = 1;
    const renewal = new Renewal(files, new Cures(files), () => nowMs);
    let epochs = 0;
    const hear = (uplink: string) => {
      const { epoch } = files.file('alarm').header;
      renewal.outrank({ uplink, series: both(epoch + BEYOND, 1), sent: [], wallMs: Date.now(), older: null });
      epochs += files.file('alarm').header.epoch > epoch ? 1 : 0;
    };
    for (let minute = 0; minute < 24 * 60; minute++) {
      for (let turn = 0; turn < 5; turn++) hear('one');
      nowMs += 60_000;
    }
    expect(epochs).toBe(8); // at once, then after 10, 20, 40 … minutes
    expect(files.findings.words).toContainEqual(expect.stringContaining('none begins now'));
    hear('two');
    expect(epochs).toBe(9);
    expect(files.findings.words.filter((words) => words.includes('a new epoch begins'))).toHaveLength(9);
    expect(files.file('alarm').header.epoch).toBeLessThan(Number.MAX_SAFE_INTEGER / 2);
  });
});
