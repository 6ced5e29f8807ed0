import { encodeFrame } from '@fengsui/protocol/gb26875';
import type { Random } from '../../src/random.ts';

/** A byte stream with good frames in it, and where they begin. `splits` are the offsets at which it arrives in pieces. */
export interface FuzzStream {
  readonly bytes: Uint8Array;
  readonly splits: readonly number[];
  readonly good: ReadonlyArray<{ readonly at: number; readonly bytes: Uint8Array }>;
}

const CONTROL = { mainVersion: 1, userVersion: 1, time: 0x1b03050e1e09, source: 3_000_001, destination: 20, command: 2 };

/** Bytes that love to look like the start, the end or the length of a frame. */
function tricky(random: Random, count: number): Uint8Array {
  return random.bytes(count).map((byte) => (byte < 160 ? [0x40, 0x23, 0x00, 0x02][byte & 3]! : byte));
}

function frame(random: Random): Uint8Array {
  const size = random.chance(0.05) ? random.below(1025) : random.below(100);
  const unit = random.chance(0.5) ? random.bytes(size) : tricky(random, size);
  return encodeFrame({ ...CONTROL, serial: random.chance(0.1) ? 0x4040 : random.below(65_536), command: random.below(256) }, unit);
}

function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  damaged[random.below(bytes.length)]! ^= 1 << random.below(8);
  return damaged;
}

/** A header that promises up to 65,535 bytes which never come. */
function lyingHeader(random: Random): Uint8Array {
  const header = Uint8Array.from(frame(random).subarray(0, 27));
  header[24] = random.below(256);
  header[25] = random.below(256);
  return header;
}

/** Bad pieces by name: none of them is a frame, some are most of one. */
const BAD: ReadonlyArray<(random: Random) => Uint8Array> = [
  (random) => random.bytes(random.below(60)),
  (random) => tricky(random, random.below(60)),
  (random) => flipped(random, frame(random)),
  (random) => frame(random).subarray(0, random.below(40)),
  lyingHeader,
  () => Uint8Array.of(0x40, 0x40, 0x40),
];

export function makeStream(random: Random): FuzzStream {
  const pieces: Uint8Array[] = [];
  const good: Array<{ at: number; bytes: Uint8Array }> = [];
  let length = 0;
  for (let count = 1 + random.below(6); count > 0; count--) {
    const isGood = random.chance(0.5);
    const bytes = isGood ? frame(random) : random.pick(BAD)(random);
    for (let copies = isGood && random.chance(0.1) ? 2 : 1; copies > 0; copies--) {
      if (isGood) good.push({ at: length, bytes });
      pieces.push(bytes);
      length += bytes.length;
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const splits = Array.from({ length: random.below(5) }, () => random.below(length + 1)).sort((a, b) => a - b);
  return { bytes, splits, good };
}
