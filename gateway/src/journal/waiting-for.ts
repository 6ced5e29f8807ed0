import type { Database } from 'better-sqlite3';

/** For whom a row waits, by the names of the uplinks in their order. */
export interface Waits {
  /** Who is owed it; nobody where it does not wait, or where the file is of a version that knew of one uplink. */
  readonly waitingFor: readonly string[];
  /** Whether there are uplinks that are not owed it. */
  readonly isPartly: boolean;
  /** Who is known to have taken it. Of others that are not owed it this cannot be told from the file. */
  readonly takenBy: readonly string[];
}

/** As it is read with a row. */
export interface RawWaits {
  readonly waiting_for: string | null;
  readonly uplinks: number;
  readonly taken_by: string | null;
}

/** From here on a file says what each uplink lost, as well as who is owed and who rejected a row; and then since when each has its name. */
const SCHEMA_WITH_LOSSES = 5;
const SCHEMA_WITH_SINCE = 6;

const IS_OWED = 'EXISTS (SELECT 1 FROM owed WHERE owed.slot = uplinks.slot AND owed.position = rows.position)';

/**
 * An uplink that is not owed a row has taken it, but for: one that rejected it or gave up rows for want of room; one that came after the
 * row was heard, beside others or in the place of one that is gone, and may never have been owed it; and rows that got other numbers, which
 * may wait for somebody under a second one, so it is said where the file has one epoch.
 */
const IS_TOLD = `(SELECT min(epoch) FROM rows) = (SELECT max(epoch) FROM rows)`;
const HAS_TAKEN = `${IS_TOLD} AND thinned = 0 AND uplinks.since < rows.ordinal AND NOT ${IS_OWED}
  AND NOT EXISTS (SELECT 1 FROM refusals WHERE refusals.position = rows.position AND refusals.slot IN (uplinks.slot, -1))`;

const namesWhere = (condition: string) => `CASE WHEN state = 0 THEN (SELECT json_group_array(name) FROM uplinks WHERE ${condition}) END`;

/** Columns of a query over `rows` that tell for whom each waits. */
export function waitsColumns(database: Database): string {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version < SCHEMA_WITH_LOSSES) return 'NULL AS waiting_for, 0 AS uplinks, NULL AS taken_by';
  const takenBy = version < SCHEMA_WITH_SINCE ? 'NULL' : namesWhere(HAS_TAKEN);
  return `${namesWhere(IS_OWED)} AS waiting_for, (SELECT count(*) FROM uplinks) AS uplinks, ${takenBy} AS taken_by`;
}

export function waitsOf({ waiting_for, uplinks, taken_by }: RawWaits): Waits {
  const waitingFor = namesOf(waiting_for);
  return { waitingFor, isPartly: waitingFor.length > 0 && waitingFor.length < uplinks, takenBy: namesOf(taken_by) };
}

function namesOf(json: string | null): string[] {
  return json === null ? [] : (JSON.parse(json) as string[]);
}
