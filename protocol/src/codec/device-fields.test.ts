import { describe, expect, it } from 'vitest';
import { asciiBytes, asciiText } from './ascii.ts';
import { u16be, u32be } from './big-endian.ts';
import { code8, fromBcd, hexDigits, hexOf, nibblePair, spacedHex, toBcd } from './digits.ts';
import { gbBytes, gbCharacter, gbLenient, gbRowColumnText, gbText } from './gb-text.ts';
import { hex } from './hex.ts';
import type { FixedKind } from './layout.ts';
import { fits } from './patterns.ts';
import { BCD, clockOf, deviceClock, NIBBLES, showTime, timeParts } from './times.ts';

/** Writes a value, reads it back, shows it and parses what was shown. */
function mirrored<T>(kind: FixedKind<T>, value: T): Uint8Array {
  const bytes = new Uint8Array(kind.size + 1);
  kind.write(bytes, 1, value);
  expect(kind.read(bytes, 1)).toEqual(value);
  expect(kind.parse(kind.show(value))).toEqual(value);
  return bytes.subarray(1);
}

describe('fields of devices', () => {
  it('lie high byte first where the device says so', () => {
    expect(mirrored(u16be, 0x1234)).toEqual(hex('1234'));
    expect(mirrored(u32be, 0x12345678)).toEqual(hex('12345678'));
  });

  it('show codes as the documents print them', () => {
    expect(mirrored(hexDigits(3), '0A1B2C')).toEqual(hex('0a1b2c'));
    expect(() => hexDigits(2).write(new Uint8Array(2), 0, 'ABC')).toThrow(RangeError);
    expect(mirrored(code8, 0x0b)).toEqual(hex('0b'));
    expect(code8.show(0x0b)).toBe('0B');
    expect(mirrored(nibblePair, 0xfa)).toEqual(hex('3f3a'));
    expect(spacedHex(hex('0aff'))).toBe('0A FF');
    expect(hexOf(5)).toBe('05');
  });

  it('count in BCD, and say when digits are none', () => {
    expect(fromBcd(toBcd(59))).toBe(59);
    expect(fromBcd(0x1a)).toBeNull();
    expect(fromBcd(0xa1)).toBeNull();
  });

  it('hold ASCII and nothing else', () => {
    expect(asciiText(asciiBytes('P33'))).toBe('P33');
    expect(() => asciiBytes('火')).toThrow(RangeError);
  });
});

describe('clocks of devices', () => {
  it('show a time only when a clock can show it', () => {
    expect(showTime({ year: 24, month: 2, day: 29, hour: 0, minute: 0 })).toBe('2024-02-29T00:00');
    expect(showTime({ century: 19, year: 0, month: 2, day: 28, hour: 23, minute: 59, second: 59 })).toBe('1900-02-28T23:59:59');
    const impossible = [
      { year: 23, month: 2, day: 29, hour: 0, minute: 0 },
      { century: 19, year: 0, month: 2, day: 29, hour: 0, minute: 0 },
      { year: 23, month: 13, day: 1, hour: 0, minute: 0 },
      { year: 23, month: 4, day: 31, hour: 0, minute: 0 },
      { year: 23, month: 4, day: 0, hour: 0, minute: 0 },
      { year: 23, month: 4, day: 1, hour: 24, minute: 0 },
      { year: 23, month: 4, day: 1, hour: 0, minute: 65 },
      { year: 23, month: 4, day: 1, hour: 0, minute: 0, second: 60 },
      { year: 226, month: 4, day: 1, hour: 0, minute: 0 },
      { century: 99, year: 1, month: 4, day: 1, hour: 0, minute: 0 },
      { year: null, month: 4, day: 1, hour: 0, minute: 0 },
      { month: 4, day: 1, hour: 0, minute: 0 },
      { year: 23, month: 4, day: 1, hour: 0, minute: 0, second: null },
    ];
    for (const parts of impossible) expect(showTime(parts)).toBeNull();
  });

  it('write and read a time in every form of digits', () => {
    for (const digits of [undefined, BCD, NIBBLES]) {
      const clock = deviceClock(['century', 'year', 'month', 'day', 'weekday', 'hour', 'minute', 'second'], digits);
      const bytes = mirrored(clock, clock.parse('2026-03-09T12:34:56'));
      expect(clock.show(bytes)).toBe('2026-03-09T12:34:56');
    }
  });

  it('keep the digits of an impossible time', () => {
    const clock = deviceClock(['year', 'month', 'day', 'hour', 'minute'], BCD);
    expect(clockOf(clock, hex('99 1a 01 00 00'))).toEqual({ deviceTime: null, deviceTimeRaw: '991a010000' });
    expect(clockOf(clock, clock.parse('2026-03-09T12:34:00'))).toEqual({ deviceTime: '2026-03-09T12:34' });
    expect(clock.parse(null)).toEqual(new Uint8Array(5));
    expect(timeParts('2026-03-09T12:34')).toMatchObject({ second: 0, weekday: 1 });
  });
});

describe('texts of devices', () => {
  it('come as rows and columns, plain or with A0 added, and are never invented', () => {
    expect(gbCharacter(54, 48)).toBe('中');
    expect(gbCharacter(0, 1)).toBeNull();
    expect(gbCharacter(95, 1)).toBeNull();
    expect(gbCharacter(1, 95)).toBeNull();
    expect(gbCharacter(94, 94)).toBeNull();
    expect(gbRowColumnText(Uint8Array.of(54, 48, 0xa0 + 54, 0xa0 + 48, 0, 0, 0xff, 0xff))).toBe('中中');
    expect(gbRowColumnText(Uint8Array.of(0, 48))).toBeNull();
  });

  it('come as GB 18030, and half a character is no text', () => {
    expect(gbText(gbBytes('5#楼'))).toBe('5#楼');
    expect(gbText(Uint8Array.of(0xb0))).toBeNull();
    expect(gbLenient(Uint8Array.of(0x35, 0xb0))).toBe('5\ufffd');
  });
});

describe('patterns of bytes', () => {
  it('say how many bytes, which, and where any byte may stand', () => {
    expect(fits(hex('f0 07 03'), 'f0 ?? 03')).toBe(true);
    expect(fits(hex('f0 07 04'), 'f0 ?? 03')).toBe(false);
    expect(fits(hex('f0 07 03 00'), 'f0 ?? 03')).toBe(false);
    expect(fits(hex('f0 07 03 00'), 'f0 ?? *')).toBe(true);
    expect(fits(hex('f0'), 'f0 ?? *')).toBe(false);
  });
});
