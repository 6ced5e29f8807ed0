import type { DeviceAddress } from '../event.ts';
import type { Said } from '../heard.ts';
import type { PointRecord } from './points.ts';

const FIELDS = ['controller', 'loop', 'point', 'zone', 'channel', 'device'] as const satisfies readonly (keyof DeviceAddress)[];
type Field = (typeof FIELDS)[number];

/** One text for one address, whatever the order of its fields. */
export function keyOfAddress(address: DeviceAddress, fields: readonly Field[] = FIELDS): string {
  return fields.map((field) => (address[field] === undefined ? '' : `${field} ${address[field]};`)).join('');
}

function fieldsOf(address: DeviceAddress): Field[] {
  return FIELDS.filter((field) => address[field] !== undefined);
}

/**
 * The point table of a device. A row fits when every field it names is equal; of several the one that names most. Rows are
 * indexed by the set of fields they name, so that thousands of points cost no more than a few.
 */
export class PointTable {
  readonly #points: readonly PointRecord[];
  readonly #byRegister = new Map<string, PointRecord>();
  /** Field sets, the longest first, each with its rows. */
  readonly #byFields: Array<{ readonly fields: readonly Field[]; readonly rows: Map<string, PointRecord> }> = [];

  constructor(points: readonly PointRecord[]) {
    this.#points = points;
    for (const point of points) {
      if (point.register !== undefined) this.#byRegister.set(point.register, point);
      if (point.address !== undefined) this.#rowsFor(fieldsOf(point.address)).set(keyOfAddress(point.address), point);
    }
    this.#byFields.sort((a, b) => b.fields.length - a.fields.length);
  }

  /** The row for what was said, or undefined. What is said of the device as a whole belongs to its only point, where it has but one. */
  find({ address, register }: Pick<Said, 'address' | 'register'>): PointRecord | undefined {
    if (register !== undefined) return this.#byRegister.get(register);
    for (const { fields, rows } of this.#byFields) {
      const row = rows.get(keyOfAddress(address, fields));
      if (row) return row;
    }
    return this.#points.length === 1 && fieldsOf(address).length === 0 ? this.#points[0] : undefined;
  }

  /** Place of a row in the table, counted from 1. */
  ordinal(point: PointRecord): number {
    return this.#points.indexOf(point) + 1;
  }

  #rowsFor(fields: readonly Field[]): Map<string, PointRecord> {
    const found = this.#byFields.find((set) => set.fields.join() === fields.join());
    if (found) return found.rows;
    const rows = new Map<string, PointRecord>();
    this.#byFields.push({ fields, rows });
    return rows;
  }
}
