import { isSound } from './checksum.ts';
import type { LaneParts } from './lane-parts.ts';
import type { Earlier } from './messages.ts';
import type { KeptRow } from './row.ts';

/** A piece of `rowsMax` places before a position. What its checksum denies was never said. */
export function earlierThan({ statements }: LaneParts, before: number, rowsMax: number): Earlier {
  const first = statements.pieceBefore.get({ before, rowsMax }) as number | null;
  if (first === null) return { rows: [], first: 0 };
  const kept = statements.earlier.all({ first, before }) as KeptRow[];
  const sound = kept.filter(isSound);
  const rows = sound.map(({ ordinal, boot, source, kind, point, profile, frame }) => ({
    ordinal,
    boot,
    source,
    kind,
    point,
    profile,
    frame,
  }));
  return { rows, first };
}
