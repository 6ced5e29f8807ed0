import type { LaneParts } from './lane-parts.ts';
import type { Spared } from './row.ts';
import { ROW_STATES } from './schema.ts';

/**
 * Deletes rows for want of room, in one transaction. What not everybody had is counted for good, and for each uplink that was still
 * owed it.
 */
export function giveUp({ database, statements, header, owed, tally }: LaneParts, rows: readonly Spared[]): void {
  const thinned = header.thinned + rows.filter(({ state }) => state !== ROW_STATES.accepted).length;
  const marks = database.transaction(() => {
    const marks = owed.unmark(rows.filter(({ state }) => state === ROW_STATES.waiting).map(({ position }) => position));
    owed.thin(marks);
    for (const { position } of rows) statements.remove.run(position);
    statements.update.run({ ...header, thinned });
    return marks;
  })();
  header.thinned = thinned;
  owed.accounts.lost(marks);
  for (const { state } of rows) tally.went(state);
}
