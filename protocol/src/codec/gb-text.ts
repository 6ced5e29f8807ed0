export { gbBytes } from './gb-bytes.ts';

const gb2312 = new TextDecoder('gb18030', { fatal: true });

/** One character of GB 2312 by its row and column, 1–94 each (区位码); null where the table has none. */
export function gbCharacter(row: number, column: number): string | null {
  if (row < 1 || row > 94 || column < 1 || column > 94) return null;
  const character = gbText(Uint8Array.of(0xa0 + row, 0xa0 + column));
  // Places GB 2312 leaves empty decode to the private use area of Unicode: no character.
  return character === null || /\p{Co}/u.test(character) ? null : character;
}

/** GB 18030 text; null where the bytes are none. Nothing is invented: the caller keeps the bytes. */
export function gbText(bytes: Uint8Array): string | null {
  try {
    return gb2312.decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Text of fixed length as pairs of row and column, plain or with A0 added (区位码, GB 2312); pairs of 00 or FF are unused.
 * null where a pair is no character.
 */
export function gbRowColumnText(bytes: Uint8Array): string | null {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const [row, column] = [bytes[at]!, bytes[at + 1]!];
    if ((row === 0 && column === 0) || (row === 0xff && column === 0xff)) continue;
    const offset = row > 0xa0 && column > 0xa0 ? 0xa0 : 0;
    const character = gbCharacter(row - offset, column - offset);
    if (character === null) return null;
    text += character;
  }
  return text.trim();
}

const lenient = new TextDecoder('gb18030');

/** GB 18030 text whatever the bytes: what is no character becomes U+FFFD. For recognising words, never for keeping text. */
export function gbLenient(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}
