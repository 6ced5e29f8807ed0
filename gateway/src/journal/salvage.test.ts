import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { eventOf, temporaryFolder } from './journal.fixture.ts';
import type { Answer, JournalState, Question, ToWorker } from './messages.ts';
import { Scribe } from './scribe.ts';

const disk = vi.hoisted(() => ({ wait: Promise.resolve(), reads: 0, fails: (_: number): boolean => false }));

/** A disk that takes as long as it is told to over a sector, or does not give it. */
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const open: typeof real.open = async (...given) => {
    const handle = await real.open(...given);
    const read = handle.read.bind(handle) as (...how: unknown[]) => Promise<unknown>;
    handle.read = (async (...how: unknown[]) => {
      disk.reads += 1;
      const isFailing = disk.fails(disk.reads);
      await disk.wait;
      if (isFailing) throw Object.assign(new Error('injected'), { code: 'EIO' });
      return read(...how);
    }) as never;
    return handle;
  };
  return { ...real, open };
});

const moment = { wallMs: Date.now(), monotonicMs: 1, synchronised: true };

function scribeOf(directory: string) {
  const scribe = new Scribe({
    ...{ directory, gateway: 'gw-1', profile: 'db36-t1297-2020', source: 1, destination: 1, zoneMinutes: 480, uplinks: ['one'] },
    ...{ wallMs: Date.now(), boot: null, machineFile: '/etc/machine-id', positions: { alarm: 0, ordinary: 0 } },
    sizes: { ballastBytes: 0, ordinaryBytesMax: 1e9, alarmBytesMax: 1e9, keepRows: 10, checkBytesMax: 1e9 },
  });
  const ask = (question: Question) => [...scribe.answer([{ id: 1, ...question } as ToWorker])].flat()[0]! as Answer & { value: unknown };
  const append = () => ask({ ask: 'append', events: [eventOf('fire')], again: false, moment });
  const state = () => ask({ ask: 'state' }).value as JournalState;
  return { scribe, ask, append, state };
}

/** A folder in which a file of fires was moved aside. */
function damaged(rows: number): string {
  const directory = temporaryFolder();
  const { append, ask } = scribeOf(directory);
  for (let row = 0; row < rows; row++) append();
  ask({ ask: 'close' });
  renameSync(join(directory, 'alarm.sqlite'), join(directory, 'alarm.damaged-20261129T000000000Z.sqlite'));
  return directory;
}

const ROWS = 200;

it('a sector over which the disk takes minutes keeps nobody else waiting, and what waited is brought home when it has come', async () => {
  const directory = damaged(ROWS);
  const { scribe, append, ask, state } = scribeOf(directory);
  const given = Promise.withResolvers<void>();
  disk.wait = given.promise;
  disk.reads = 0;
  for (let turn = 0; turn < 20; turn++) {
    scribe.tend();
    await sleep(1);
    expect([append(), ask({ ask: 'alive', moment })]).toMatchObject([{ value: [{ lane: 'alarm' }] }, { value: null }]);
  }
  await vi.waitFor(() => expect(disk.reads).toBe(1));
  expect(state().lanes.alarm.waiting).toBe(20);
  given.resolve();
  await vi.waitFor(() => {
    scribe.tend();
    expect(state().findings).toContainEqual(expect.stringContaining(`${ROWS} rows that waited were saved`));
  });
  expect(state().lanes.alarm.waiting).toBe(ROWS + 20);
  ask({ ask: 'close' });
  rmSync(directory, { recursive: true });
});

it('a sector that the disk does not give costs its rows alone', async () => {
  const directory = damaged(ROWS);
  const { scribe, ask, state } = scribeOf(directory);
  disk.wait = Promise.resolve();
  disk.reads = 0;
  disk.fails = (read) => read >= 10 && read < 30;
  await vi.waitFor(() => {
    scribe.tend();
    expect(state().findings).toContainEqual(expect.stringContaining('were saved'));
  });
  const { waiting } = state().lanes.alarm;
  expect([waiting < ROWS, waiting > 0]).toEqual([true, true]);
  ask({ ask: 'close' });
  rmSync(directory, { recursive: true });
});
