import type { Database } from 'better-sqlite3';
import { FROM } from './owed-statements.ts';
import { COLUMNS } from './row.ts';

const BOUND = COLUMNS.replaceAll(/\w+/g, '@$&');

/** What may be about the same as a row (one of an older schema names no point), is no end, and was said after it. */
const SAME_AND_NEWER = `WHERE source = @source AND (point = @point OR point IS NULL OR @point IS NULL) AND edge <> 'ended'
  AND (epoch > @epoch OR (epoch = @epoch AND number > @number))`;

/** The statements of a lane's file that are asked all day, prepared once. */
export function prepared(database: Database) {
  return {
    birth: database.prepare(`INSERT INTO header (one, lane, epoch, newest, newest_order, boot, other_newest, alive_ms, said_from)
      VALUES (1, @lane, @epoch, @newest, @newest_order, @boot, @other_newest, @alive_ms, CASE WHEN @lane = 'ordinary' THEN 0 END)
      ON CONFLICT DO NOTHING`),
    header: database.prepare('SELECT epoch, newest, newest_order, boot, other_newest, alive_ms, thinned FROM header'),
    update: database.prepare(`UPDATE header SET epoch = @epoch, newest = @newest, newest_order = @newest_order, boot = @boot,
      other_newest = @other_newest, alive_ms = @alive_ms, thinned = @thinned`),
    insert: database.prepare(`INSERT INTO rows (${COLUMNS}) VALUES (${BOUND})`),
    adopt: database.prepare(`INSERT INTO rows (${COLUMNS}) VALUES (${BOUND}) ON CONFLICT DO NOTHING`),
    find: database.prepare('SELECT position FROM rows WHERE epoch = @epoch AND number = @number AND event_id = @event_id'),
    named: database.prepare('SELECT position, kind, source, point FROM rows WHERE epoch = @epoch AND number = @number'),
    newerSettled: database.prepare(`SELECT position, ${COLUMNS} FROM (SELECT position, ${COLUMNS} FROM rows
      WHERE state = 1 AND kind = @kind AND position > @position ORDER BY position LIMIT @rowsMax) ${SAME_AND_NEWER}`),
    newerTold: database.prepare(`SELECT position, ${COLUMNS} FROM (SELECT position, ${COLUMNS} FROM rows
      WHERE state = 0 AND position > @position ORDER BY position LIMIT @rowsMax) AS rows ${SAME_AND_NEWER} AND kind = @kind
      AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.slot = @slot AND owed.position = rows.position)`),
    rejected: database.prepare(`SELECT position, state, ${COLUMNS} FROM rows WHERE epoch = @epoch AND number = @number AND state = 2`),
    again: database.prepare(`SELECT position, ${COLUMNS} FROM rows
      WHERE position > @after AND event_id IN (SELECT value FROM json_each(@ids)) ORDER BY position`),
    take: database.prepare(`SELECT rows.position, ${COLUMNS} FROM ${FROM} AND owed.position <= @upTo ORDER BY owed.position`),
    above: database.prepare(`SELECT owed.position FROM ${FROM} AND rows.epoch = @epoch
      AND owed.position <= @upTo AND (rows.number > @floor OR (rows.boot = @boot AND rows.number > @sent))
      ORDER BY owed.position`),
    upTo: database.prepare('SELECT number, boot FROM rows WHERE epoch = @epoch AND number <= @highest ORDER BY number DESC LIMIT 1'),
    quarantine: database.prepare(`UPDATE rows SET state = 3, reason = 'checksum' WHERE position = ?`),
    wall: database.prepare('SELECT wall_ms FROM rows WHERE position = ?').pluck(),
    remove: database.prepare('DELETE FROM rows WHERE position = ?'),
    counts: database.prepare(`SELECT (SELECT count(*) FROM rows WHERE state = 0) AS waiting,
      (SELECT count(*) FROM rows WHERE state >= 2 AND state = 2) AS rejected, (SELECT count(*) FROM rows WHERE state >= 2 AND state = 3) AS quarantined`),
    /**
     * A row that was set aside or rejected is nowhere but here: what says the same again must be taken in. A reset and an end count all the
     * same: they happened, and what is told after them is new.
     */
    newest: database.prepare(`SELECT event_id AS eventId, wall_ms AS wallMs, ordinal, source, kind, edge, point
      FROM rows WHERE state < 2 OR kind = 'reset' OR edge = 'ended' ORDER BY position DESC LIMIT ?`),
    pieceBefore: database
      .prepare('SELECT min(position) FROM (SELECT position FROM rows WHERE position < @before ORDER BY position DESC LIMIT @rowsMax)')
      .pluck(),
    saidFrom: database.prepare('SELECT said_from FROM header').pluck(),
    said: database.prepare(`SELECT rows.position, ${COLUMNS} FROM said CROSS JOIN rows ON rows.position = said.position
      WHERE said.position < @before AND said.position > @from ORDER BY said.position DESC LIMIT @rowsMax`),
    /** What the gateway says of itself is not about the site; `+kind`: the piece is short, an index over kinds would read the whole file. */
    earlierStates: database.prepare(`SELECT ${COLUMNS} FROM rows WHERE position >= @first AND position < @before
      AND +kind NOT IN ('reading', 'heartbeat', 'gateway') ORDER BY position DESC`),
    /** Rows that were put back name no point: each may be of another. */
    earlierReadings: database.prepare(`SELECT ${COLUMNS} FROM rows WHERE position IN (SELECT max(position) FROM rows
      WHERE position >= @first AND position < @before AND +kind IN ('reading', 'heartbeat')
      GROUP BY +kind, source, point, CASE WHEN point IS NULL THEN position END) ORDER BY position DESC`),
    oldest: database.prepare('SELECT wall_ms FROM rows WHERE state = 0 ORDER BY position LIMIT 1'),
    pages: database.prepare('PRAGMA page_count').pluck(),
    idlePages: database.prepare('PRAGMA freelist_count').pluck(),
    synchronous: database.prepare('PRAGMA synchronous').pluck(),
    lastPosition: database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'rows'`),
    countFrom: database.prepare(`INSERT INTO sqlite_sequence (name, seq) VALUES ('rows', ?)`),
    lastWord: database.prepare(`SELECT ${COLUMNS} FROM rows ORDER BY position DESC LIMIT 1`),
    stopped: database.prepare(`SELECT ${COLUMNS} FROM rows WHERE position > (SELECT max(position) FROM rows) - @rowsMax
      AND boot = @boot AND note = 'stopped' ORDER BY position DESC LIMIT 1`),
  };
}

export type Statements = ReturnType<typeof prepared>;
