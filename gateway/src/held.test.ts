import { laneOf, type SiteEvent } from '@fengsui/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { commit } from './commit.ts';
import { ManualClock } from './drivers/rehearsal.ts';
import { fail } from './failures.ts';
import { Held } from './held.ts';
import * as limits from './limits.ts';
import { LineNumbers } from './line-numbers.ts';
import { Refused } from './refused.ts';
import type { Supervision } from './supervision.ts';

/** What the journal does with an offer: takes it, cannot open the file of a lane, or is out of order itself. */
type Answer = 'taken' | 'alarm' | 'ordinary' | 'both';

/** A polled line with a journal that answers as it is told. */
function polledLine(answer: (events: readonly SiteEvent[]) => Answer, takesMs = () => 0) {
  const numbers = new LineNumbers(0);
  const clock = new ManualClock();
  const stop = new AbortController();
  const stored: string[] = [];
  const lost: object[] = [];
  const append = async (events: readonly SiteEvent[]) => {
    const shut = answer(events);
    await Promise.resolve(); // what is under way can be overtaken
    if (takesMs() > 0) await clock.advance(takesMs());
    const isShut = (event: SiteEvent) => shut === 'both' || laneOf(event) === shut;
    // Like the journal, lane by lane: one may have its part although the other has not, and knows again what it has.
    for (const event of events) if (!isShut(event) && !stored.includes(event.id)) stored.push(event.id);
    if (events.some(isShut)) throw fail('journal-unopened', shut);
  };
  const normalize = ({ observations }: { observations: Array<{ what: string }> }) =>
    observations.map(({ what: id }) => ({ id, kind: id.startsWith('fire') ? 'fire' : 'fault', source: 'p' }) as unknown as SiteEvent);
  const base = {
    line: { name: 'bus', nobodyRepeats: true, links: {}, open: async () => ({}) },
    ...{ numbers, clock, random: () => 0.5, signal: stop.signal, append, tell: async () => {} },
    log: { info: () => {}, warn: () => {}, error: (fields: object) => lost.push(fields) },
    normalizer: { normalize, settle: () => {}, revert: () => {} },
  } as never as Supervision;
  const supervision = { ...base, refused: new Refused(clock), held: new Held(base) };
  const hear = (...words: string[]) => {
    const observations = words.map((what) => ({ what }));
    return commit(supervision, [{ device: 'p', family: 'f/1', observations, packet: Uint8Array.of(1), heardMs: 0 } as never]);
  };
  const { held } = supervision;
  return { clock, numbers, stop, stored, hear, held, lost };
}

it('tells the end of a fire before the fire that came after it, where the file of alarms could not be opened in between', async () => {
  let answer: Answer = 'alarm';
  const { clock, hear, stored, stop } = polledLine(() => answer);
  await hear('fire 1 ended', 'fault 1');
  await clock.advance(60_000);
  expect(stored).toEqual(['fault 1']);
  answer = 'taken';
  await hear('fire 2 began');
  expect(stored).toEqual(['fault 1', 'fire 1 ended', 'fire 2 began']);
  stop.abort();
});

it('shows before each piece that it lives, however long a slow disk takes for all of them', async () => {
  let [answer, takesMs]: [Answer, number] = ['both', 0];
  const silentMs: number[] = [];
  const rig = polledLine(
    () => {
      silentMs.push(rig.clock.monotonicMs() - rig.numbers.beatMs!);
      return answer;
    },
    () => takesMs,
  );
  for (let index = 0; index < limits.HELD_OFFER_EVENTS * 3; index++) await rig.hear(`fire ${index}`);
  [answer, takesMs] = ['taken', 9_000];
  silentMs.length = 0;
  await rig.hear('fire at last');
  expect(silentMs).toEqual([0, 0, 0, 0]);
  rig.stop.abort();
});

it('brings at a stop what is held while there is time, piece by piece, and no longer, however slow the disk is', async () => {
  const words = Array.from({ length: limits.HELD_OFFER_EVENTS * 4 }, (_, index) => `fire ${index}`);
  const stopped = async (pieceMs: number) => {
    let [answer, takesMs]: [Answer, number] = ['both', 0];
    const rig = polledLine(
      () => answer,
      () => takesMs,
    );
    for (const word of words) await rig.hear(word);
    [answer, takesMs] = ['taken', pieceMs];
    rig.stop.abort();
    await rig.held.ended();
    return rig;
  };
  expect((await stopped(0)).stored).toEqual(words);
  const slow = await stopped(limits.HELD_LAST_MS * 0.6);
  expect(slow.stored).toEqual(words.slice(0, limits.HELD_OFFER_EVENTS * 2));
  expect(slow.lost).toEqual([expect.objectContaining({ left: limits.HELD_OFFER_EVENTS * 2 })]);
  await expect(slow.hear('fire at last')).rejects.toMatchObject({ code: 'journal-closed' });
});

it('holds what is new behind what is held, and does not offer the whole of it in vain for each', async () => {
  let answer: Answer = 'both';
  const offers: number[] = [];
  const { clock, hear, stored, stop } = polledLine((events) => {
    offers.push(events.length);
    return answer;
  });
  const words = Array.from({ length: limits.HELD_OFFER_EVENTS * 3 }, (_, index) => `fire ${index}`);
  for (const word of words) await hear(word);
  expect(Math.max(...offers)).toBe(limits.HELD_OFFER_EVENTS);
  answer = 'taken';
  await clock.advance(120_000);
  expect(stored).toEqual(words);
  stop.abort();
});

it('keeps the order of each lane, however often and whenever an offer fails', async () => {
  const step = fc.record({
    words: fc.array(fc.constantFrom('fire', 'fault'), { minLength: 1, maxLength: 3 }),
    waitMs: fc.constantFrom(0, 0, 700, 6_000),
  });
  const answers = fc.array(fc.constantFrom<Answer>('taken', 'alarm', 'ordinary', 'both'), { maxLength: 60 });
  const law = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), answers, async (steps, script) => {
    let turn = 0;
    const { clock, hear, stored, stop } = polledLine(() => script[turn++] ?? 'taken');
    const heard: string[] = [];
    for (const { words, waitMs } of steps) {
      const named = words.map((word, index) => `${word} ${heard.length + index}`);
      heard.push(...named);
      const [committed] = [hear(...named), clock.advance(waitMs)];
      await committed;
    }
    for (let round = 0; round < 100 && stored.length < heard.length; round++) await clock.advance(limits.REOPEN_MAX_MS);
    for (const lane of ['fire', 'fault']) {
      const ofLane = (word: string) => word.startsWith(lane);
      expect(stored.filter(ofLane)).toEqual(heard.filter(ofLane));
    }
    stop.abort();
  });
  await fc.assert(law, { seed: 7, numRuns: 200 });
});
