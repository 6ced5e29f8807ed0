import { checksumOf } from './checksum.ts';
import type { LaneParts } from './lane-parts.ts';
import type { Earlier, EarlierKind } from './messages.ts';
import type { KeptRow } from './row.ts';

/**
 * A piece before a position: `rowsMax` places of the lane, or, of what says how the site stands, so many rows wherever they are among
 * readings, as far back as the file names them. What its checksum denies was never said.
 */
export function earlierThan(parts: LaneParts, what: EarlierKind, before: number, rowsMax: number): Earlier {
  const { statements } = parts;
  const from = what === 'states' ? (statements.saidFrom.get() as number | null) : null;
  if (from !== null && before > from + 1) {
    const said = statements.said.all({ before, from, rowsMax }) as KeptRow[];
    return { rows: soundOf(said), first: said.length < rowsMax ? from + 1 : said.at(-1)!.position };
  }
  const first = statements.pieceBefore.get({ before, rowsMax }) as number | null;
  if (first === null) return { rows: [], first: 0 };
  const asked = what === 'states' ? statements.earlierStates : statements.earlierReadings;
  return { rows: soundOf(asked.all({ first, before }) as KeptRow[]), first };
}

function soundOf(kept: readonly KeptRow[]): Earlier['rows'] {
  const sound = kept.filter((row) => checksumOf(row).equals(row.checksum));
  return sound.map(({ ordinal, boot, source, kind, point, profile, frame }) => ({ ordinal, boot, source, kind, point, profile, frame }));
}
