import {
  type DeviceAddress,
  type Edge,
  type EventKind,
  flagsAfter,
  type Measured,
  type Operation,
  type Part,
  type SiteEvent,
  type State,
} from '@fengsui/protocol';
import * as limits from '../limits.ts';

/** One point as it stood when it last spoke since the gateway started. */
export interface PointState {
  readonly source: string;
  readonly part: Part;
  /** How the device itself counts; null where it did not say. */
  readonly address: DeviceAddress | null;
  readonly place: string | null;
  readonly states: readonly State[];
  /** The same without what was said of it in tests. */
  readonly liveStates: readonly State[];
  readonly measured: Measured | null;
  /** Milliseconds since 1970-01-01 UTC: when it last said anything, and by the device's own clock where it gave one. */
  readonly heardMs: number;
  /** When the gateway heard that, by its own clock. */
  readonly receivedMs: number;
  readonly text: string | null;
  /** Its last word; null where it has only measured so far. */
  readonly said: { readonly kind: EventKind; readonly edge: Edge; readonly isTest: boolean } | null;
}

/** Which point of a site an event is about. */
export function pointKey(source: string, { systemType, systemAddress, component }: Part): string {
  return `${source} ${systemType}.${systemAddress}.${component?.type ?? ''}.${component?.address ?? ''}`;
}

/** Something a person did, at a facility or at the gateway. */
export interface OperationRecord {
  readonly part: Part;
  readonly operations: readonly Operation[];
  readonly isDutyAnswer: boolean;
  /** 操作员编号. */
  readonly operator: number | null;
  readonly atMs: number;
}

/** What the points of the site said last, for those who ask. Bounded: beyond the limit the point that was silent longest is forgotten. */
export class SiteState {
  readonly #points = new Map<string, PointState>();
  readonly #operations: OperationRecord[] = [];
  /** How far the clock of a system was ahead of ours when it last told its time. */
  readonly #aheadMs = new Map<string, number>();

  /** Events that became durable, in order. */
  hear(events: readonly SiteEvent[]): void {
    for (const event of events) {
      if (event.operations || event.kind === 'duty-answer') this.#operated(event);
      if (event.kind !== 'gateway' && event.kind !== 'duty-answer') this.#fold(event);
    }
  }

  /** What was done at the facilities or at the gateway itself, the latest first. */
  operations(where: 'facility' | 'gateway'): OperationRecord[] {
    return this.#operations.filter(({ isDutyAnswer }) => isDutyAnswer === (where === 'gateway')).reverse();
  }

  /** null: it never told its time. */
  clockAhead(systemType: number, systemAddress: number): number | null {
    return this.#aheadMs.get(`${systemType} ${systemAddress}`) ?? null;
  }

  /** Of one source, or of all. */
  points(source?: string): PointState[] {
    return [...this.#points.values()].filter((point) => source === undefined || point.source === source);
  }

  /** What a point measures, also where that is no event: a reading that is no news yet. */
  measure(source: string, part: Part, measured: Measured, heardMs: number): void {
    const key = pointKey(source, part);
    const known = this.#points.get(key) ?? { source, part, address: null, place: null, states: [], liveStates: [], text: null, said: null };
    this.#put(key, { ...known, measured, heardMs, receivedMs: heardMs });
  }

  #fold(event: SiteEvent): void {
    const { source, part, address, place, text, measured, time, kind, edge, test } = event;
    if (event.kind === 'reset') this.#reset(event);
    if (time.source === 'panel' && event.receivedMs !== undefined)
      this.#aheadMs.set(`${part.systemType} ${part.systemAddress}`, time.ms - event.receivedMs);
    const key = pointKey(source, part);
    const known = this.#points.get(key);
    const isTest = kind === 'test' || (test?.length ?? 0) > 0;
    // A fire that was a test is over where something live is said: its flag must not go on beside that.
    const states = event.states ?? flagsAfter((isTest ? known?.states : known?.liveStates) ?? [], event);
    this.#put(key, {
      source,
      part,
      address: address ?? known?.address ?? null,
      place: place ?? known?.place ?? null,
      states,
      liveStates: isTest ? (known?.liveStates ?? []) : states,
      measured: measured ?? known?.measured ?? null,
      heardMs: time.ms,
      receivedMs: event.receivedMs ?? time.ms,
      text: text ?? known?.text ?? null,
      said: kind === 'reading' && known ? known.said : { kind, edge, isTest },
    });
  }

  #put(key: string, point: PointState): void {
    this.#points.delete(key); // at the end again: the order is that of the last word
    this.#points.set(key, point);
    if (this.#points.size > limits.SITE_POINTS_MAX) this.#points.delete(this.#points.keys().next().value!);
  }

  #operated({ part, operations = [], kind, operatorNumber, time }: SiteEvent): void {
    const isDutyAnswer = kind === 'duty-answer';
    this.#operations.push({ part, operations, isDutyAnswer, operator: operatorNumber ?? null, atMs: time.ms });
    if (this.#operations.length > limits.OPERATIONS_KEPT) this.#operations.shift();
  }

  /** A panel that is reset takes back what latched on all its points. */
  #reset(event: SiteEvent): void {
    for (const [key, point] of this.#points)
      if (point.source === event.source && point.part.systemType === event.part.systemType)
        this.#points.set(key, { ...point, states: flagsAfter(point.states, event), liveStates: flagsAfter(point.liveStates, event) });
  }
}
