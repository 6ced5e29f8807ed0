import { ROW_STATES } from './schema.ts';

/** How many rows of a lane's file stand how, kept up beside the file: counting them would read it. */
export class Tally {
  waiting: number;
  rejected: number;
  quarantined: number;
  /** Last position there is; of an empty file the one before it is to begin. */
  position: number;
  /** How often an uplink settled a row since the file was opened, or one that is gone was let off it. */
  settled = 0;
  /** Wall clock of the newest row that everybody had and that was given up for want of room since the file was opened; null: none was. */
  forgottenMs: number | null = null;

  constructor(counted: Pick<Tally, 'waiting' | 'rejected' | 'quarantined'>, position: number) {
    this.waiting = counted.waiting;
    this.rejected = counted.rejected;
    this.quarantined = counted.quarantined;
    this.position = position;
  }

  /** Rows were written that wait. */
  came(positions: readonly number[]): void {
    this.waiting += positions.length;
    this.position = positions.at(-1) ?? this.position;
  }

  /** Uplinks are owed so many rows less; nobody may be owed them any more. */
  heard(rows: number): void {
    this.settled += rows;
  }

  /** A row that waited is settled by everybody. */
  ended(ending: 'accepted' | 'rejected'): void {
    this.waiting -= 1;
    if (ending === 'rejected') this.rejected += 1;
  }

  /** A row of that state is deleted. */
  went(state: number): void {
    if (state === ROW_STATES.waiting) this.waiting -= 1;
    if (state === ROW_STATES.rejected) this.rejected -= 1;
    if (state === ROW_STATES.quarantined) this.quarantined -= 1;
  }

  /** Rows that everybody had were given up for want of room, the newest of that time. */
  forgot(wallMs: number): void {
    this.forgottenMs = Math.max(this.forgottenMs ?? wallMs, wallMs);
  }

  /** A row of that state is set aside. */
  setAside(state: number): void {
    this.went(state);
    this.quarantined += 1;
  }
}
