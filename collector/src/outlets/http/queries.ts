import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Entry, Ledger } from '../../ledger/ledger.ts';
import type { EntryShown } from './schemas.ts';

/** Rows of one answer. */
export const ROWS_MAX = 10_000;
const EVENTS_MAX = 1_000;
/** Entries looked through for one answer; `next` says where to go on. */
const LOOKED_THROUGH_MAX = 20_000;
const LEDGER_PAGE = 1_000;

const max = Type.Optional(Type.Integer({ minimum: 1, maximum: ROWS_MAX }));
const gateway = Type.Optional(Type.String({ maxLength: 64 }));
const source = Type.Optional(Type.String({ maxLength: 256 }));
const state = Type.Optional(Type.Unsafe<'open' | 'restored'>({ type: 'string', enum: ['open', 'restored'] }));
const after = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'only behind this position in the ledger; absent: the last ones',
  }),
);

export const IncidentQuery = Type.Object({ state, max });
export const DeviceQuery = Type.Object({ gateway, source, max });
export const EventQuery = Type.Object({ after, max: Type.Optional(Type.Integer({ minimum: 1, maximum: EVENTS_MAX })), gateway, source });

export const OrderQuery = Type.Object({ gateway, max: Type.Optional(Type.Integer({ minimum: 1, maximum: EVENTS_MAX })) });

/** Checks again what the framework let through: validation has been bypassed before (reliability T23). */
export function checked<S extends TSchema>(schema: S, value: Static<S>): Static<S> {
  if (!Value.Check(schema, value)) throw Object.assign(new Error('the query does not fit its schema'), { statusCode: 400 });
  return value;
}

export interface Found {
  readonly entries: readonly Entry[];
  /** Everything up to here was looked at. */
  readonly next: number;
}

/** At most `count` entries behind a position that match. */
export async function find(ledger: Ledger, from: number, count: number, matches: (entry: Entry) => boolean): Promise<Found> {
  const entries: Entry[] = [];
  let next = from;
  for (let looked = 0; looked < LOOKED_THROUGH_MAX; ) {
    const page = await ledger.after(next, LEDGER_PAGE);
    if (page.length === 0) break;
    looked += page.length;
    for (const entry of page) {
      if (matches(entry)) entries.push(entry);
      next = entry.position;
      if (entries.length === count) return { entries, next };
    }
  }
  return { entries, next };
}

/** What of an entry is shown: what only the ledger needs stays there. */
export function shownEntry(entry: Entry): EntryShown {
  const { position: at, epoch, lane, number, ordinal, clockSynchronised, committedMs, event } = entry;
  return { position: at, gateway: entry.gateway, epoch, lane, number, ordinal, clockSynchronised, committedMs, event };
}
