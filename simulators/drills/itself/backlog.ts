import { systemClock } from '@fengsui/gateway/src/clock.ts';
import { openJournal, sizesOf } from '@fengsui/gateway/src/journal/journal.ts';
import type { SiteEvent } from '@fengsui/protocol';

export const BACKLOG_SOURCE = 'hydrant-1';
const GROUP = 500;

/** Puts readings of a drill (nobody is told of them) into a journal that no gateway has open. */
export async function backlogOf(readings: number, directory: string): Promise<void> {
  const envelope = { source: 3_000_001, destination: 20, zoneMinutes: 480 };
  const sizes = sizesOf({ ordinaryMiB: 1_024, ballastMiB: 0 });
  const journal = await openJournal({
    ...{
      directory,
      profile: 'db36-t1297-2020',
      envelope,
      uplinks: ['collector'],
      sizes,
      clock: systemClock,
      clockSynchronised: () => true,
    },
  });
  for (let from = 0; from < readings; from += GROUP)
    await journal.append(Array.from({ length: Math.min(GROUP, readings - from) }, (_, index) => reading(from + index)));
  await journal.close();
}

function reading(index: number): SiteEvent {
  const ms = Date.now();
  return {
    ...{ id: index.toString(16).padStart(32, '0'), kind: 'reading', edge: 'momentary', source: BACKLOG_SOURCE, receivedMs: ms },
    time: { ms, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 11, systemAddress: 1, component: { type: 24, address: index % 64 } },
    measured: { quantity: 'pressure-kpa', value: 300 + (index % 50), quality: 'good' },
    test: ['drill'],
  };
}
