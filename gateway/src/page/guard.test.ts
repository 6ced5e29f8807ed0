import { beforeEach, describe, expect, it } from 'vitest';
import { Guard, networkOf } from './guard.ts';
import * as limits from './limits.ts';
import { Sessions } from './sessions.ts';

let nowMs: number;
let locked: Array<readonly [whom: string, forMs: number]>;
let guard: Guard;
const clock = { monotonicMs: () => nowMs };
beforeEach(() => {
  nowMs = 1_000_000;
  locked = [];
  guard = new Guard(clock, (whom, forMs) => void locked.push([whom, forMs]));
});

/** Guesses wrongly so often; answers what the last guess came upon. */
function guess(address: string, times: number) {
  let verdict: ReturnType<Guard['begin']> = 'go';
  for (let time = 0; time < times; time++) {
    verdict = guard.begin(address);
    if (verdict === 'go') guard.wrong(address);
  }
  return verdict;
}

describe('whoever guesses the PIN', () => {
  it('is locked out after five wrong guesses, each time for twice as long, an hour at most', () => {
    expect(guess('10.0.0.1', 5)).toBe('go');
    expect(guard.begin('10.0.0.1')).toEqual({ waitMs: limits.LOCK_MS });
    expect(guard.begin('10.0.0.2')).toBe('go');
    for (let time = 0; time < 3; time++) {
      nowMs += locked.at(-1)![1];
      guess('10.0.0.1', 5);
    }
    nowMs += locked.at(-1)![1];
    guess('10.0.0.1', 5);
    const own = locked.filter(([whom]) => whom === '10.0.0.1').map(([, forMs]) => forMs / limits.LOCK_MS);
    expect(own).toEqual([1, 2, 4, 8, 12]);
  });

  it('gains nothing by guessing many at once', () => {
    const verdicts = Array.from({ length: 50 }, () => guard.begin('10.0.0.1'));
    expect(verdicts.filter((verdict) => verdict === 'go')).toHaveLength(limits.GUESSES_MAX);
    for (let time = 0; time < limits.GUESSES_MAX; time++) guard.wrong('10.0.0.1');
    expect(locked).toEqual([['10.0.0.1', limits.LOCK_MS]]);
  });

  it('gains nothing by coming from many addresses, or from many of one network', () => {
    for (let host = 1; host <= limits.GUESSES_OF_ALL_MAX; host++) guess(`10.0.0.${host}`, 1);
    expect(guard.begin('10.9.9.9')).toEqual({ waitMs: limits.LOCK_MS });
    expect(locked.map(([whom]) => whom)).toEqual(['everybody']);
    nowMs += limits.LOCK_MS;
    for (let host = 1; host <= 5; host++) guess(`2001:db8::${host}`, 1);
    expect(guard.begin('2001:db8::ffff')).toMatchObject({ waitMs: expect.any(Number) });
  });

  it('on the box itself gets in however many guess from the network, and is locked for his own guesses alone', () => {
    for (let host = 1; host <= limits.GUESSES_OF_ALL_MAX; host++) guess(`10.0.0.${host}`, 1);
    expect(guard.begin('10.9.9.9')).not.toBe('go');
    expect([guard.begin('127.0.0.1'), guard.begin('::1'), guard.begin('::ffff:127.0.0.1')]).toEqual(['go', 'go', 'go']);
    guess('127.0.0.1', 5);
    expect(guard.begin('127.0.0.1')).not.toBe('go');
  });

  it('loses no guess that could not be looked at', () => {
    for (let time = 0; time < 3 * limits.GUESSES_MAX; time++) {
      expect(guard.begin('10.0.0.1')).toBe('go');
      guard.unseen('10.0.0.1');
    }
  });

  it('is forgiven by the right PIN, and after a quarter of an hour of peace', () => {
    guess('10.0.0.1', 4);
    guard.begin('10.0.0.1');
    guard.right('10.0.0.1');
    expect(guess('10.0.0.1', 4)).toBe('go');
    nowMs += limits.GUESSES_REMEMBERED_MS + 1;
    expect(guess('10.0.0.1', 4)).toBe('go');
    expect(locked).toEqual([]);
  });

  it('through a tunnel shares the address of the whole crew: their typos of a day lock nobody out', () => {
    for (let login = 0; login < 10; login++) {
      expect(guess('127.0.0.1', limits.GUESSES_MAX - 1)).toBe('go');
      nowMs += 60_000;
      expect(guard.begin('127.0.0.1')).toBe('go');
      guard.right('127.0.0.1');
    }
    expect(locked).toEqual([]);
  });

  it('and knows it at last takes nothing of what all may guess, and leaves what the others guessed', () => {
    for (let login = 0; login < limits.GUESSES_OF_ALL_MAX; login++) {
      guess('10.0.0.1', limits.GUESSES_MAX - 1);
      guard.begin('10.0.0.1');
      guard.right('10.0.0.1');
    }
    for (let host = 2; host <= limits.GUESSES_OF_ALL_MAX; host++) expect(guess(`10.0.0.${host}`, 1)).toBe('go');
    guard.begin('10.0.0.1');
    guard.right('10.0.0.1');
    expect(locked).toEqual([]);
    guess('10.0.0.99', 1);
    expect(locked.map(([whom]) => whom)).toEqual(['everybody']);
  });

  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('from %s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));
});

describe('a session', () => {
  const nameIn = (cookie: string) => cookie.split(';')[0]!;

  it('lasts while it is used, ends after a quarter of an hour without, and after a day of work', () => {
    const sessions = new Sessions(clock);
    const cookie = nameIn(sessions.open());
    nowMs += limits.SESSION_IDLE_MS - 1;
    expect(sessions.of(cookie, false)).not.toBeNull(); // a list that refreshes is no use
    expect(sessions.of(cookie, true)).not.toBeNull();
    nowMs += limits.SESSION_IDLE_MS - 1;
    expect(sessions.of(`a=b; ${cookie}`, false)).not.toBeNull();
    nowMs += 1;
    expect(sessions.of(cookie, true)).toBeNull();
    const other = nameIn(sessions.open());
    for (let spent = 0; spent < limits.SESSION_MS; spent += 60_000) {
      expect(sessions.of(other, true)).not.toBeNull();
      nowMs += 60_000;
    }
    expect(sessions.of(other, true)).toBeNull();
  });

  it('is opaque, cannot be read by a script or sent by another site, and is one of a few', () => {
    const sessions = new Sessions(clock);
    const cookies = Array.from({ length: limits.SESSIONS_MAX + 1 }, () => sessions.open());
    expect(cookies[0]).toMatch(/^__Host-fengsui-page=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    expect(new Set(cookies).size).toBe(cookies.length);
    expect(sessions.of(nameIn(cookies[0]!), true)).toBeNull();
    expect(sessions.of(nameIn(cookies[1]!), true)).not.toBeNull();
    expect(sessions.of(`${nameIn(cookies[1]!)}x`, true)).toBeNull();
    sessions.clear();
    expect(sessions.of(nameIn(cookies[1]!), true)).toBeNull();
  });
});
