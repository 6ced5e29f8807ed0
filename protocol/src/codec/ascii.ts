/** Bytes of plain ASCII text; a character above 7F is a programmer's error. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0x7f) throw new RangeError(`${character} is not ASCII`);
    return code;
  });
}

/** Bytes as text, one character each. */
export function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
