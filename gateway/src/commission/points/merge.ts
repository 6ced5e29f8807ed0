import { identityOf, partsOf } from './identity.ts';
import type { ImportedPoint } from './rows.ts';

/** A point as the file has it: what a person set is not ours to judge here. */
export type FilePoint = Readonly<Record<string, unknown>>;

/** A point of the file whose words the table changes. */
export interface ChangedPoint {
  readonly before: FilePoint;
  /** What the table says otherwise than the file. */
  readonly changes: FilePoint;
}

/** A point of the table that the file did not have. */
export interface AddedPoint {
  readonly point: FilePoint;
  /** The wider row of the file that spoke for this address until now: what was set there by hand stays in force here. */
  readonly wider?: FilePoint;
}

/** What becomes of every point when a table comes to a file that has points. */
export interface Merge {
  /** Like the file's points: what each becomes, in the file's order. */
  readonly fates: readonly ('kept' | 'only-in-file' | 'dropped' | ChangedPoint)[];
  readonly added: readonly AddedPoint[];
}

/** What names a point, and what a table has columns for; every other key was set by hand. */
const NAMES = ['address', 'register'];
const COLUMNS = ['place', 'componentType'];

export function handSetKeys(point: FilePoint): string[] {
  return Object.keys(point).filter((key) => !NAMES.includes(key) && !COLUMNS.includes(key));
}

/**
 * A point that is in both keeps every key the table does not speak of: a gas alarm that somebody set by hand must not become
 * supervisory because a table has no column for it. An empty cell says nothing. `drop`: points that only the file has go.
 */
export function mergePoints(file: readonly FilePoint[], table: readonly ImportedPoint[], drop: boolean): Merge {
  const inTable = new Map(table.map((point) => [identityOf(point), point]));
  const fates = file.map((before) => {
    const said = inTable.get(identityOf(before));
    if (!said) return drop ? 'dropped' : 'only-in-file';
    const changes = Object.fromEntries(
      COLUMNS.map((key) => [key, (said as FilePoint)[key]]).filter(([key, value]) => differs(before[key as string], value)),
    );
    return Object.keys(changes).length === 0 ? 'kept' : { before, changes };
  });
  const inFile = new Set(file.map(identityOf));
  const byHand = file.filter((point) => handSetKeys(point).length > 0);
  const added = table.filter((point) => !inFile.has(identityOf(point))).map((point) => addedBeside(file, byHand, point));
  return { fates, added };
}

function differs(before: unknown, said: unknown): boolean {
  return said !== undefined && said !== before;
}

/** Of the rows that fit an address the one that names most counts (the normalizer's rule): a new row would take the place of a wider one. */
function addedBeside(file: readonly FilePoint[], byHand: readonly FilePoint[], point: ImportedPoint): AddedPoint {
  const fits = ({ address }: FilePoint) => isWider(address, point.address);
  if (!byHand.some(fits)) return { point: { ...point } };
  const [wider] = file.filter(fits).sort((a, b) => partsOf(b['address']).length - partsOf(a['address']).length);
  return wider && handSetKeys(wider).length > 0 ? { point: { ...wider, ...point }, wider } : { point: { ...point } };
}

function isWider(wide: unknown, narrow: ImportedPoint['address']): boolean {
  if (typeof wide !== 'object' || wide === null || !narrow) return false;
  return partsOf(wide).every(([part, value]) => (narrow as FilePoint)[part] === value);
}
