/** Where something stands among all that one gateway heard: the order of folds, whatever the order of arrival. */
export interface Order {
  /** A newer epoch is a larger number. */
  readonly epoch: number;
  /** Over both lanes of the epoch. */
  readonly ordinal: number;
}

/** Whether the gateway heard `one` after `other`; everything is later than nothing. */
export function isLater(one: Order, other: Order | null | undefined): boolean {
  if (!other) return true;
  return one.epoch === other.epoch ? one.ordinal > other.ordinal : one.epoch > other.epoch;
}

/** The later of the two. */
export function later<O extends Order>(one: O | null | undefined, other: O): O {
  return one && !isLater(other, one) ? one : other;
}
