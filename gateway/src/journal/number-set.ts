/** Numbers in one piece of a set, one bit each. */
const PIECE_BITS = 32_768;

/**
 * A set of rows by epoch and number, a bit each where numbers lie close together: a damaged file may hold millions of them, and a box has
 * little memory.
 */
export class NumberSet {
  readonly #pieces = new Map<string, Uint8Array>();

  add({ epoch, number }: Named): void {
    const key = keyOf(epoch, number);
    const piece = this.#pieces.get(key) ?? new Uint8Array(PIECE_BITS / 8);
    this.#pieces.set(key, piece);
    piece[(number % PIECE_BITS) >> 3]! |= 1 << (number & 7);
  }

  has({ epoch, number }: Named): boolean {
    const piece = this.#pieces.get(keyOf(epoch, number));
    return piece !== undefined && (piece[(number % PIECE_BITS) >> 3]! & (1 << (number & 7))) !== 0;
  }
}

/** What a row is called by everybody; numbers are not negative. */
export interface Named {
  readonly epoch: number;
  readonly number: number;
}

const keyOf = (epoch: number, number: number) => `${epoch}/${Math.floor(number / PIECE_BITS)}`;
