/** Bytes of plain ASCII text; a character above 7F is a programmer's error. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0x7f) throw new RangeError(`${character} is not ASCII`);
    return code;
  });
}

/** Bytes as text, one character each; in one piece, as `toHex` says. */
export function asciiText(bytes: Uint8Array): string {
  const characters = new Array<string>(bytes.length);
  for (let at = 0; at < bytes.length; at++) characters[at] = String.fromCharCode(bytes[at]!);
  return characters.join('');
}
