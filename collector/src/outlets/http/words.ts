import { EVENT_KINDS, happenings, QUANTITIES, STATES, type Words } from '@fengsui/protocol';
import { COMPONENT_TYPES } from '@fengsui/protocol/gb26875';
import type { WordsShown } from './schemas.ts';

function named(table: Readonly<Record<string, Words>>): Record<string, Words> {
  return Object.fromEntries(Object.entries(table).map(([name, { en, zh }]) => [name, { en, zh }]));
}

/** What the names of the interface mean to people. */
export function wordsOf(classes: Readonly<Record<string, Words>>): WordsShown {
  const components = Object.fromEntries([...COMPONENT_TYPES].map(([code, words]) => [String(code), words]));
  return {
    kinds: named(EVENT_KINDS),
    states: named(STATES),
    quantities: named(QUANTITIES),
    classes: named(classes),
    components: named(components),
    happenings: happenings(),
  };
}
