import type { Change, Projection, Rows } from './projection.ts';

const NONE: readonly never[] = [];

/** The rows of one projection in memory. */
export class Table<Row> implements Rows<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #groups = new Map<string, Map<string, Row>>();
  readonly #group: Projection<Row>['group'];

  constructor(group: Projection<Row>['group']) {
    this.#group = group;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  within(group: string): Iterable<readonly [string, Row]> {
    return this.#groups.get(group) ?? NONE;
  }

  values(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Takes the rows over and says what each was before. */
  apply(rows: ReadonlyMap<string, Row>): ReadonlyMap<string, Change<Row>> {
    const changes = new Map<string, Change<Row>>();
    for (const [key, after] of rows) {
      changes.set(key, { before: this.#rows.get(key), after });
      this.#rows.set(key, after);
      const group = this.#group(after);
      const members = this.#groups.get(group) ?? new Map<string, Row>();
      this.#groups.set(group, members.set(key, after));
    }
    return changes;
  }
}
