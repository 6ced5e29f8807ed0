import { join } from 'node:path';
import type { Lane } from '@fengsui/protocol';
import { systemClock } from '../../../../gateway/src/clock.ts';
import { openJournal } from '../../../../gateway/src/journal/journal.ts';
import { LaneFile } from '../../../../gateway/src/journal/lane-file.ts';
import type { NewRow } from '../../../../gateway/src/journal/row.ts';

const FIRE = { kind: 'fire', edge: 'began' } as const;
const READING = { kind: 'reading', edge: 'momentary', measured: { quantity: 'gas-ppm', value: 12, quality: 'good' } } as const;

/** Rows of one transaction: this is no bench of writing. */
const GROUP = 10_000;

/**
 * A journal in which so many readings wait, or fires. The first is born as any reading is; the others are its copies with their own
 * numbers and seals, written through the journal's own lane file, because a million events would take longer than the bench.
 */
export async function filledJournal(directory: string, rows: number, lane: Lane = 'ordinary'): Promise<void> {
  const envelope = { source: 1, destination: 2, zoneMinutes: 480 };
  const uplinks = ['collector'];
  const journal = await openJournal({
    directory,
    profile: 'db36-t1297-2020',
    envelope,
    uplinks,
    clock: systemClock,
    clockSynchronised: () => true,
  });
  await journal.append([
    {
      ...{ id: '0'.repeat(32), ...(lane === 'alarm' ? FIRE : READING), source: 'bus-1', place: '消防泵房' },
      time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
      part: { systemType: 1, systemAddress: 1, component: { type: 24, address: 7 } },
    },
  ]);
  await journal.close();
  copied(lane, join(directory, `${lane}.sqlite`), rows, uplinks);
}

function copied(lane: Lane, path: string, rows: number, uplinks: readonly string[]): void {
  const born = { epoch: 0, newest: 0, newest_order: 0, boot: 0, other_newest: 0, alive_ms: 0, thinned: 0 };
  const file = new LaneFile(path, lane, born, 0, uplinks);
  const row = file.database.prepare('SELECT * FROM rows LIMIT 1').get() as NewRow;
  for (let done = 1; done < rows; ) {
    const { newest, newest_order } = file.header;
    const group = Array.from({ length: Math.min(GROUP, rows - done) }, (_, index) => ({
      ...row,
      number: newest + 1 + index,
      ordinal: newest_order + 1 + index,
      event_id: String(newest + 1 + index).padStart(32, '0'),
    }));
    file.commit(group, [], { newest: newest + group.length, newest_order: newest_order + group.length });
    done += group.length;
  }
  file.checkpoint();
  file.close();
}
