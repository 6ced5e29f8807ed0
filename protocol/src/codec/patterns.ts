/** A run of bytes with open places: hex pairs, `??` for any byte, `*` at the end for any further bytes. */
export type BytePattern = string;

/** Whether the bytes are what the pattern says, no more and no less. */
export function fits(bytes: Uint8Array, pattern: BytePattern): boolean {
  const open = pattern.trimEnd().endsWith('*');
  const pairs = pattern.replace('*', '').trim().split(/\s+/);
  if (open ? bytes.length < pairs.length : bytes.length !== pairs.length) return false;
  return pairs.every((pair, index) => pair === '??' || Number.parseInt(pair, 16) === bytes[index]);
}
