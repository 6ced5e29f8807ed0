import { EDGES, type Edge, EVENT_KINDS, type EventKind } from './event.ts';
import type { Words } from './words.ts';

/** What an edge adds to the name of a kind. A state that begins needs no more than its name. */
const EDGE_WORDS: Readonly<Record<Edge, Words>> = {
  began: { en: '', zh: '' },
  ended: { en: 'ended', zh: '恢复' },
  still: { en: 'goes on', zh: '持续' },
  momentary: { en: '', zh: '' },
};

/**
 * A link has a name for either end: it is said to be up at every start, of many a link that was never lost, and
 * "link lost, ended" would be read as an outage.
 */
const LINK_WORDS: Readonly<Record<Edge, Words>> = {
  began: { en: 'link lost', zh: '链路中断' },
  ended: { en: 'link up', zh: '链路正常' },
  still: { en: 'link lost goes on', zh: '链路中断持续' },
  momentary: { en: 'link', zh: '链路' },
};

/** What people call an event of a kind and an edge: `火警`, `火警恢复`, `链路正常`. */
export function happeningOf(kind: EventKind, edge: Edge): Words {
  if (kind === 'link') return LINK_WORDS[edge];
  const [name, adds] = [EVENT_KINDS[kind], EDGE_WORDS[edge]];
  return { en: [name.en, adds.en].filter(Boolean).join(' '), zh: `${name.zh}${adds.zh}` };
}

/** What people call every event there is, by kind and edge. */
export function happenings(): Record<string, Record<string, Words>> {
  const ofKind = (kind: EventKind) => Object.fromEntries((Object.keys(EDGES) as Edge[]).map((edge) => [edge, happeningOf(kind, edge)]));
  return Object.fromEntries((Object.keys(EVENT_KINDS) as EventKind[]).map((kind) => [kind, ofKind(kind)]));
}
