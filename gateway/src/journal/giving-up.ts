import type { LaneParts } from './lane-parts.ts';
import type { Spared } from './row.ts';
import { ROW_STATES } from './schema.ts';

/**
 * Deletes rows for want of room, in one transaction. What not everybody had is counted for good, and for each uplink that was still
 * owed it.
 */
export function giveUp({ database, statements, header, owed, tally }: LaneParts, rows: readonly Spared[]): void {
  const thinned = header.thinned + rows.filter(({ state }) => state !== ROW_STATES.accepted).length;
  const had = rows.findLast(({ state }) => state === ROW_STATES.accepted);
  const hadMs = had ? (statements.wall.get(had.position) as number | undefined) : undefined;
  const marks = database.transaction(() => {
    const marks = owed.unmark(rows.filter(({ state }) => state === ROW_STATES.waiting).map(({ position }) => position));
    owed.thin(marks);
    for (const { position } of rows) statements.remove.run(position);
    statements.update.run({ ...header, thinned });
    return marks;
  })();
  header.thinned = thinned;
  owed.accounts.lost(marks);
  if (hadMs !== undefined) tally.forgot(hadMs);
  for (const { state } of rows) tally.went(state);
}
