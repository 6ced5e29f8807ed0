import type { Lane } from '@fengsui/protocol';

/** Where a row stands while it is on its way: in its lane's turn, or behind, tried again after a silence or a denial. */
export interface Place {
  readonly lane: Lane;
  isBehind: boolean;
}

/**
 * What may be on its way to a centre at once. Alarms have the whole window and ordinary rows what alarms leave of it: an alarm never
 * waits for an ordinary row. A row that is tried again has a place of its own, one a lane, so that nobody waits for it.
 */
export class CentreWindow {
  readonly #max: number;
  readonly #places = new Set<Place>();

  constructor(max: number) {
    this.#max = max;
  }

  take(place: Place): void {
    this.#places.add(place);
  }

  leave(place: Place): void {
    this.#places.delete(place);
  }

  /** A row that was denied and rests gives its place to the next. */
  giveWay(place: Place): void {
    if (this.isFree(place.lane, true)) place.isBehind = true;
  }

  isFree(lane: Lane, isBehind: boolean): boolean {
    const others = [...this.#places].filter((place) => place.isBehind === isBehind);
    if (isBehind) return !others.some((place) => place.lane === lane);
    return others.filter((place) => lane === 'ordinary' || place.lane === 'alarm').length < this.#max;
  }

  /** Nothing is on its way in its turn. */
  get isIdle(): boolean {
    return [...this.#places].every(({ isBehind }) => isBehind);
  }
}
