import { type CutRule, NO_START } from '../../codec/packets.ts';
import { FRAME_CUT } from '../frame.ts';

/** Whether the bytes from `from` are `@@ … ##` of exactly this size. */
function isBracketed(bytes: Uint8Array, from: number, size: number): boolean {
  const end = from + size;
  return bytes[from] === 0x40 && bytes[from + 1] === 0x40 && bytes[end - 2] === 0x23 && bytes[end - 1] === 0x23;
}

/**
 * The standard's rule, and beside it packets of one size that are no frames: no length, no checksum, only `@@` and `##`. They are
 * recognised where no frame stands, before the length check (gb26875 notes, 14.2).
 */
export function withShort(size: number, isOne: (bytes: Uint8Array, from: number) => boolean = () => true): CutRule {
  return {
    maxBytes: FRAME_CUT.maxBytes,
    measure(bytes, from, to) {
      const frame = FRAME_CUT.measure(bytes, from, to);
      if (frame === NO_START || typeof frame === 'number' || to - from < size) return frame;
      return isBracketed(bytes, from, size) && isOne(bytes, from) ? size : frame;
    },
  };
}
