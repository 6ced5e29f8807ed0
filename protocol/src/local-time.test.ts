import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localTime } from './local-time.ts';

it.each([
  [480, '2026-11-29T09:10:33.120+08:00'],
  [0, '2026-11-29T01:10:33.120+00:00'],
  [-210, '2026-11-28T21:40:33.120-03:30'],
])('writes a time in the zone of the site (%i min)', (zoneMinutes, written) => {
  expect(localTime(Date.UTC(2026, 10, 29, 1, 10, 33, 120), zoneMinutes)).toBe(written);
});

it('writes the same instant in every zone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.integer({ min: -720, max: 840 }), (ms, zoneMinutes) => {
      expect(Date.parse(localTime(ms, zoneMinutes))).toBe(ms);
    }),
  );
});

it('writes what is no time as its number', () => {
  expect(localTime(Number.NaN, 480)).toBe('NaN');
});
