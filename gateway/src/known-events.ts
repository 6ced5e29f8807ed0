import type { SiteEvent } from '@fengsui/protocol';
import { KNOWN_ROWS } from './limits.ts';

interface KnownRow {
  readonly eventId: string;
  readonly wallMs: number;
}

/**
 * The events that runs before this one made durable. A device or a cloud that had no answer says a thing again after a restart;
 * where what it says has an identity of its own, the copy makes the same event ids, and those are not written twice.
 */
export class KnownEvents {
  readonly #wallMs: ReadonlyMap<string, number>;

  constructor(rows: readonly KnownRow[] = []) {
    this.#wallMs = new Map(rows.map(({ eventId, wallMs }) => [eventId, wallMs]));
  }

  /** Those a journal still holds. */
  static async of(journal: { newestRows(rowsMax: number): Promise<readonly KnownRow[]> }): Promise<KnownEvents> {
    return new KnownEvents(await journal.newestRows(KNOWN_ROWS));
  }

  /** Whether an earlier run wrote this event, not before a time. */
  since(eventId: string, wallMs: number): boolean {
    const writtenMs = this.#wallMs.get(eventId);
    return writtenMs !== undefined && writtenMs >= wallMs;
  }

  /** Those that no earlier run wrote. */
  fresh(events: readonly SiteEvent[]): readonly SiteEvent[] {
    return this.#wallMs.size === 0 ? events : events.filter(({ id }) => !this.#wallMs.has(id));
  }
}
