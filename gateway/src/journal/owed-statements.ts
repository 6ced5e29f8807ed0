import type { Database } from 'better-sqlite3';
import * as limits from '../limits.ts';

export const SLOTS: readonly number[] = Array.from({ length: limits.UPLINKS_MAX }, (_, slot) => slot);
/** Named one by one, so that SQLite finds each by the primary key. */
export const ANY_SLOT = `slot IN (${SLOTS.join(', ')})`;

/** Positions of rows owed to an uplink behind a position are found through this clause: `@slot`, `@after`. */
export const FROM = 'owed CROSS JOIN rows ON rows.position = owed.position WHERE owed.slot = @slot AND owed.position > @after';

/** A row is settled with its last uplink; it counts as rejected when any of them rejected it. */
const END = `UPDATE rows SET reason = CASE WHEN @reason IS NULL THEN reason ELSE coalesce(reason || '; ', '') || @reason END,
  state = CASE WHEN EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = rows.position) THEN 0
    WHEN @reason IS NULL AND reason IS NULL THEN 1 ELSE 2 END, settled_ms = @wallMs`;

export function prepared(database: Database) {
  return {
    uplinks: database.prepare('SELECT slot, name, thinned FROM uplinks ORDER BY slot'),
    name: database.prepare(`INSERT INTO uplinks (slot, name, thinned, since)
      VALUES (@slot, @name, @thinned, (SELECT newest_order FROM header))`),
    thin: database.prepare('UPDATE uplinks SET thinned = thinned + @rows WHERE slot = @slot'),
    forget: database.prepare('DELETE FROM uplinks WHERE slot = ?'),
    forgive: database.prepare('DELETE FROM refusals WHERE slot = @slot'),
    count: database.prepare('SELECT count(*) AS rows FROM owed WHERE slot = @slot'),
    lowest: database.prepare('SELECT position FROM owed WHERE slot = @slot ORDER BY position LIMIT 1'),
    oldest: database.prepare(`SELECT wall_ms FROM ${FROM} ORDER BY owed.position LIMIT 1`),
    oweAll: database.prepare('INSERT INTO owed (slot, position) SELECT @slot, position FROM rows WHERE state = 0 ORDER BY position'),
    oweUnsettled: database.prepare(`INSERT INTO owed (slot, position) SELECT @slot, position FROM owed AS one WHERE slot = @first
      AND (SELECT count(*) FROM owed AS other WHERE other.slot IN (SELECT value FROM json_each(@others)) AND other.position = one.position) = @many
      ORDER BY position`),
    find: database.prepare('SELECT position FROM rows WHERE epoch = @epoch AND number = @number'),
    settle: database.prepare('DELETE FROM owed WHERE slot = @slot AND position = @position'),
    some: database.prepare('SELECT position FROM owed WHERE slot = @slot ORDER BY position LIMIT @rows'),
    end: database.prepare(`${END}
      WHERE position = @position AND (@reason IS NOT NULL OR NOT EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = @position))
      RETURNING state`),
    settleRun: database.prepare(`DELETE FROM owed WHERE slot = @slot
      AND position IN (SELECT position FROM rows WHERE epoch = @epoch AND number BETWEEN @first AND @last)`),
    settleAll: database.prepare('DELETE FROM owed WHERE slot = @slot AND position IN (SELECT value FROM json_each(@positions))'),
    endAll: database.prepare(`${END} WHERE position IN (SELECT value FROM json_each(@positions)) RETURNING state`),
    endRun: database.prepare(`${END}
      WHERE epoch = @epoch AND number BETWEEN @first AND @last AND state = 0
        AND NOT EXISTS (SELECT 1 FROM owed WHERE ${ANY_SLOT} AND owed.position = rows.position)
      RETURNING state`),
  };
}
