import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checksumOf } from '@fengsui/gateway/src/journal/checksum.ts';
import { MIGRATIONS } from '@fengsui/gateway/src/journal/schema.ts';
import { LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { OPENING } from './aftermath.ts';

const EPOCH = 1_850_000_000_000_000;
const START_MS = 1_800_000_000_000;
/** From here on a trigger owes each row that is inserted to the uplinks there are. */
const SCHEMA_WITH_UPLINKS = 3;

/** What an alarm lane or an ordinary lane hears. */
function eventOf(lane: Lane, number: number): SiteEvent {
  return {
    id: `${lane === 'alarm' ? 'a' : 'b'}${number.toString(16).padStart(31, '0')}`,
    kind: lane === 'alarm' ? 'fire' : 'fault',
    edge: 'began',
    time: { ms: START_MS + number, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: number } },
    source: 'panel-1',
    place: `1号楼${number % 30}层`,
  };
}

function rowOf(lane: Lane, number: number) {
  const event = eventOf(lane, number);
  const { profile, envelope } = OPENING;
  const frame = PROFILES.get(profile)!.write(event, { serial: number % 65_536, sentMs: event.time.ms, ...envelope });
  const row = {
    ...{ epoch: EPOCH, number, ordinal: 2 * number + (lane === 'alarm' ? 0 : 1), boot: 1, monotonic_ms: number, wall_ms: event.time.ms },
    ...{ clock_synchronised: 1, event_id: event.id, kind: event.kind, edge: event.edge, source: event.source, profile, frame },
  };
  return { ...row, checksum: checksumOf(row), state: number % 5 === 0 ? 1 : 0 };
}

/**
 * Makes a journal as the version with that schema left it, so many rows a lane, every fifth of them settled. Answers the lines
 * `lane epoch number id` of all of them.
 */
export function makeOldJournal(directory: string, schema: number, rows: number): string[] {
  mkdirSync(directory, { recursive: true });
  return LANES.flatMap((lane) => {
    const database = new Database(join(directory, `${lane}.sqlite`));
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = OFF'); // nothing is promised of it before it is used
    for (const step of MIGRATIONS.slice(0, schema)) database.exec(step);
    database.pragma(`user_version = ${schema}`);
    database
      .prepare(`INSERT INTO header (one, lane, epoch, newest, newest_order, boot, other_newest, alive_ms) VALUES (1, ?, ?, ?, ?, 1, ?, ?)`)
      .run(lane, EPOCH, rows, 2 * rows + 1, rows, START_MS);
    if (schema >= SCHEMA_WITH_UPLINKS) database.prepare('INSERT INTO uplinks (slot, name) VALUES (0, ?)').run(OPENING.uplinks[0]);
    const columns = Object.keys(rowOf(lane, 1));
    const insert = database.prepare(`INSERT INTO rows (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`);
    database.transaction(() => {
      for (let number = 1; number <= rows; number++) insert.run(rowOf(lane, number));
    })();
    database.close();
    return Array.from({ length: rows }, (_, index) => `${lane} ${EPOCH} ${index + 1} ${eventOf(lane, index + 1).id}`);
  });
}
