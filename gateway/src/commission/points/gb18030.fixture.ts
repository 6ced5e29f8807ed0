/** GB 18030 by what the runtime's own decoder reads: two bytes, and four bytes as far as the basic plane goes. */
const CODES = new Map<string, Uint8Array>();

function learn(codes: readonly Uint8Array[]): void {
  const texts = new TextDecoder('gb18030').decode(Buffer.concat(codes.flatMap((code) => [code, Uint8Array.of(0x0a)]))).split('\n');
  for (const [index, code] of codes.entries()) {
    const text = texts[index]!;
    if ([...text].length === 1 && text !== '\ufffd' && !CODES.has(text)) CODES.set(text, code);
  }
}

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
learn(span(0x20, 0x7e).map((byte) => Uint8Array.of(byte)));
learn(span(0x81, 0xfe).flatMap((lead) => span(0x40, 0xfe).flatMap((trail) => (trail === 0x7f ? [] : [Uint8Array.of(lead, trail)]))));
learn(
  span(0x81, 0x82).flatMap((a) =>
    span(0x30, 0x39).flatMap((b) => span(0x81, 0xfe).flatMap((c) => span(0x30, 0x39).map((d) => Uint8Array.of(a, b, c, d)))),
  ),
);
for (const control of ['\n', '\r', '\t']) CODES.set(control, Uint8Array.of(control.charCodeAt(0)));

/** A text as an old spreadsheet saves it. Throws for a character it does not know. */
export function toGb18030(text: string): Uint8Array {
  return Buffer.concat(
    [...text].map((character) => {
      const code = CODES.get(character);
      if (!code) throw new Error(`no GB 18030 for ${character}`);
      return code;
    }),
  );
}
