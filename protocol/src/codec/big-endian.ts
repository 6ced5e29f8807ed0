import { u16le, u32le } from './fields.ts';
import type { FixedKind } from './layout.ts';

/** The same kind with its bytes the other way round: high byte first. */
function highFirst(kind: FixedKind<number>): FixedKind<number> {
  const turned = new Uint8Array(kind.size);
  return {
    ...kind,
    read(bytes, at) {
      for (let index = 0; index < kind.size; index++) turned[index] = bytes[at + kind.size - 1 - index]!;
      return kind.read(turned, 0);
    },
    write(bytes, at, value) {
      kind.write(turned, 0, value);
      for (let index = 0; index < kind.size; index++) bytes[at + index] = turned[kind.size - 1 - index]!;
    },
  };
}

/** Whole numbers, high byte first. */
export const u16be = highFirst(u16le);
export const u32be = highFirst(u32le);
