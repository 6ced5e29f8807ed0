/** Chance, handed in: one seed replays a whole run. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** A whole number, 0 ≤ n < bound. */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  bytes(count: number): Uint8Array;
  pick<T>(list: readonly T[]): T;
  /** An independent generator: what one part draws does not shift what another gets. */
  fork(label: string): Random;
}

/** Spreads a seed over 32 bits (the finaliser of MurmurHash3). */
function scrambled(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

function hashed(text: string, from: number): number {
  let hash = from >>> 0;
  for (const character of text) hash = scrambled((hash ^ character.codePointAt(0)!) + 0x9e3779b9);
  return hash;
}

/** sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, passes the usual batteries. */
export function seeded(seed: number | string): Random {
  const start = hashed(String(seed), 0x46454e47);
  const state = new Uint32Array([start, scrambled(start + 1), scrambled(start + 2), 1]);
  const draw = (): number => {
    const [a, b, c, count] = state as unknown as [number, number, number, number];
    const out = (a + b + count) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + out;
    state[3] = count + 1;
    return out;
  };
  for (let turn = 0; turn < 12; turn++) draw();
  const next = () => draw() / 0x1_0000_0000;
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
    pick: (list) => list[below(list.length)]!,
    fork: (label) => seeded(`${seed}/${label}`),
  };
}
