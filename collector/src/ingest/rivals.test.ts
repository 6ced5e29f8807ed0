import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RIVAL_STANDS_MS } from '../limits.ts';
import { Rivals } from './rivals.ts';

const DAY_MS = 86_400_000;
const entrant = (instance: string | null, address = '10.0.0.1', isTakeover = true) => ({ instance, address, isTakeover });

/** Entrants of gw-1, each so many milliseconds after the one before. Answers what stands after the last. */
function after(...entries: ReadonlyArray<readonly [afterMs: number, ...Parameters<typeof entrant>]>) {
  const rivals = new Rivals();
  let nowMs = 1;
  for (const [afterMs, ...said] of entries) rivals.enter('gw-1', entrant(...said), (nowMs += afterMs));
  return rivals.standing(nowMs).get('gw-1');
}

describe('boxes under one name', () => {
  it('are two when a process comes back after another, told with the addresses of both, for a while', () => {
    const rivals = new Rivals();
    rivals.enter('gw-1', entrant('a', '10.0.0.1', false), 0);
    rivals.enter('gw-1', entrant('b', '10.0.0.2'), 1_000);
    expect(rivals.standing(1_000).size).toBe(0);
    rivals.enter('gw-1', entrant('a', '10.0.0.1', false), 2_000);
    expect([...rivals.standing(2_000)]).toEqual([['gw-1', { isProven: true, addresses: ['10.0.0.1', '10.0.0.2'] }]]);
    expect(rivals.standing(2_000 + RIVAL_STANDS_MS).size).toBe(0);
  });

  it('that take turns within the longest back-off are named within a minute of the second, however long the first had been there', () => {
    fc.assert(
      fc.property(fc.nat(10 * DAY_MS), fc.nat(30_000), fc.nat(30_000), fc.boolean(), (aloneMs, backMs, againMs, isTakeover) => {
        const turns = [
          [0, 'a', '10.0.0.1', false],
          [aloneMs, 'b', '10.0.0.2', isTakeover],
          [backMs, 'a', '10.0.0.1'],
          [againMs, 'b', '10.0.0.2'],
        ] as const;
        expect(after(...turns)).toEqual({ isProven: true, addresses: expect.arrayContaining(['10.0.0.1', '10.0.0.2']) });
        if (isTakeover) expect(after(...turns.slice(0, 3))).toMatchObject({ isProven: true });
      }),
    );
  });

  it('are two when only the newer of them names its process', () => {
    expect(after([0, null], [1_000, 'a'], [1_000, null])).toBeUndefined();
    expect(after([0, null], [1_000, 'a'], [1_000, null], [1_000, 'a'])).toMatchObject({ isProven: true });
  });

  it('are one that was started anew, however often, and one that comes back over its own dead sessions', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(2_000)), { maxLength: 60 }), (entries) => {
        const rivals = new Rivals();
        let [start, nowMs] = [0, 0];
        for (const [isNew, laterMs] of entries) {
          start += isNew ? 1 : 0;
          nowMs += laterMs;
          rivals.enter('gw-1', entrant(`start ${start}`), nowMs);
        }
        expect(rivals.standing(nowMs).size).toBe(0);
      }),
    );
  });

  it('are one that got another version, with a name or without, and got the old one back, a day later or at once', () => {
    for (const laterMs of [DAY_MS, 60_000]) {
      expect(after([0, null], [laterMs, 'a'], [laterMs, null])).toBeUndefined();
      expect(after([0, null], [laterMs, 'a'], [laterMs, null], [laterMs, 'b'])).toBeUndefined();
    }
  });

  it('are not two by a process of which nothing was seen for longer than rivals stay apart', () => {
    expect(after([0, 'a'], [1_000, 'b'], [RIVAL_STANDS_MS + 1_000, 'a'])).toBeUndefined();
  });

  it('that name no process are a suspicion by the rate at which sessions end each other, and never a proof: a link that is cut does the same', () => {
    const flapping = Array.from({ length: 100 }, () => [1_500, null] as const);
    expect(after(...flapping.slice(0, 6))).toBeUndefined();
    expect(after(...flapping.slice(0, 7))).toEqual({ isProven: false, addresses: ['10.0.0.1'] });
    expect(after(...flapping)).toMatchObject({ isProven: false });
    expect(after(...flapping, [1_500, 'brought up to date'])).toMatchObject({ isProven: false });
    expect(after(...flapping.map(([, name]) => [10_000, name] as const))).toBeUndefined(); // a link that dies silently
  });

  it('of many names cost a bounded memory', () => {
    const rivals = new Rivals();
    for (let turn = 0; turn < 1_000; turn++) rivals.enter('gw-1', entrant(`${turn} ${'x'.repeat(3_000)}`), turn);
    rivals.enter('gw-1', entrant(`0 ${'x'.repeat(3_000)}`), 1_000);
    expect(rivals.standing(1_000).size).toBe(0); // forgotten
  });
});
