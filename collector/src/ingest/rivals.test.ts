import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RIVAL_STANDS_MS } from '../limits.ts';
import { Rivals } from './rivals.ts';

const entrant = (instance: string | null, address = '10.0.0.1', isTakeover = true) => ({ instance, address, isTakeover });

describe('boxes under one name', () => {
  it('are two when a process comes back after another, told with the addresses of both, for a while', () => {
    const rivals = new Rivals();
    rivals.enter('gw-1', entrant('a', '10.0.0.1', false), 0);
    rivals.enter('gw-1', entrant('b', '10.0.0.2'), 1_000);
    expect(rivals.standing(1_000).size).toBe(0);
    rivals.enter('gw-1', entrant('a', '10.0.0.1', false), 2_000);
    expect([...rivals.standing(2_000)]).toEqual([['gw-1', ['10.0.0.1', '10.0.0.2']]]);
    expect(rivals.standing(2_000 + RIVAL_STANDS_MS).size).toBe(0);
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

  it('that name no process are two by the rate at which they take each other over, and not by that of a link that dies silently', () => {
    const [fast, slow] = [new Rivals(), new Rivals()];
    for (let turn = 0; turn < 8; turn++) fast.enter('gw-1', entrant(null), turn * 2_000);
    for (let turn = 0; turn < 60; turn++) slow.enter('gw-1', entrant(null), turn * 10_000);
    expect([fast.standing(16_000).size, slow.standing(600_000).size]).toEqual([1, 0]);
  });

  it('of many names cost a bounded memory', () => {
    const rivals = new Rivals();
    for (let turn = 0; turn < 1_000; turn++) rivals.enter('gw-1', entrant(`${turn} ${'x'.repeat(3_000)}`), turn);
    rivals.enter('gw-1', entrant(`0 ${'x'.repeat(3_000)}`), 1_000);
    expect(rivals.standing(1_000).size).toBe(0); // forgotten
  });
});
