const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Bytes as lower-case hex without gaps. Joined in one go: a text that was added up digit by digit stays a chain of its pieces, 32 bytes
 * for each, as long as somebody keeps it.
 */
export function toHex(bytes: Uint8Array): string {
  const digits = new Array<string>(bytes.length);
  for (let at = 0; at < bytes.length; at++) digits[at] = DIGITS[bytes[at]!]!;
  return digits.join('');
}

/** Hex to bytes; blanks between digits are allowed. Returns null when a character is no hex digit or a digit is left over. */
export function fromHex(text: string): Uint8Array | null {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return null;
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** Hex that the source itself spells: a slip in it is a programmer's error. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (!bytes) throw new TypeError(`not hex: ${text}`);
  return bytes;
}
