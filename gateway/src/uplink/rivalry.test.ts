import type { Clock } from '@fengsui/protocol';
import { expect, it } from 'vitest';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { uplinksWatcher } from '../troubles/uplinks.ts';
import { UplinkNumbers } from './numbers.ts';
import { Rivalry } from './rivalry.ts';

function rivalryOf() {
  let nowMs = 0;
  const sleepers: Array<{ readonly untilMs: number; readonly wake: () => void }> = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms) => new Promise((wake) => sleepers.push({ untilMs: nowMs + ms, wake })),
  };
  const numbers = new UplinkNumbers();
  const rivalry = new Rivalry({ clock, numbers, signal: new AbortController().signal });
  const pass = async (ms: number) => {
    nowMs += ms;
    for (const { untilMs, wake } of sleepers) if (untilMs <= nowMs) wake();
    await Promise.resolve();
  };
  const session = async (ms: number, code: 'uplink-lost' | 'uplink-silent' = 'uplink-lost') => {
    const openedMs = nowMs;
    await pass(ms);
    return rivalry.after(fail(code, 'the far side closed it'), openedMs).code;
  };
  const trouble = () => uplinksWatcher([{ name: 'collector', numbers }], clock, 'identity-shared', 'identityFailure', '').look(() => null);
  return { rivalry, numbers, pass, session, trouble };
}

it('another box is named as the likely cause when three sessions in a row end soon after we were let in, and no sooner', async () => {
  const { session, trouble, pass } = rivalryOf();
  expect([await session(2_000), await session(2_000), await session(90_000)]).toEqual(['uplink-lost', 'uplink-lost', 'uplink-lost']);
  expect(trouble()).toEqual([]);
  expect([await session(5_000), await session(5_000), await session(5_000)]).toEqual(['uplink-lost', 'uplink-lost', 'uplink-shared']);
  expect(trouble()).toMatchObject([{ what: 'identity-shared', source: 'collector', text: expect.stringContaining('cloned disk') }]);
  await pass(limits.RIVAL_STANDS_MS);
  expect(trouble()).toEqual([]);
});

it('another box is named at once when the collector says so, until that is five minutes ago; a silent link is still a silent link', async () => {
  const { rivalry, session, numbers, pass, trouble } = rivalryOf();
  rivalry.told(true);
  expect([await session(1_000), await session(1_000, 'uplink-silent')]).toEqual(['uplink-shared', 'uplink-silent']);
  await pass(limits.RIVAL_STANDS_MS - 3_000);
  rivalry.told(true);
  await pass(3_000);
  expect(numbers.identityFailure).toContain('the collector sees it');
  await pass(limits.RIVAL_STANDS_MS);
  expect([numbers.identityFailure, trouble()]).toEqual([null, []]);
});

it('a link that flaps is not taken for another box by one whose collector says that there is none', async () => {
  const { rivalry, session, trouble } = rivalryOf();
  rivalry.told(false);
  for (let turn = 0; turn < 6; turn++) expect(await session(2_000)).toBe('uplink-lost');
  expect(trouble()).toEqual([]);
});
