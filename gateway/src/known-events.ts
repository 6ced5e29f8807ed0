import { type Clock, Failure, type SiteEvent } from '@fengsui/protocol';
import { pointOf } from './journal/point.ts';
import { KNOWN_FOR_MS, KNOWN_ROWS } from './limits.ts';
import type { Log } from './supervision.ts';

interface KnownRow {
  readonly eventId: string;
  readonly wallMs: number;
  /** Place of the row in the count over both lanes. */
  readonly ordinal: number;
  readonly source: string;
  readonly kind: string;
  readonly edge: string;
  readonly point: string | null;
}

export interface KnownOptions {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly newEventId: () => string;
  /** Takes the copies: nobody is told them again, but they say how the site stands. */
  readonly onCopies: (copies: readonly SiteEvent[]) => void;
}

interface KnowsRows {
  newestRows(rowsMax: number): Promise<readonly KnownRow[]>;
}

/** Counts what became no event. */
interface Counters {
  count(why: 'repeat', atMs: number): void;
}

/**
 * The events that runs before this one made durable. A device or a cloud that had no answer says a thing again after a restart;
 * where what it says has an identity of its own, the copy makes the same event ids, and those are not written twice. Where a copy
 * cannot be one (the source was reset since, what it said is over, or hours have passed) the same words are a new event: a fire told
 * twice is better than one that is lost.
 */
export class KnownEvents {
  readonly #wallMs = new Map<string, number>();
  /** What may still be told again, and would be a copy then. */
  readonly #rows = new Map<string, KnownRow>();

  readonly #options: KnownOptions | null;

  constructor(rows: readonly KnownRow[] = [], options: KnownOptions | null = null) {
    this.#options = options;
    for (const row of [...rows].sort((a, b) => a.ordinal - b.ordinal)) {
      this.#wallMs.set(row.eventId, row.wallMs);
      this.#forget(row, row.point);
      this.#rows.set(row.eventId, row);
    }
  }

  /** Those a journal still holds. Where it cannot tell, none: an event told twice is better than a gateway that does not start. */
  static async of(journal: KnowsRows, options: KnownOptions & { readonly log: Log }): Promise<KnownEvents> {
    try {
      return new KnownEvents(await journal.newestRows(KNOWN_ROWS), options);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      options.log.warn({ code: error.code }, `what was said before is not known, it may be told twice: ${error.message}`);
      return new KnownEvents([], options);
    }
  }

  /** Whether an earlier run wrote this event, not before a time. */
  since(eventId: string, wallMs: number): boolean {
    const writtenMs = this.#wallMs.get(eventId);
    return writtenMs !== undefined && writtenMs >= wallMs;
  }

  /** Those that are no copies, which are counted. What has the id of another without being a copy of it gets an id of its own. */
  news(events: readonly SiteEvent[], counters: Counters): readonly SiteEvent[] {
    if (this.#wallMs.size === 0 || !this.#options) return events;
    const { clock, newEventId, onCopies } = this.#options;
    const nowMs = clock.wallMs();
    return events.flatMap((event) => {
      if (this.#isCopy(event.id, nowMs)) {
        counters.count('repeat', nowMs);
        onCopies([event]);
        return [];
      }
      this.#forget(event, pointOf(event));
      return this.#wallMs.has(event.id) ? { ...event, id: newEventId() } : event;
    });
  }

  #isCopy(id: string, nowMs: number): boolean {
    const row = this.#rows.get(id);
    return row !== undefined && Math.abs(nowMs - row.wallMs) <= KNOWN_FOR_MS;
  }

  /** After a reset of its source, or the end of what it said, the same words mean something new. */
  #forget({ source, kind, edge }: Pick<KnownRow, 'source' | 'kind' | 'edge'>, point: string | null): void {
    if (kind !== 'reset' && edge !== 'ended') return;
    for (const [id, row] of this.#rows)
      if (row.source === source && (kind === 'reset' || (row.kind === kind && row.point === point && row.edge !== 'ended')))
        this.#rows.delete(id);
  }
}
