import type { SiteEvent } from '@fengsui/protocol';
import { beforeEach, expect, test } from 'vitest';
import { pointOf } from './journal/point.ts';
import { KnownEvents } from './known-events.ts';
import { KNOWN_FOR_MS } from './limits.ts';

const START_MS = Date.UTC(2026, 9, 1);
let nowMs = START_MS;
let ids = 0;
let stood: string[] = [];
let repeats = 0;
const counters = { count: () => void (repeats += 1) };

function event(id: string, kind = 'fire', edge = 'began', address = 5, source = 'panel'): SiteEvent {
  const part = { systemType: 1, systemAddress: 1, component: { type: 40, address } };
  return { id, kind, edge, source, part, time: { ms: nowMs, source: 'gateway' } } as unknown as SiteEvent;
}

/** A run that begins with these in its journal, written a minute before. */
function run(...before: SiteEvent[]): KnownEvents {
  const rows = before.map((one, index) => ({
    ...{ eventId: one.id, wallMs: START_MS - 60_000, ordinal: index + 1, source: one.source },
    ...{ kind: one.kind, edge: one.edge, point: pointOf(one) },
  }));
  const options = {
    clock: { wallMs: () => nowMs },
    newEventId: () => `new-${++ids}`,
    onCopies: (copies: readonly SiteEvent[]) => void stood.push(...copies.map(({ id }) => id)),
  };
  return new KnownEvents(rows.reverse(), options);
}

const told = (known: KnownEvents, ...events: SiteEvent[]) => known.news(events, counters).map(({ id }) => id);

beforeEach(() => {
  nowMs = START_MS;
  ids = 0;
  stood = [];
  repeats = 0;
});

test('a copy of what the run before wrote is told once, counted, and says all the same how the site stands', () => {
  const known = run(event('a'));
  expect(told(known, event('a'), event('b'))).toEqual(['b']);
  expect([stood, repeats]).toEqual([['a'], 1]);
});

test('the same words hours later are a new event under an id of its own: a panel whose clock stands still has a second fire', () => {
  const known = run(event('a'));
  nowMs += KNOWN_FOR_MS;
  expect(told(known, event('a'))).toEqual(['new-1']);
  expect([stood, repeats]).toEqual([[], 0]);
});

test('the same words after a reset of the panel, in the run before or in this one, are a new event', () => {
  expect(told(run(event('a'), event('r', 'reset', 'momentary')), event('a'))).toEqual(['new-1']);
  const known = run(event('a'), event('other', 'fire', 'began', 5, 'other-panel'));
  expect(told(known, event('r', 'reset', 'momentary'))).toEqual(['r']);
  expect(told(known, event('a'), event('other', 'fire', 'began', 5, 'other-panel'))).toEqual(['new-2']);
});

test('what was said after the reset, and the reset itself, are known', () => {
  expect(told(run(event('a'), event('r', 'reset', 'momentary'), event('b')), event('r', 'reset', 'momentary'), event('b'))).toEqual([]);
});

test('the same words after the end of what they said are a new event; other points stay known', () => {
  const known = run(event('a'), event('c', 'fire', 'began', 6), event('end', 'fire', 'ended'));
  expect(told(known, event('a'), event('c', 'fire', 'began', 6), event('end', 'fire', 'ended'))).toEqual(['new-1']);
  expect(told(run(event('a')), event('end', 'fire', 'ended'), event('a'))).toEqual(['end', 'new-2']);
});

test('a clock that was set back or forward for hours makes no copy', () => {
  nowMs -= KNOWN_FOR_MS + 120_000;
  expect(told(run(event('a')), event('a'))).toEqual(['new-1']);
});
