/** Four-byte characters of GB 18030 stand in one sequence: 0x81308130 is the first, each of the lower places counts 10, 126, 10. */
const FOUR_BYTES_OF_PLANE_0 = 39_420;
const FOUR_BYTES_BEFORE_PLANE_1 = 189_000;

const LINE_END = 0x0a;
const QUESTION_MARK = 0x3f;
const CODE_OF_FFFD = 0x84_31_a4_37;

/** For each character of plane 0 its bytes as one number, the first highest. */
let table: Uint32Array | null = null;

/** Text as GB 18030 bytes; half a surrogate pair becomes a question mark, since it is no character. */
export function gbBytes(text: string): Uint8Array {
  table ??= tableOfPlane0();
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point >= 0xd800 && point <= 0xdfff) bytes.push(QUESTION_MARK);
    else if (point > 0xffff) put(bytes, fourBytes(FOUR_BYTES_BEFORE_PLANE_1 + point - 0x10000));
    else put(bytes, table[point]!);
  }
  return Uint8Array.from(bytes);
}

function put(bytes: number[], code: number): void {
  if (code > 0xffff) bytes.push(code >>> 24, (code >>> 16) & 0xff);
  if (code > 0xff) bytes.push((code >>> 8) & 0xff);
  bytes.push(code & 0xff);
}

function fourBytes(index: number): number {
  const [first, second, third] = [Math.floor(index / 12_600), Math.floor(index / 1_260) % 10, Math.floor(index / 10) % 126];
  return (0x81_30_81_30 + first * 2 ** 24 + second * 2 ** 16 + third * 2 ** 8 + (index % 10)) >>> 0;
}

/**
 * The runtime's own decoder turned round: what we write is by construction what it reads. 256 KB on first use, where tables in
 * source cost megabytes in every thread. Characters for private use that the decoder never answers become a question mark.
 */
function tableOfPlane0(): Uint32Array {
  const codes = everyCode();
  const bytes: number[] = [];
  for (const code of codes) {
    put(bytes, code);
    bytes.push(LINE_END);
  }
  const table = new Uint32Array(0x10000).fill(QUESTION_MARK);
  for (let point = 0; point < 0x80; point++) table[point] = point;
  const read = new TextDecoder('gb18030').decode(Uint8Array.from(bytes)).split('\n');
  // Backwards: where two codes are read as one character, the first and shorter is kept.
  for (let index = codes.length - 1; index >= 0; index--) {
    const text = read[index]!;
    if (text.length === 1 && (text !== '\ufffd' || codes[index] === CODE_OF_FFFD)) table[text.charCodeAt(0)] = codes[index]!;
  }
  return table;
}

/** Every code of two bytes, then every code of four that stands for a character of plane 0. */
function everyCode(): number[] {
  const codes: number[] = [];
  for (let first = 0x81; first <= 0xfe; first++)
    for (let second = 0x40; second <= 0xfe; second++) if (second !== 0x7f) codes.push(first * 256 + second);
  for (let index = 0; index < FOUR_BYTES_OF_PLANE_0; index++) codes.push(fourBytes(index));
  return codes;
}
