import { expect, it } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import * as limits from '../limits.ts';
import { uplinksWatcher } from '../troubles/uplinks.ts';
import type { OnItsWay } from './lane-window.ts';
import { UplinkNumbers } from './numbers.ts';
import type { Waiting } from './outbox.ts';
import { Stragglers } from './stragglers.ts';

const RECEIPT_TIMEOUT_MS = 10_000;
const SPAN = { after: 0, upTo: 9 };
const alarms = { lane: 'alarm' as const, after: 0, upTo: 1_000, cursor: 0 };

function begin(random = () => 0) {
  const clock = new ManualClock();
  const numbers = new UplinkNumbers();
  const stragglers = new Stragglers({ clock, numbers, receiptTimeoutMs: RECEIPT_TIMEOUT_MS, random });
  return { clock, numbers, stragglers };
}

const onItsWay = (number: number): OnItsWay => ({ number, epoch: 7, bytes: 50, sentMs: 0, turn: 1, isFirst: true, ...SPAN });
const waitingWith = (...numbers: number[]): Waiting => ({
  ...{ epoch: 7, profile: 'p', last: SPAN.upTo },
  rows: numbers.map((number) => ({
    ...{ number, order: number, frame: new Uint8Array(), boot: 1, monotonicMs: 0, wallMs: 0, clockSynchronised: true },
  })),
});

/** Milliseconds between the ends of its tries, each in vain. */
async function rests(tries: number, random: () => number): Promise<number[]> {
  const { clock, stragglers } = begin(random);
  stragglers.add('alarm', [onItsWay(3)]);
  const found: number[] = [];
  for (let turn = 0; turn < tries; turn++) {
    expect(stragglers.send('alarm', SPAN, waitingWith(2, 3)).map(({ number }) => number)).toEqual([3]);
    await clock.advance(RECEIPT_TIMEOUT_MS);
    expect(stragglers.layBy()).toEqual({ rows: 1, isNewAlarm: turn === 0 });
    expect(stragglers.due('alarm')).toBeNull();
    const restMs = Math.ceil(stragglers.dueInMs(['alarm']));
    found.push(restMs);
    await clock.advance(restMs);
    expect(stragglers.due('alarm')).toEqual(SPAN);
  }
  return found;
}

it('a row that is passed over goes alone ever more seldom, once a minute at least, and not all boxes at once', async () => {
  expect(await rests(6, () => 0)).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  const [one, other] = [await rests(6, () => 0.9), await rests(6, () => 0.1)];
  expect(one.every((ms, index) => ms <= other[index]!)).toBe(true);
  expect(one).not.toEqual(other);
  expect(Math.max(...other)).toBeLessThanOrEqual(limits.UNANSWERED_REST_MAX_MS);
});

it('a row that went alone in vain is a trouble with its remedy until it has its receipt', async () => {
  const { clock, numbers, stragglers } = begin();
  const trouble = () => uplinksWatcher([{ name: 'collector', numbers }], clock, 'row-unanswered', 'unansweredFailure', '').look(() => null);
  stragglers.add('alarm', [onItsWay(3), onItsWay(4), onItsWay(5)]);
  expect(trouble()).toEqual([]);
  stragglers.send('alarm', SPAN, waitingWith(3, 4, 5));
  stragglers.confirm('alarm', 7, [4]);
  await clock.advance(RECEIPT_TIMEOUT_MS);
  stragglers.layBy();
  expect(numbers.rowsUnanswered).toBe(2);
  expect(trouble()).toMatchObject([
    {
      what: 'row-unanswered',
      source: 'collector',
      text: expect.stringMatching(/alarm row 3 of epoch 7, and 1 more.*log of the collector/),
    },
  ]);
  stragglers.confirm('alarm', 7, [3, 5]);
  expect([numbers.rowsUnanswered, trouble()]).toEqual([0, []]);
});

it('a new session tries at once what still waits, and forgets what does not', async () => {
  const { clock, numbers, stragglers } = begin();
  stragglers.add('alarm', [onItsWay(3), onItsWay(4)]);
  stragglers.send('alarm', SPAN, waitingWith(3, 4));
  await clock.advance(RECEIPT_TIMEOUT_MS);
  stragglers.layBy();
  expect(numbers.rowsUnanswered).toBe(2);
  stragglers.begin();
  expect(stragglers.due('alarm')).toBeNull();
  // The strand of what is new has not come past them.
  expect(stragglers.sift({ ...alarms, after: 20, cursor: 20 }, { ...waitingWith(30), last: 30 })).toHaveLength(1);
  expect(stragglers.sift(alarms, waitingWith(3, 6)).map(({ number }) => number)).toEqual([6]);
  expect(numbers.rowsUnanswered).toBe(1);
  expect(stragglers.due('alarm')).toEqual(SPAN);
  expect(stragglers.send('alarm', SPAN, waitingWith())).toEqual([]);
  expect([numbers.unansweredFailure, stragglers.due('alarm')]).toEqual([null, null]);
});
