import { flagsAfter, type Measured, type Part, type SiteEvent, type State } from '@fengsui/protocol';
import * as limits from '../limits.ts';

/** One point as it stood when it last spoke since the gateway started. */
export interface PointState {
  readonly source: string;
  readonly part: Part;
  readonly place: string | null;
  readonly states: readonly State[];
  readonly measured: Measured | null;
  /** Milliseconds since 1970-01-01 UTC: when it last said anything, and by the device's own clock where it gave one. */
  readonly heardMs: number;
  readonly text: string | null;
}

/** What the points of the site said last, for those who ask. Bounded: beyond the limit the point that was silent longest is forgotten. */
export class SiteState {
  readonly #points = new Map<string, PointState>();

  /** Events that became durable, in order. */
  hear(events: readonly SiteEvent[]): void {
    for (const event of events) if (event.kind !== 'gateway' && event.kind !== 'duty-answer') this.#fold(event);
  }

  /** Of one source, or of all. */
  points(source?: string): PointState[] {
    return [...this.#points.values()].filter((point) => source === undefined || point.source === source);
  }

  #fold(event: SiteEvent): void {
    const { source, part, place, text, measured, time } = event;
    if (event.kind === 'reset') this.#reset(event);
    const key = `${source} ${part.systemType}.${part.systemAddress}.${part.component?.type ?? ''}.${part.component?.address ?? ''}`;
    const known = this.#points.get(key);
    this.#points.delete(key); // at the end again: the order is that of the last word
    this.#points.set(key, {
      source,
      part,
      place: place ?? known?.place ?? null,
      states: event.states ?? flagsAfter(known?.states ?? [], event),
      measured: measured ?? known?.measured ?? null,
      heardMs: time.ms,
      text: text ?? known?.text ?? null,
    });
    if (this.#points.size > limits.SITE_POINTS_MAX) this.#points.delete(this.#points.keys().next().value!);
  }

  /** A panel that is reset takes back what latched on all its points. */
  #reset(event: SiteEvent): void {
    for (const [key, point] of this.#points)
      if (point.source === event.source && point.part.systemType === event.part.systemType)
        this.#points.set(key, { ...point, states: flagsAfter(point.states, event) });
  }
}
