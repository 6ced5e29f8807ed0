import { describe, expect, it } from 'vitest';
import { codeOf, keyOf, orNull, says, spoken } from './saying.ts';

describe('a table of sayings', () => {
  const table = {
    1: says('fire', 'fire', '火警'),
    2: says('fault', 'open', '断路', 'open'),
    3: says('fault', 'short', '短路', 'short'),
    4: says(null, 'clock', '校时'),
  };

  it('finds the code of a word, with its detail where it has one', () => {
    expect(codeOf(table, { what: 'fault', detail: 'short' })).toBe(3);
    expect(codeOf(table, { what: 'fault' })).toBe(2);
    expect(codeOf(table, { what: 'reset' })).toBeNull();
    expect(keyOf({ FIR: table[1] }, { what: 'fire' })).toBe('FIR');
  });

  it('speaks only what an event can be made of', () => {
    expect(spoken(table[2])).toEqual({ what: 'fault', detail: 'open' });
    expect(spoken(table[4])).toBeNull();
    expect(spoken(undefined)).toBeNull();
  });
});

describe('a packet that may have no room', () => {
  it('is null for a number that does not fit, and lets a mistake of ours through', () => {
    const raise = (error: Error) => () => {
      throw error;
    };
    expect(orNull(raise(new RangeError('300 is no byte')))).toBeNull();
    expect(() => orNull(raise(new TypeError('ours')))).toThrow('ours');
  });
});
