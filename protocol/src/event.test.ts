import { describe, expect, test } from 'vitest';
import { EVENT_KINDS, laneOf, STATES } from './event.ts';
import { Failure } from './failure.ts';
import { MEANINGS } from './meaning.ts';
import { WHATS } from './observation.ts';

describe('the words', () => {
  test('what people must act on at once travels in the alarm lane', () => {
    for (const kind of ['fire', 'gas-alarm', 'electrical-alarm', 'prealarm', 'reset', 'low'] as const)
      expect(laneOf({ kind })).toBe('alarm');
    for (const kind of ['reading', 'heartbeat', 'fault', 'link', 'gateway'] as const) expect(laneOf({ kind })).toBe('ordinary');
  });

  test('every word of a device means a kind and an edge', () => {
    for (const what of WHATS) expect(EVENT_KINDS).toHaveProperty(MEANINGS[what].kind);
    expect(Object.keys(MEANINGS).sort()).toEqual([...WHATS].sort());
  });

  test('no two kinds share a number and no two states share a bit', () => {
    for (const numbers of [Object.values(EVENT_KINDS).map(({ code }) => code), Object.values(STATES).map(({ bit }) => bit)])
      expect(new Set<number>(numbers).size).toBe(numbers.length);
  });

  test('a failure says what, why and how to mend it', () => {
    const cause = new Error('ENOSPC');
    const failure = new Failure(
      'disk-full',
      { retry: 'later', en: 'the disk is full', zh: '磁盘已满', remedy: 'free space' },
      'journal of gw-1',
      cause,
    );
    expect(failure).toMatchObject({
      code: 'disk-full',
      retry: 'later',
      remedy: 'free space',
      cause,
      message: 'disk-full: journal of gw-1. free space',
    });
    expect(new Failure('disk-full', { retry: 'later', en: 'the disk is full', zh: '', remedy: 'free space' }, '').message).toContain(
      'the disk is full',
    );
  });
});
