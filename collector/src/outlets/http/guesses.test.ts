import { beforeEach, describe, expect, it } from 'vitest';
import { GUESSERS_MAX, GUESSES_MAX, GUESSES_REMEMBERED_MS, LOCK_MAX_MS, LOCK_MS, LOCKED_LOOK_MS } from '../../limits.ts';
import { Guesses, networkOf } from './guesses.ts';

let nowMs: number;
let locks: Array<readonly [network: string, forMs: number]>;
let guesses: Guesses;
beforeEach(() => {
  nowMs = 1_000_000;
  locks = [];
  guesses = new Guesses(
    () => nowMs,
    (network, forMs) => void locks.push([network, forMs]),
  );
});
let guessed = 0;
/** Brings so many tokens, each another one. */
const guess = (address: string, times: number) => {
  for (let time = 0; time < times; time += 1) guesses.wrong(address, `guess ${(guessed += 1)}`);
};

describe('a network that brings wrong tokens', () => {
  it('is locked after some, each time for longer up to a bound, and no other is', () => {
    guess('10.0.0.1', GUESSES_MAX - 1);
    expect(guesses.lockedMs('10.0.0.1')).toBe(0);
    for (let time = 0; time < 4; time += 1) {
      guess('10.0.0.1', time === 0 ? 1 : GUESSES_MAX);
      expect(guesses.lockedNow).toEqual(['10.0.0.1']);
      expect([guesses.lockedMs('10.0.0.1'), guesses.lockedMs('10.0.0.2')]).toEqual([locks.at(-1)?.[1], 0]);
      nowMs += locks.at(-1)![1];
    }
    expect(locks.map(([, forMs]) => forMs)).toEqual([LOCK_MS, 2 * LOCK_MS, 4 * LOCK_MS, LOCK_MAX_MS]);
    expect([guesses.lockedNow, guesses.wrongs]).toEqual([[], 4 * GUESSES_MAX]);
  });

  it('is not locked by one that comes again and again: the same is no guess', () => {
    for (let time = 0; time < 100 * GUESSES_MAX; time += 1) {
      guesses.wrong('10.0.0.1', 'stale');
      nowMs += 5_000;
    }
    expect([locks, guesses.wrongs]).toEqual([[], 100 * GUESSES_MAX]);
  });

  it('has one token a second looked at while it is locked: a right one gets in, whatever known wrong one comes beside it', () => {
    const isBarred = (token: string) => guesses.barredMs('10.0.0.1', token) > 0;
    guesses.wrong('10.0.0.1', 'stale');
    guess('10.0.0.1', GUESSES_MAX - 1);
    expect([isBarred('stale'), isBarred('right')]).toEqual([true, true]);
    nowMs += LOCKED_LOOK_MS;
    expect([isBarred('stale'), isBarred('right'), isBarred('right')]).toEqual([true, false, false]);
    expect(guesses.barredMs('10.0.0.2', 'stale')).toBe(0);
    guess('10.0.0.1', 1);
    expect(isBarred('right')).toBe(true);
    nowMs += LOCKED_LOOK_MS;
    expect(isBarred('right')).toBe(false);
    nowMs += LOCK_MS;
    expect(isBarred('stale')).toBe(false);
  });

  it('is not locked for longer by the tokens that are looked at meanwhile', () => {
    guess('10.0.0.1', GUESSES_MAX);
    for (let time = 0; time < 2 * GUESSES_MAX; time += 1) {
      nowMs += LOCKED_LOOK_MS;
      guess('10.0.0.1', 1);
    }
    expect(locks).toEqual([['10.0.0.1', LOCK_MS]]);
    expect(guesses.lockedMs('10.0.0.1')).toBe(LOCK_MS - 2 * GUESSES_MAX * LOCKED_LOOK_MS);
  });

  it('is forgotten after some time in which it brought none', () => {
    guess('10.0.0.1', GUESSES_MAX - 1);
    nowMs += GUESSES_REMEMBERED_MS + 1;
    guess('10.0.0.1', GUESSES_MAX - 1);
    expect(locks).toEqual([]);
  });

  it('is a whole /64 of IPv6', () => {
    for (let host = 1; host <= GUESSES_MAX; host += 1) guess(`2001:db8::${host.toString(16)}`, 1);
    expect(guesses.lockedMs('2001:db8:0:0:ffff::1')).toBe(LOCK_MS);
    expect(guesses.lockedMs('2001:db8:0:1::1')).toBe(0);
    expect(['::1', '::', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1', '10.0.0.1'].map(networkOf)).toEqual([
      '0:0:0:0::/64',
      '0:0:0:0::/64',
      'fe80:0:0:0::/64',
      '1:2:3:4::/64',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });

  it('stays locked however many others guess, in bounded memory', () => {
    guess('10.0.0.1', GUESSES_MAX);
    for (let host = 0; host < 3 * GUESSERS_MAX; host += 1) guess(`10.${1 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`, 1);
    expect(guesses.lockedNow).toEqual(['10.0.0.1']);
    for (let host = 0; host < 2 * GUESSERS_MAX; host += 1) guess(`11.0.${host >> 8}.${host & 255}`, GUESSES_MAX);
    expect(guesses.lockedNow).toHaveLength(GUESSERS_MAX);
  });
});
