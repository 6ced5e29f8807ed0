import fc from 'fast-check';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { gbBytes } from './gb-bytes.ts';
import { gbText } from './gb-text.ts';

/** Plane 0 without the halves of surrogate pairs, and a row of plane 1 and of the last. */
const POINTS = Array.from({ length: 0x10ffff }, (_, point) => point).filter(
  (point) => (point < 0xd800 || point > 0xdfff) && (point < 0x10100 || point > 0x10ff00),
);

/** GB 18030-2005 and -2022 place these differently; the runtime reads the places of 2022, the other library those of 2000. */
const MOVED = /[\u9fb4-\u9fbb\ufe10-\ufe19]/u;
/** Private use that the runtime's reader never answers. */
const NEVER_READ = /[\ue5e5\ue78d-\ue796\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864]/u;

test('every character but nineteen for private use is written so that it is read again', () => {
  const lost = POINTS.map((point) => String.fromCodePoint(point)).filter((character) => gbText(gbBytes(character)) !== character);
  expect(lost.filter((character) => !NEVER_READ.test(character))).toEqual([]);
  expect(lost.length).toBe(19);
});

test('another library writes the same bytes, but for places that the standard has moved', () => {
  const other = POINTS.map((point) => String.fromCodePoint(point)).filter(
    (character) => !iconv.encode(character, 'gb18030').equals(Buffer.from(gbBytes(character))),
  );
  expect(other.filter((character) => !MOVED.test(character) && !NEVER_READ.test(character))).toEqual([]);
});

test('a text is written as its characters are, one behind the other; half a pair is a question mark', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(gbBytes(text)).toEqual(Uint8Array.from([...text].flatMap((character) => [...gbBytes(character)])));
    }),
  );
  expect(gbBytes('1\ud800号')).toEqual(Uint8Array.of(0x31, 0x3f, 0xba, 0xc5));
});
