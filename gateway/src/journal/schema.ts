import type { Database } from 'better-sqlite3';
import { fail } from '../failures.ts';

/**
 * Forward-only steps; `user_version` counts those taken. A step and its count are one transaction, so a kill between two steps
 * resumes at the next start. `position` orders a file over all epochs; (epoch, number) is the identity everybody else uses.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE header (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     lane TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     newest INTEGER NOT NULL,        -- last number of this epoch
     newest_order INTEGER NOT NULL,  -- last count over both lanes
     boot INTEGER NOT NULL,          -- starts of the gateway
     other_newest INTEGER NOT NULL,  -- what the other lane's file had committed: a file that knows less than this was put back from a copy
     alive_ms INTEGER NOT NULL       -- wall clock when the gateway last said that it lives
   ) STRICT;
   CREATE TABLE rows (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     epoch INTEGER NOT NULL,
     number INTEGER NOT NULL,
     ordinal INTEGER NOT NULL,
     boot INTEGER NOT NULL,
     monotonic_ms INTEGER NOT NULL,
     wall_ms INTEGER NOT NULL,
     clock_synchronised INTEGER NOT NULL,
     event_id TEXT NOT NULL,
     kind TEXT NOT NULL,
     edge TEXT NOT NULL,
     source TEXT NOT NULL,
     note TEXT,
     profile TEXT NOT NULL,
     frame BLOB NOT NULL,
     checksum BLOB NOT NULL,
     state INTEGER NOT NULL DEFAULT 0,  -- 0 waiting, 1 accepted, 2 rejected, 3 quarantined
     reason TEXT,
     settled_ms INTEGER,
     UNIQUE (epoch, number)
   ) STRICT;
   CREATE INDEX rows_waiting ON rows (position) WHERE state = 0;
   CREATE INDEX rows_unwell ON rows (state, position) WHERE state >= 2;`,
  `ALTER TABLE header ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0; -- rows that waited and were given up for want of room
   ALTER TABLE rows ADD COLUMN point TEXT;                            -- part and quantity: a newer row of the same supersedes it
   CREATE INDEX rows_settled ON rows (kind, position) WHERE state = 1;`,
  `CREATE TABLE uplinks (slot INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE owed ( -- rows that an uplink has not settled yet, each uplink's in a stretch of its own
     slot INTEGER NOT NULL,
     position INTEGER NOT NULL,
     PRIMARY KEY (slot, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TRIGGER rows_owed AFTER INSERT ON rows WHEN new.state = 0 BEGIN
     INSERT INTO owed (slot, position) SELECT slot, new.position FROM uplinks;
   END;
   CREATE TRIGGER rows_set_aside AFTER UPDATE OF state ON rows WHEN old.state = 0 AND new.state = 3 BEGIN
     DELETE FROM owed WHERE slot IN (0, 1, 2, 3) AND position = old.position;
   END;
   CREATE TRIGGER rows_gone AFTER DELETE ON rows WHEN old.state = 0 BEGIN
     DELETE FROM owed WHERE slot IN (0, 1, 2, 3) AND position = old.position;
   END;`,
  `CREATE TABLE refusals ( -- who rejected a row, by its slot; -1: nobody wrote it down
     position INTEGER NOT NULL,
     slot INTEGER NOT NULL,
     taken INTEGER NOT NULL, -- 1: it knows another row by this number, and the row is still to get another one
     PRIMARY KEY (position, slot)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX refusals_taken ON refusals (position) WHERE taken = 1;
   CREATE TRIGGER rows_refused_gone AFTER DELETE ON rows WHEN old.reason IS NOT NULL BEGIN
     DELETE FROM refusals WHERE position = old.position;
   END;
   INSERT INTO refusals (position, slot, taken)
     SELECT position, -1, instr(reason, 'another frame has this number') > 0 FROM rows WHERE state = 0 AND reason IS NOT NULL;
   INSERT INTO refusals (position, slot, taken)
     SELECT position, -1, instr(reason, 'another frame has this number') > 0 FROM rows WHERE state >= 2 AND state = 2 AND reason IS NOT NULL;
   INSERT INTO owed (slot, position) -- a row that waits for nobody would wait for ever
     SELECT uplinks.slot, rows.position FROM uplinks CROSS JOIN rows WHERE rows.state = 0
       AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.slot IN (0, 1, 2, 3) AND owed.position = rows.position);`,
  `ALTER TABLE uplinks ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0; -- rows it was owed that were given up for want of room`,
  `ALTER TABLE uplinks ADD COLUMN since INTEGER NOT NULL DEFAULT 0; -- count over both lanes when the name got its slot: of rows before it nothing is known
   UPDATE uplinks SET since = coalesce((SELECT newest_order FROM header), 0);`,
  `ALTER TABLE header ADD COLUMN said_from INTEGER; -- all behind this position that says how the site stands is named in said; NULL: nothing is, for there is nothing else
   UPDATE header SET said_from = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'rows'), 0) WHERE lane = 'ordinary';
   CREATE TABLE said (position INTEGER PRIMARY KEY) STRICT; -- an index over millions of readings would take minutes to make
   CREATE TRIGGER rows_said AFTER INSERT ON rows
     WHEN new.kind NOT IN ('reading', 'heartbeat', 'gateway') AND (SELECT said_from FROM header) IS NOT NULL BEGIN
     INSERT OR IGNORE INTO said (position) VALUES (new.position);
   END;
   CREATE TRIGGER rows_said_gone AFTER DELETE ON rows WHEN old.kind NOT IN ('reading', 'heartbeat', 'gateway') BEGIN
     DELETE FROM said WHERE position = old.position;
   END;`,
];

/** What a row's state column says: it waits while any uplink is owed it, and is rejected when any of them rejected it. */
export const ROW_STATES = { waiting: 0, accepted: 1, rejected: 2, quarantined: 3 } as const;

/** Refuses a file that a newer Fengsui has written, before anything is changed in it. */
export function refuseNewer(database: Database, path: string): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) throw fail('journal-newer', `${path} has schema ${version}, this version knows ${MIGRATIONS.length}`);
}

export function migrate(database: Database): void {
  const from = database.pragma('user_version', { simple: true }) as number;
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < from) continue;
    database.transaction(() => {
      database.exec(step);
      database.pragma(`user_version = ${index + 1}`);
    })();
  }
}
