import type { LaneParts } from './lane-parts.ts';
import type { Spared } from './row.ts';

/** Sets a row aside whose checksum is wrong: kept, shown, never sent, and owed to nobody. One transaction. */
export function setAside({ database, statements, owed, tally }: LaneParts, { position, state }: Spared): void {
  const marks = database.transaction(() => {
    const marks = owed.unmark([position]);
    statements.quarantine.run(position);
    return marks;
  })();
  owed.accounts.went(marks);
  tally.setAside(state);
}
