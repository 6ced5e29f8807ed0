/** Where a JSON value that begins at `from` ends; text that JSON.parse took. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth -= 1;
    } else if (character === ',' && depth === 0) return at;
  }
  return text.length;
}

/**
 * The text of a member of a JSON object exactly as it was sent, for a signature made over it: parsing and writing it again
 * may change blanks, escapes and numbers. `text` must be an object that JSON.parse takes; null: it has no such member.
 */
export function rawMember(text: string, name: string): string | null {
  let at = text.indexOf('{') + 1;
  while (at > 0 && at < text.length) {
    const member = /\s*("(?:[^"\\]|\\.)*")\s*:\s*/y;
    member.lastIndex = at;
    const found = member.exec(text);
    if (!found) return null;
    const end = endOfValue(text, member.lastIndex);
    if (JSON.parse(found[1]!) === name) return text.slice(member.lastIndex, end).trimEnd();
    at = end + 1;
  }
  return null;
}
