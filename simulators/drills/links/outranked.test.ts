import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal } from '@fengsui/gateway/src/journal/journal.ts';
import { LANES, type SiteEvent } from '@fengsui/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CollectorSite, carry, clockAt, eventOf, type Keys, openSiteJournal, systemTime } from './site.ts';

const soon = { timeout: 60_000, interval: 50 };

let folder: string;
let collector: CollectorSite;
let keys: Keys;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-outranked-'));
  collector = await new CollectorSite().open();
  keys = await collector.enrol();
});

afterAll(async () => {
  await collector[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** One run of the gateway: what it hears before it has a link, then what it hears over it. */
async function run(directory: string, before: number, behind: number, clock = systemTime): Promise<{ said: SiteEvent[]; epoch: number }> {
  const journal: Journal = await openSiteJournal(directory, clock);
  const said: SiteEvent[] = [];
  const hear = async (many: number) => {
    for (let turn = 0; turn < many; turn++) {
      const events = [eventOf('fire'), eventOf('fault')];
      said.push(...events);
      await journal.append(events);
    }
  };
  await hear(before);
  const { numbers, stop } = carry(journal, collector.url, keys);
  await vi.waitFor(() => expect(numbers.state).toBe('up'), soon);
  await hear(behind);
  await vi.waitFor(async () => expect(await unsettled(journal)).toBe(0), soon);
  const { lanes } = await journal.state();
  await stop();
  await journal.close();
  return { said, epoch: lanes.alarm.epoch };
}

/** Rows that wait, and those that are held back for other numbers. */
async function unsettled(journal: Journal): Promise<number> {
  const { lanes } = await journal.state();
  return LANES.reduce((rows, lane) => rows + lanes[lane].waiting + lanes[lane].rejected, 0);
}

/** Ids of all that is in the ledger, in the order in which it is told. */
async function told(): Promise<string[]> {
  const entries = await collector.entries();
  return entries.toSorted((one, other) => one.epoch - other.epoch || one.ordinal - other.ordinal).map(({ event }) => event.id);
}

describe('a data folder put back together with its witness, while the clock shows 1970,', () => {
  it('is told last what it hears last, although a higher epoch began after the copy, and every event arrives once', async () => {
    const [directory, copy] = [join(folder, 'data'), join(folder, 'copy')];
    const first = await run(directory, 2, 2);
    cpSync(directory, copy, { recursive: true });
    const more = await run(directory, 1, 1);
    for (const lane of LANES) for (const tail of ['', '-wal', '-shm']) rmSync(join(directory, `${lane}.sqlite${tail}`), { force: true });
    const second = await run(directory, 2, 2);
    expect(second.epoch).toBeGreaterThan(first.epoch);
    rmSync(directory, { recursive: true });
    cpSync(copy, directory, { recursive: true });
    const third = await run(directory, 150, 3, clockAt(1_000)); // more than get their numbers at once
    expect(third.epoch).toBeGreaterThan(second.epoch);
    const said = [first, more, second, third].flatMap((one) => one.said.map(({ id }) => id));
    const order = await told();
    expect(order).toEqual(said);
    expect((await collector.ledger.state()).quarantined).toBe(0);
  });

  it('that is new altogether is told behind everything said before, also what it heard before it had a link', async () => {
    const before = await told();
    const { said } = await run(join(folder, 'new'), 3, 2, clockAt(1_000));
    expect((await told()).slice(before.length)).toEqual(said.map(({ id }) => id));
  });
});
