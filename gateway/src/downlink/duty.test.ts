import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, SiteEvent } from '@fengsui/protocol';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DutyDesk } from './duty.ts';
import type { KeptOrder } from './record.ts';

const soon = { timeout: 60_000, interval: 5 };
const STARTED_MS = 1_700_000_000_000;

let passedMs: number;
let signs: string[];
let events: Array<Partial<SiteEvent>>;
let refusals: number;
let stop: AbortController;
let desk: DutyDesk;

/** Time that is moved by hand. */
const clock: Clock = {
  wallMs: () => STARTED_MS + passedMs,
  monotonicMs: () => passedMs,
  async sleep(ms, signal) {
    const untilMs = passedMs + ms;
    while (passedMs < untilMs) {
      signal?.throwIfAborted();
      await sleep(1);
    }
  },
};

const order = (over: Partial<KeptOrder> = {}): KeptOrder => ({
  ...{ id: `${'0'.repeat(28)}01ff`, kind: 'duty-check', parameters: {}, origin: 'uplink', issuedMs: 7, takenMs: STARTED_MS, aheadMs: 0 },
  ...{ state: 'delivered', atMs: STARTED_MS, result: null },
  ...over,
});

beforeEach(() => {
  [passedMs, signs, events, refusals, stop] = [0, [], [], 0, new AbortController()];
  desk = new DutyDesk({
    clock,
    announce: async (sign) => {
      signs.push(sign);
      return null;
    },
    say: async (event) => {
      if (refusals-- > 0) throw new Error('the disk is full');
      events.push(event);
    },
    signal: stop.signal,
  });
});

describe('a duty check', () => {
  it('rings until somebody answers, and the answer is an event before the order is over', async () => {
    expect(desk.answer({ operator: '王工' })).toBe(false);
    const asked = desk.begin(order(), { timeoutMinutes: 10 });
    expect(desk.waiting()).toEqual({ id: order().id, sinceMs: STARTED_MS, untilMs: STARTED_MS + 600_000 });
    await vi.waitFor(() => expect(signs).toEqual(['on']), soon);
    expect(desk.answer({ operator: '王工', operatorNumber: 3 })).toBe(true);
    expect(await asked).toEqual({ state: 'done', result: { operator: '王工', operatorNumber: 3, atMs: STARTED_MS } });
    expect(events).toEqual([
      { kind: 'duty-answer', edge: 'momentary', operator: '王工', operatorNumber: 3, answers: { serial: 0x1ff, unitType: 91, ms: 7 } },
    ]);
    expect(signs).toEqual(['on', 'off']);
    expect(desk.waiting()).toBeNull();
  });

  it('that nobody answers in time is recorded at the time-out', async () => {
    const asked = desk.begin(order({ serial: 302 }), { timeoutMinutes: 1 });
    await vi.waitFor(() => expect(signs).toEqual(['on']), soon);
    passedMs = 59_999;
    await sleep(20);
    expect(events).toEqual([]);
    passedMs = 60_000;
    expect(await asked).toEqual({ state: 'unanswered', result: { why: 'late' } });
    expect(events).toMatchObject([{ note: 'duty-unanswered', answers: { serial: 302, unitType: 91 } }]);
    expect(signs).toEqual(['on', 'off']);
  });

  it('gives way to a newer one, and the sign stays on for that', async () => {
    const first = desk.begin(order(), { timeoutMinutes: 10 });
    await vi.waitFor(() => expect(signs).toEqual(['on']), soon);
    const second = desk.begin(order({ id: 'b'.repeat(32) }), { timeoutMinutes: 10 });
    expect(await first).toEqual({ state: 'unanswered', result: { why: 'replaced' } });
    expect(signs).not.toContain('off');
    expect(desk.waiting()).toMatchObject({ id: 'b'.repeat(32) });
    desk.answer({});
    expect(await second).toMatchObject({ state: 'done' });
  });

  it('goes on after a restart with what is left of its time', async () => {
    passedMs = 590_000;
    const asked = desk.resume(order(), { timeoutMinutes: 10 });
    expect(desk.waiting()).toMatchObject({ untilMs: STARTED_MS + 600_000 });
    passedMs = 600_000;
    expect(await asked).toMatchObject({ state: 'unanswered' });
  });

  it('keeps an answer that the journal could not take until it can', async () => {
    refusals = 3;
    const asked = desk.begin(order(), { timeoutMinutes: 10 });
    desk.answer({ operatorNumber: 9 });
    const moving = setInterval(() => (passedMs += 1_000), 5);
    expect(await asked).toMatchObject({ state: 'done', result: { operatorNumber: 9 } });
    clearInterval(moving);
    expect(events).toHaveLength(1);
  });
});
