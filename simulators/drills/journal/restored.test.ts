import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger } from '@fengsui/collector/src/ledger/sqlite-ledger.ts';
import { type Journal, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { LANES } from '@fengsui/protocol';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { OPENING } from './aftermath.ts';

type Ledger = Awaited<ReturnType<typeof openSqliteLedger>>;
let folder: string;
let ledger: Ledger;
let heard = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-restored-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), OPENING.clock);
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

function eventOf(kind: EventKind): SiteEvent {
  heard += 1;
  return {
    id: heard.toString(16).padStart(32, '0'),
    kind,
    edge: 'began',
    time: { ms: 1_800_000_000_000 + heard, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: heard } },
    source: 'panel-1',
  };
}

/** Brings to the ledger what waits, as an uplink would. */
async function carry(journal: Journal): Promise<void> {
  const outbox = journal.outbox(OPENING.uplinks[0]!);
  for (const lane of LANES) {
    for (let after = 0; ; ) {
      const { epoch, profile, rows, last } = await outbox.take(lane, after, 64, 100_000);
      if (rows.length === 0) break;
      const [receipt] = await ledger.append([{ gateway: 'gw-1', epoch, lane, profile, rows }]);
      await outbox.settle(receipt!);
      after = last;
    }
  }
}

async function run(directory: string, fires: number): Promise<void> {
  const journal = await openJournal({ ...OPENING, directory });
  for (let turn = 0; turn < fires; turn++) await journal.append([eventOf('fire'), eventOf('fault')]);
  await carry(journal);
  await vi.waitFor(
    async () => {
      await carry(journal);
      const { lanes } = await journal.state();
      expect(lanes).toMatchObject({ alarm: { waiting: 0, rejected: 0 }, ordinary: { waiting: 0, rejected: 0 } });
    },
    { timeout: 60_000, interval: 200 },
  );
  await journal.close();
}

it('a whole data folder put back from yesterday gives numbers twice, hears it from the collector, and every event arrives once, in order', async () => {
  const [directory, copy] = [join(folder, 'data'), join(folder, 'copy')];
  await run(directory, 3);
  cpSync(directory, copy, { recursive: true });
  await run(directory, 5);
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  await run(directory, 4);
  await run(directory, 1);
  const entries = await ledger.after(0, 1_000);
  expect(new Set(entries.map(({ event }) => event.id)).size).toBe(heard);
  expect(entries).toHaveLength(heard);
  const alarms = entries.filter(({ lane }) => lane === 'alarm');
  const inOrder = alarms.toSorted((one, other) => one.epoch - other.epoch || one.ordinal - other.ordinal).map(({ event }) => event.id);
  expect(inOrder).toEqual(inOrder.toSorted());
});
