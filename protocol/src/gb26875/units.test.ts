import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { commandName, namesOfBits, SYSTEM_STATES } from './codes.ts';
import { DIALECTS } from './dialects/register.ts';
import { encodeText, instantOf, parseTimeTag, showText, showTimeTag, tagFromBcd, timeTagOf } from './fields.ts';
import { encodeFrame, UNIT_BYTES_MAX } from './frame.ts';
import { decodeUnit, encodeUnit, UNIT_TYPES } from './units.ts';
import { analogueIn, componentStates, streamView } from './view.ts';
import { bytesOfView } from './view-bytes.ts';

const control = {
  serial: 1,
  mainVersion: 1,
  userVersion: 1,
  time: parseTimeTag('2027-03-05T14:30:09'),
  source: 3_000_001,
  destination: 20,
  command: 2,
};
const framed = (adu: string, over: Partial<typeof control> = {}) => encodeFrame({ ...control, ...over }, fromHex(adu)!);

/** Sizes and limits as table 3 and the figures of §8.3 print them: object bytes, most objects, bytes at most. */
const TABLE_3: ReadonlyArray<readonly [type: number, object: number | null, max: number, atMax: number]> = [
  [1, 10, 102, 1022],
  [2, 46, 22, 1014],
  [3, 16, 63, 1010],
  [4, 10, 102, 1022],
  [5, 4, 1, 6],
  [6, null, 3, 776],
  [7, 38, 26, 990],
  [8, 8, 1, 10],
  [21, 7, 1, 9],
  [24, 8, 127, 1018],
  [25, 2, 1, 4],
  [26, null, 1, 258],
  [28, 6, 1, 8],
  [61, 2, 102, 206],
  [62, 6, 22, 134],
  [63, 6, 63, 380],
  [64, 9, 1, 11],
  [65, 2, 1, 4],
  [66, 2, 3, 8],
  [67, 6, 26, 158],
  [68, 2, 1, 4],
  [81, 1, 1, 3],
  [84, 7, 1, 9],
  [85, 1, 1, 3],
  [86, 1, 1, 3],
  [88, 1, 1, 3],
  [89, 1, 1, 3],
  [90, 6, 1, 8],
  [91, 1, 1, 3],
];

describe('application data units', () => {
  test('are those of table 3, no more and no fewer', () => {
    expect([...UNIT_TYPES.keys()].sort((a, b) => a - b)).toEqual(TABLE_3.map(([type]) => type));
  });

  test.each(TABLE_3)('type %i has objects of %s bytes, at most %i of them, %i bytes in all', (type, size, max, atMax) => {
    const { object } = UNIT_TYPES.get(type)!;
    expect(object.size).toBe(size);
    const longest = fromHex(size === null ? `${type === 6 ? '0101' : ''}ff${'b8'.repeat(255)}` : '01'.repeat(size))!;
    const objects = Array.from({ length: max }, () => object.decode(longest, 0));
    const bytes = encodeUnit({ type, count: max, objects });
    expect(bytes).toHaveLength(atMax);
    expect(atMax).toBeLessThanOrEqual(UNIT_BYTES_MAX);
    expect(toHex(encodeUnit(decodeUnit(bytes)))).toBe(toHex(bytes));
    expect(() => encodeUnit({ type, count: max + 1, objects: [...objects, objects[0]!] })).toThrow(/at most/);
  });

  test('any bytes are read or kept, and come back unchanged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 120 }), (type, rest) => {
        const adu = Uint8Array.of(type, ...rest);
        expect(toHex(encodeUnit(decodeUnit(adu)))).toBe(toHex(adu));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['02', 'size: no object count'],
    ['0501010203', 'size: 1 objects take 6 bytes, not 5'],
    ['1a01ff00', 'size: an object reaches beyond the unit'],
    ['1a010141ff', 'size: bytes behind the last object'],
    ['5a02', 'count: at most 1 objects'],
    ['8001', 'user-defined type'],
    ['ff00', 'type 255 is not listed'],
    ['0900', 'reserved type'],
  ])('%s is kept with its bytes: %s', (adu, why) => {
    expect(decodeUnit(fromHex(adu)!)).toMatchObject({ why, raw: fromHex(adu) });
  });

  test('an empty unit is none, and a unit without a table needs its bytes', () => {
    expect(decodeUnit(new Uint8Array())).toBeNull();
    expect(() => encodeUnit({ type: 200, count: 0, objects: [] })).toThrow(/no table/);
    expect(() => encodeFrame(control, new Uint8Array(1025))).toThrow(RangeError);
  });
});

describe('time tags', () => {
  test('show every second a clock can show and give it back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) }),
        fc.integer({ min: -840, max: 840 }),
        (ms, zone) => {
          const second = Math.floor(ms / 1000) * 1000;
          const tag = timeTagOf(second, zone);
          if (tag !== 0) expect(instantOf(tag, zone)).toBe(second);
          expect(parseTimeTag(showTimeTag(tag))).toBe(tag);
        },
      ),
    );
  });
  test('show nothing for what no clock can show', () => {
    for (const bytes of ['000000000000', '3b3b173b0b63', '001e0e1e021b', '001e0e1d021b', '3c1e0e05031b']) {
      const tag = Number.parseInt(bytes.match(/../g)!.reverse().join(''), 16);
      expect(showTimeTag(tag)).toBeNull();
    }
    expect(instantOf(0, 480)).toBeNull();
    expect(timeTagOf(Number.NaN, 0)).toBe(0);
    expect(timeTagOf(Date.UTC(2120, 1, 1), 0)).toBe(0);
  });
  test('of a BCD clock are read digit by digit', () => {
    const bcd = 0x270305143009;
    expect(showTimeTag(tagFromBcd(bcd))).toBe('2027-03-05T14:30:09');
    expect(showTimeTag(tagFromBcd(0x2a0305143009))).toBeNull();
    const views = streamView(framed('1c01091e0e05031b'), DIALECTS.get('dahua-bcd')!);
    expect(views[0]).toMatchObject({ time: null, timeHex: '091e0e05031b' });
    expect(toHex(bytesOfView({ ...views[0], hex: undefined }, DIALECTS.get('dahua-bcd')!))).toBe(toHex(framed('1c01091e0e05031b')));
  });
});

describe('texts', () => {
  test('skip leading NULs, end at the next, lose padding and half a character visibly', () => {
    expect(showText(fromHex('0000b8dfc2a5202000ff')!)).toBe('高楼');
    expect(showText(fromHex('b8dfc2')!)).toBe('高\ufffd');
    expect(showText(new Uint8Array(31))).toBe('');
  });
  test('are cut at a character boundary', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 0, max: 31 }), (text, size) => {
        const bytes = encodeText(text, size);
        expect(bytes.length).toBeLessThanOrEqual(size);
        expect(text.startsWith(new TextDecoder('gb18030').decode(bytes))).toBe(true);
      }),
    );
  });
});

describe('words of codes', () => {
  test('commands have the names of table 2', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 127, 128, 255].map(commandName)).toEqual([
      'reserved',
      'control',
      'send',
      'confirm',
      'request',
      'answer',
      'denial',
      'reserved',
      'reserved',
      'user-defined',
      'user-defined',
    ]);
  });
  test('bits without a meaning are named by their number', () => {
    expect(namesOfBits(0x8002, SYSTEM_STATES)).toEqual(['fire', 'bit-15']);
  });
  test('a tank level is no fire where the dialect says so', () => {
    expect(componentStates(129, 2, DIALECTS.get('standard')!)).toEqual(['fire']);
    expect(componentStates(129, 2, DIALECTS.get('four-faith')!)).toEqual(['high']);
  });
  test('analogue values come in their unit, unsigned where the maker counts so, and say when they are out of range', () => {
    expect(analogueIn(5, 3500, {})).toEqual({ value: 350, unit: 'kPa' });
    expect(analogueIn(12, 30, {})).toEqual({ value: 30, unit: 'm/s', outOfRange: true });
    expect(analogueIn(77, 30, {})).toEqual({ value: null, unit: null });
    expect(analogueIn(154, -1, DIALECTS.get('four-faith')!)).toEqual({ value: 65_535, unit: 'cm' });
  });
});

describe('the JSON of frames that people write', () => {
  const view = streamView(framed('0301010101010000000500000000000000'.slice(0, 36)), DIALECTS.get('standard')!)[0]!;
  test('names what is wrong', () => {
    expect(() => bytesOfView({ kind: 'letter' })).toThrow(/kind/);
    expect(() => bytesOfView({ kind: 'noise' })).toThrow(/hex/);
    expect(() => bytesOfView({ ...view, unit: { type: 200, count: 1, objects: [] } })).toThrow(/no table/);
  });
  test('an analogue value may be given in its unit alone', () => {
    const object = { systemType: 11, systemAddress: 1, componentType: 91, componentAddress: 16, analogueType: 5, value: 350.2, time: null };
    const bytes = bytesOfView({ ...view, unit: { type: 3, count: 1, objects: [object] } });
    expect(streamView(bytes, DIALECTS.get('standard')!)[0]).toMatchObject({ unit: { objects: [{ raw: 3502, value: 350.2 }] } });
  });
  test('a frame without unit has a null unit', () => {
    expect(streamView(bytesOfView({ ...view, unit: null }), DIALECTS.get('standard')!)[0]).toMatchObject({ unit: null });
  });
});
