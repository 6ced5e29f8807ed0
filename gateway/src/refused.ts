import type { Clock, SiteEvent } from '@fengsui/protocol';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';

interface Kept {
  readonly ids: readonly string[];
  readonly refusedMs: number;
}

/**
 * Knows again what was offered to the journal and refused. A part of it may be durable all the same: a lane of its own disk, or a
 * commit whose answer never came. When the device says it again its events get the ids they had, so that the journal finds them.
 */
export class Refused {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what was refused, and under which ids. */
  note(heard: Heard, events: readonly SiteEvent[]): void {
    const key = keyOf(heard);
    this.#kept.delete(key);
    this.#kept.set(key, { ids: events.map(({ id }) => id), refusedMs: this.#clock.monotonicMs() });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= limits.REFUSED_KEPT) return;
      this.#kept.delete(oldest);
    }
  }

  /** The events of something heard under the ids they were refused with; null where it was not refused lately. */
  again(heard: Heard, events: readonly SiteEvent[]): SiteEvent[] | null {
    const kept = this.#kept.get(keyOf(heard));
    if (kept?.ids.length !== events.length || this.#clock.monotonicMs() - kept.refusedMs > limits.REFUSED_KEPT_MS) return null;
    return events.map((event, index) => ({ ...event, id: kept.ids[index]! }));
  }

  /** What was heard is durable: the next one of its kind is another. */
  forget(heard: Heard): void {
    if (this.#kept.size > 0) this.#kept.delete(keyOf(heard));
  }
}

/** A device repeats its bytes; where there are none, its words. When they came is not part of them. */
function keyOf({ device, observations, packet }: Heard): string {
  return `${device} ${packet === null ? JSON.stringify(observations) : Buffer.from(packet).toString('base64')}`;
}
