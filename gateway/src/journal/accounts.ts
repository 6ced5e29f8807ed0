/** How many rows ceased to be owed, by slot. */
export type Marks = ReadonlyMap<number, number>;

/** What is known of one uplink's part in a lane. */
export interface Account {
  readonly slot: number;
  readonly name: string;
  /** Rows owed to it; null where they have to be counted. */
  waiting: number | null;
  /** Rows it was owed and never had: given up for want of room. */
  thinned: number;
  /** Where the lane ended when it last gave a receipt in this run; null: it gave none yet. */
  heardAt: number | null;
}

/** What is known of every uplink's part in a lane, kept up beside the file: counting what one is owed would read a stretch of it. */
export class Accounts {
  readonly #byName: ReadonlyMap<string, Account>;
  readonly slots: readonly number[];

  constructor(uplinks: ReadonlyArray<Pick<Account, 'slot' | 'name' | 'thinned'>>) {
    this.#byName = new Map(uplinks.map(({ slot, name, thinned }) => [name, { slot, name, thinned, waiting: null, heardAt: null }]));
    this.slots = uplinks.map(({ slot }) => slot);
  }

  get all(): Iterable<Account> {
    return this.#byName.values();
  }

  of(uplink: string): Account {
    const account = this.#byName.get(uplink);
    if (account === undefined) throw new RangeError(`no such uplink: ${uplink}`);
    return account;
  }

  /** Rows were written: each is owed to every uplink. */
  came(rows: number): void {
    for (const account of this.all) if (account.waiting !== null) account.waiting += rows;
  }

  /** Rows are owed no longer. */
  went(marks: Marks): void {
    for (const account of this.all) if (account.waiting !== null) account.waiting -= marks.get(account.slot) ?? 0;
  }

  /** Rows were given up: some that were owed, some before they were written. */
  lost(marks: Marks, unwritten = 0): void {
    this.went(marks);
    for (const account of this.all) account.thinned += (marks.get(account.slot) ?? 0) + unwritten;
  }

  /** An uplink gave a receipt that settled so many rows, when the lane ended at a position. */
  heard(uplink: string, rows: number, position: number): void {
    const account = this.of(uplink);
    account.heardAt = position;
    if (account.waiting !== null) account.waiting -= rows;
  }

  /** Rows went or came otherwise: they are counted anew when somebody asks. */
  forget(): void {
    for (const account of this.all) account.waiting = null;
  }
}
