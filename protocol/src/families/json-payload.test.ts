import { describe, expect, it } from 'vitest';
import { numberOf } from './json-payload.ts';

describe('a number of a JSON payload', () => {
  it.each([
    [7, 7],
    ['7', 7],
    [' 3_25 ', 3.25],
    ['-4.5', -4.5],
    [-0, 0],
    ['-0', 0],
  ])('%o is %d', (sent, meant) => expect(numberOf(sent)).toBe(meant));

  it.each([null, true, '', 'seven', '1e3', Number.NaN, Number.POSITIVE_INFINITY, '9'.repeat(400)])('%o is none', (sent) =>
    expect(numberOf(sent)).toBeNull(),
  );
});
