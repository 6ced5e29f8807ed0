import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, EventKind, Lane, SiteEvent } from '@fengsui/protocol';
import { type Journal, type JournalOptions, type JournalOutbox, openJournal } from './journal.ts';

export const systemTime: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'fengsui-journal-'));
}

/** A journal together with what its first uplink sees of it. */
export type FollowedJournal = Journal & JournalOutbox;

export async function open(directory: string, more: Partial<JournalOptions> = {}): Promise<FollowedJournal> {
  const { uplinks = ['collector'] } = more;
  const journal = await openJournal({
    directory,
    profile: 'db36-t1297-2020',
    envelope: { source: 3_000_001, destination: 20, zoneMinutes: 480 },
    uplinks,
    clock: systemTime,
    clockSynchronised: () => true,
    ...more,
    sizes: { ballastBytes: 0, ...more.sizes },
  });
  const { take, settle, outrank, newerSettled } = journal.outbox(uplinks[0]!);
  return Object.assign(journal, { take, settle, outrank, newerSettled });
}

/** Numbers an uplink still has to settle, in its order. */
export async function owedTo(journal: Journal, uplink: string, lane: Lane = 'alarm'): Promise<number[]> {
  const numbers: number[] = [];
  for (let after = 0; ; ) {
    const { rows, last } = await journal.outbox(uplink).take(lane, after, 500, 1_000_000);
    if (rows.length === 0) return numbers;
    numbers.push(...rows.map(({ number }) => number));
    after = last;
  }
}

export function eventOf(kind: EventKind, address = 1, more: Partial<SiteEvent> = {}): SiteEvent {
  return {
    id: randomUUID().replaceAll('-', ''),
    kind,
    edge: 'began',
    time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address } },
    source: 'panel-1',
    ...more,
  };
}
