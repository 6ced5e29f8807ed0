import type { SiteEvent } from '@fengsui/protocol';
import type { Entry } from '../ledger/ledger.ts';
import { isLater, type Order } from '../order.ts';
import { isReset, pointOf } from '../point.ts';
import type { Projection, Rows } from '../projections/projection.ts';
import { LINK_NOTES } from './classes.ts';
import type { Incident, Mark } from './incident.ts';
import { type LastWords, laterThan, NO_WORDS, wordsWith } from './last-words.ts';
import { after, matters, NOTHING_TOLD, type Told } from './replay.ts';

/** Marks of one source that a late one may still come before, everything told as if it had come in time. */
const MARKS_MAX = 512;

/** The incidents of one source, and what is needed to tell them anew when an older mark arrives. */
export interface SourceIncidents {
  readonly gateway: string;
  readonly source: string;
  readonly told: Told;
  /** Later than everything in `settled`, in the order the gateway heard them. */
  readonly marks: readonly Mark[];
  readonly settled: Told;
  /** Of the last mark in `settled`. */
  readonly settledAt: Order | null;
  /** Of all marks in `settled`. */
  readonly words: LastWords;
  /** Marks that came behind the bound: what stands by them is told, their history is not; the ledger has it. */
  readonly tooLate: number;
  readonly position: number;
}

function markOf({ epoch, ordinal, position, event }: Entry): Mark {
  const { id, kind, edge, time, source, part, address, place, text, test, states, operations } = event;
  const kept = { address, place, text, test, states, operations };
  const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as Partial<SiteEvent>;
  const matter = event.note === undefined ? undefined : LINK_NOTES.get(event.note);
  const about = matter === undefined ? { kind, point: pointOf(event) } : { kind: 'link' as const, point: matter };
  return { at: { epoch, ordinal }, position, point: about.point, event: { id, kind: about.kind, edge, time, source, part, ...known } };
}

function replayed(settled: Told, marks: readonly Mark[], gateway: string): Told {
  return marks.reduce((told, mark) => after(told, mark, gateway), settled);
}

/** Lets go of the older half of the marks once there are too many. */
function bounded(row: SourceIncidents, marksMax: number): SourceIncidents {
  if (row.marks.length <= marksMax) return row;
  const gone = row.marks.slice(0, Math.ceil(marksMax / 2));
  const settledAt = gone.at(-1)?.at ?? row.settledAt;
  const [settled, words] = [replayed(row.settled, gone, row.gateway), wordsWith(row.words, gone)];
  return { ...row, marks: row.marks.slice(gone.length), settled, settledAt, words };
}

/**
 * A mark from behind the bound: begins what nothing has ended since, and ends what nothing has begun since. What is told is not told
 * anew from the settled on: a backlog brings such marks by the thousand.
 */
function withLate(row: SourceIncidents, mark: Mark): SourceIncidents {
  const { words, marks, gateway } = row;
  const about = isReset(mark.event) ? marks : marks.filter(({ point, event }) => point === mark.point || isReset(event));
  const settled = after(row.settled, mark, gateway, laterThan([words], mark));
  const told = after(row.told, mark, gateway, laterThan([words, wordsWith(NO_WORDS, about)], mark));
  return { ...row, settled, told, words: wordsWith(words, [mark]), tooLate: row.tooLate + 1 };
}

function withMark(row: SourceIncidents, mark: Mark, marksMax: number): SourceIncidents {
  if (!isLater(mark.at, row.settledAt)) return withLate(row, mark);
  if (isLater(mark.at, row.marks.at(-1)?.at)) {
    return bounded({ ...row, marks: [...row.marks, mark], told: after(row.told, mark, row.gateway) }, marksMax);
  }
  const index = row.marks.findIndex(({ at }) => !isLater(mark.at, at));
  const marks = row.marks.toSpliced(index, 0, mark);
  return bounded({ ...row, marks, told: replayed(row.settled, marks, row.gateway) }, marksMax);
}

function fold(rows: Rows<SourceIncidents>, entry: Entry, marksMax: number): ReadonlyMap<string, SourceIncidents> {
  const mark = markOf(entry);
  if (!matters(mark)) return new Map();
  const { gateway, position } = entry;
  const { source } = entry.event;
  const key = JSON.stringify([gateway, source]);
  const none = {
    gateway,
    source,
    told: NOTHING_TOLD,
    marks: [],
    settled: NOTHING_TOLD,
    settledAt: null,
    words: NO_WORDS,
    tooLate: 0,
    position,
  };
  return new Map([[key, { ...withMark(rows.get(key) ?? none, mark, marksMax), position }]]);
}

/**
 * Incidents, source by source: opened by what people must act on, restored by the device's own word or a reset. They are the same
 * whatever the order of arrival, as long as no mark comes behind more than `marksMax` later ones of its source that are told already
 * (alarms pass a backlog, and new rows go beside it). Beyond that still holds what people act on: which points of which classes
 * stand open, and which do not. What may differ there is history: how often a point came and went and how many events that
 * were, which of the events gave an open incident its id and its time, and incidents that were over again are not told at all.
 */
export function incidentsWithin(marksMax: number): Projection<SourceIncidents> {
  return {
    name: 'incidents',
    version: 2,
    group: ({ gateway, source }) => JSON.stringify([gateway, source]),
    fold: (rows, entry) => fold(rows, entry, marksMax),
  };
}

export const incidents: Projection<SourceIncidents> = incidentsWithin(MARKS_MAX);

/** The incidents of a source, open ones first. */
export function incidentsOf({ told }: Pick<SourceIncidents, 'told'>): readonly Incident[] {
  return [...told.open.values(), ...told.closed];
}
