import type { SiteEvent } from '@fengsui/protocol';
import type { Entry } from '../ledger/ledger.ts';
import { isLater, type Order } from '../order.ts';
import { pointOf } from '../point.ts';
import type { Projection, Rows } from '../projections/projection.ts';
import type { Incident, Mark } from './incident.ts';
import { after, matters, NOTHING_TOLD, type Told } from './replay.ts';

/** Marks of one source that a late one may still come before; a lane delivers in order, so lateness is short. */
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
  /** Marks that came too late to be told; the ledger has them. */
  readonly tooLate: number;
  readonly position: number;
}

function markOf({ epoch, ordinal, position, event }: Entry): Mark {
  const { id, kind, edge, time, source, part, address, place, text, test, states, operations } = event;
  const kept = { address, place, text, test, states, operations };
  const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as Partial<SiteEvent>;
  return { at: { epoch, ordinal }, position, point: pointOf(event), event: { id, kind, edge, time, source, part, ...known } };
}

function replayed(settled: Told, marks: readonly Mark[], gateway: string): Told {
  return marks.reduce((told, mark) => after(told, mark, gateway), settled);
}

/** Lets go of the older half of the marks once there are too many. */
function bounded(row: SourceIncidents): SourceIncidents {
  if (row.marks.length <= MARKS_MAX) return row;
  const gone = row.marks.slice(0, MARKS_MAX / 2);
  const settledAt = gone.at(-1)?.at ?? row.settledAt;
  return { ...row, marks: row.marks.slice(gone.length), settled: replayed(row.settled, gone, row.gateway), settledAt };
}

function withMark(row: SourceIncidents, mark: Mark): SourceIncidents {
  if (!isLater(mark.at, row.settledAt)) return { ...row, tooLate: row.tooLate + 1 };
  if (isLater(mark.at, row.marks.at(-1)?.at)) {
    return bounded({ ...row, marks: [...row.marks, mark], told: after(row.told, mark, row.gateway) });
  }
  const index = row.marks.findIndex(({ at }) => !isLater(mark.at, at));
  const marks = row.marks.toSpliced(index, 0, mark);
  return bounded({ ...row, marks, told: replayed(row.settled, marks, row.gateway) });
}

function fold(rows: Rows<SourceIncidents>, entry: Entry): ReadonlyMap<string, SourceIncidents> {
  const mark = markOf(entry);
  if (!matters(mark)) return new Map();
  const { gateway, position } = entry;
  const { source } = entry.event;
  const key = JSON.stringify([gateway, source]);
  const none = { gateway, source, told: NOTHING_TOLD, marks: [], settled: NOTHING_TOLD, settledAt: null, tooLate: 0, position };
  return new Map([[key, { ...withMark(rows.get(key) ?? none, mark), position }]]);
}

/** Incidents, source by source: opened by what people must act on, restored by the device's own word or a reset. */
export const incidents: Projection<SourceIncidents> = {
  name: 'incidents',
  version: 1,
  group: ({ gateway, source }) => JSON.stringify([gateway, source]),
  fold,
};

/** The incidents of a source, open ones first. */
export function incidentsOf({ told }: Pick<SourceIncidents, 'told'>): readonly Incident[] {
  return [...told.open.values(), ...told.closed];
}
