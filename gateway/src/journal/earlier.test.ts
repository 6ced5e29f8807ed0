import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROFILES } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventOf, open, temporaryFolder } from './journal.fixture.ts';

const { read } = PROFILES.get('db36-t1297-2020')!;
const measured = (value: number) => ({ quantity: 'pressure-kpa', value, quality: 'good' }) as const;
const ASKED = [
  ['alarm', 'states'],
  ['ordinary', 'states'],
  ['ordinary', 'readings'],
] as const;
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** All that is told of both lanes, piece by piece, the newest piece first; of the ordinary lane states and then readings. */
async function told(rowsMax: number) {
  await using journal = Object.assign(await open(folder), { [Symbol.asyncDispose]: () => journal.close() });
  const pieces: unknown[][][] = [];
  for (const [lane, what] of ASKED) {
    for (let before = journal.newest(lane) + 1; before > 0; ) {
      const { rows, first } = await journal.earlier(lane, what, before, rowsMax);
      before = first;
      const events = rows.map(({ frame }) => read(frame)).flatMap((one) => ('event' in one ? [one.event] : []));
      if (events.length > 0) pieces.push(events.map((event) => [event.kind, event.measured?.value ?? event.part.component?.address]));
    }
  }
  return pieces;
}

describe('what earlier runs heard', () => {
  it('is told piece by piece, of a point that says the same again and again only the last of a piece, and nothing of the gateway', async () => {
    const journal = await open(folder);
    await journal.append([eventOf('fire', 1), eventOf('reset', 0, { edge: 'momentary' }), eventOf('fire', 2)]);
    const readings = [1, 2, 3, 4].map((value) => eventOf('reading', 7, { edge: 'momentary', measured: measured(value) }));
    await journal.append([...readings, eventOf('gateway', 0, { note: 'started', edge: 'momentary' }), eventOf('fault', 3)]);
    await journal.close();
    expect(await told(2)).toEqual([
      ...[
        [
          ['fire', 2],
          ['reset', 0],
        ],
        [['fire', 1]],
      ],
      ...[[['fault', 3]], [['reading', 4]], [['reading', 2]]],
    ]);
    expect(await told(100)).toEqual([
      [
        ['fire', 2],
        ['reset', 0],
        ['fire', 1],
      ],
      [['fault', 3]],
      [['reading', 4]],
    ]);
  });

  it('tells at once what stands, however many readings came after it, and what an older version wrote place by place', async () => {
    const journal = await open(folder);
    await journal.append([eventOf('shield', 3), eventOf('fault', 4)]);
    const readings = (many: number) =>
      Array.from({ length: many }, (_, index) => eventOf('reading', 10 + (index % 8), { edge: 'momentary', measured: measured(index) }));
    await journal.append(readings(600));
    await journal.append([eventOf('shield', 3, { edge: 'ended' }), ...readings(300)]);
    const states = async () => {
      const pieces: string[][] = [];
      for (let before = journal.newest('ordinary') + 1; before > 0; ) {
        const { rows, first } = await journal.earlier('ordinary', 'states', before, 100);
        pieces.push(rows.map(({ kind }) => kind));
        before = first;
      }
      return pieces;
    };
    expect(await states()).toEqual([['shield', 'fault', 'shield'], []]);
    const database = new Database(join(folder, 'ordinary.sqlite'));
    database.exec('UPDATE header SET said_from = 400; DELETE FROM said WHERE position <= 400');
    database.close();
    expect(await states()).toEqual([['shield'], [], [], [], ['fault', 'shield'], []]);
    await journal.close();
  });

  it('tells every reading of rows that were put back without their points', async () => {
    const journal = await open(folder);
    await journal.append([7, 8, 9].map((point) => eventOf('reading', point, { edge: 'momentary', measured: measured(point) })));
    await journal.close();
    const database = new Database(join(folder, 'ordinary.sqlite'));
    database.exec('UPDATE rows SET point = NULL');
    database.close();
    expect(await told(100)).toEqual([
      [
        ['reading', 9],
        ['reading', 8],
        ['reading', 7],
      ],
    ]);
  });

  it('leaves out what its checksum denies', async () => {
    const journal = await open(folder);
    await journal.append([eventOf('fire', 1), eventOf('fire', 2)]);
    await journal.close();
    const database = new Database(join(folder, 'alarm.sqlite'));
    database.prepare('UPDATE rows SET wall_ms = wall_ms + 1 WHERE number = 1').run();
    database.close();
    expect(await told(100)).toEqual([[['fire', 2]]]);
  });
});
