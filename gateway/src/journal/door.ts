import type { LostAtDoor } from './lane-file.ts';
import type { LaneState } from './messages.ts';
import type { Relief } from './relief.ts';
import type { Space } from './space.ts';

/** The door of the ordinary lane: what can be thinned is not taken in there while room is short, or not for everybody. */
export class Door {
  readonly #space: Space;
  readonly #relief: () => Relief;
  /** Rows turned away and not yet written down. */
  #turnedAway = 0;

  constructor(space: Space, relief: () => Relief) {
    this.#space = space;
    this.#relief = relief;
  }

  /** Nobody gets it: the volume is full, or the lane is, has nothing left to give up, and everybody has more than its share. */
  isShut(): boolean {
    return this.#space.isFull || this.#relief().admission().isShut;
  }

  /** Counts rows that are given up before they are written. */
  turnAway(rows: number): void {
    this.#turnedAway += rows;
  }

  /** What the next commit is to write down; one that brings no rows withholds none. */
  lost(rows: number): LostAtDoor {
    return { turnedAway: this.#turnedAway, withheld: rows === 0 ? [] : this.#relief().admission().withheld };
  }

  /** It is written down. */
  isKept(lost: LostAtDoor): void {
    this.#turnedAway -= lost.turnedAway;
  }

  /** The lane with what is not yet written down. */
  counted(lane: LaneState): LaneState {
    const uplinks = Object.entries(lane.uplinks).map(([name, due]) => [name, { ...due, thinned: due.thinned + this.#turnedAway }]);
    return { ...lane, thinned: lane.thinned + this.#turnedAway, uplinks: Object.fromEntries(uplinks) };
  }
}
