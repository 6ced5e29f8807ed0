import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EDGES, type Edge, EVENT_KINDS, type EventKind, type State } from './event.ts';
import { flagsAfter } from './flags.ts';

const after = (...events: Array<readonly [EventKind, Edge]>) =>
  events.reduce<readonly State[]>((flags, [kind, edge]) => flagsAfter(flags, { kind, edge }), []);

test('any set of flags can stand at once', () => {
  expect(after(['fire', 'began'], ['fault', 'began'], ['shield', 'began'], ['feedback', 'began'])).toEqual([
    'fire',
    'fault',
    'shield',
    'feedback',
  ]);
});

test('a reset clears fire, start and supervisory, and leaves fault, feedback and shield', () => {
  const before = [
    ['fire', 'began'],
    ['start', 'began'],
    ['supervisory', 'began'],
    ['fault', 'began'],
    ['feedback', 'began'],
    ['shield', 'began'],
  ] as const;
  expect(after(...before, ['reset', 'momentary'])).toEqual(['fault', 'shield', 'feedback']);
});

test('what is said about a fire ends with it', () => {
  expect(flagsAfter(['fire', 'fault', 'first-fire', 'manual-call-point'], { kind: 'fire', edge: 'ended' })).toEqual(['fault']);
});

test('a fault follows its source', () => {
  expect(after(['fault', 'began'], ['fault', 'ended'])).toEqual([]);
});

test('a shield is lifted by hand alone', () => {
  expect(after(['shield', 'began'], ['reset', 'momentary'], ['shield', 'ended'])).toEqual([]);
});

test('a lost link is a flag that ends with the link, and a reading touches none', () => {
  expect(after(['link', 'began'], ['reading', 'momentary'])).toEqual(['offline']);
  expect(after(['link', 'began'], ['link', 'ended'])).toEqual([]);
});

test('saying a thing twice changes nothing more, and flags never repeat', () => {
  const event = fc.record({
    kind: fc.constantFrom(...(Object.keys(EVENT_KINDS) as EventKind[])),
    edge: fc.constantFrom(...(Object.keys(EDGES) as Edge[])),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), event, (events, last) => {
      const once = [...events, last].reduce<State[]>(flagsAfter, []);
      expect(flagsAfter(once, last)).toEqual(once);
      expect(new Set(once).size).toBe(once.length);
    }),
  );
});
