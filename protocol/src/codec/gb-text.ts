const gb2312 = new TextDecoder('gb18030', { fatal: true });

/** One character of GB 2312 by its row and column, 1–94 each (区位码); null where the table has none. */
export function gbCharacter(row: number, column: number): string | null {
  if (row < 1 || row > 94 || column < 1 || column > 94) return null;
  try {
    return gb2312.decode(Uint8Array.of(0xa0 + row, 0xa0 + column));
  } catch {
    return null;
  }
}

/** GB 18030 text; null where the bytes are none. Nothing is invented: the caller keeps the bytes. */
export function gbText(bytes: Uint8Array): string | null {
  try {
    return gb2312.decode(bytes);
  } catch {
    return null;
  }
}
