import { setImmediate } from 'node:timers/promises';
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
import { EarlierFlags } from './earlier-flags.ts';

/** One point as it stood when it last spoke, in this run of the gateway or in an earlier one that the journal tells of. */
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
  /** Which of its states stand since before this run: nobody has said in it that they still do, nor that they are over. */
  readonly statesBefore?: readonly State[];
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
  readonly #earlier = new EarlierFlags();
  /** What is to be heard once the earlier runs are, by what a later one of it takes the place of; null: they are. */
  #held: Map<string, () => void> | null = null;
  #recalled: Promise<void> = Promise.resolve();

  /** Resolves when what the journal tells of earlier runs is known: before that nothing here is true. */
  get recalled(): Promise<void> {
    return this.#recalled;
  }

  /** Hears the events of earlier runs, each run's in order, before all that is heard from now on. Never rejects where `reading` does not. */
  recall(reading: Promise<ReadonlyArray<readonly SiteEvent[]>>): Promise<void> {
    this.#held ??= new Map();
    this.#recalled = this.#recall(reading);
    return this.#recalled;
  }

  async #recall(reading: Promise<ReadonlyArray<readonly SiteEvent[]>>): Promise<void> {
    try {
      for (const run of await reading) {
        for (let from = 0; from < run.length; from += limits.RECALL_PIECE) {
          this.#hear(run.slice(from, from + limits.RECALL_PIECE));
          await setImmediate(); // a panel may wait
        }
        this.#earlier.begin(this.#points);
      }
    } finally {
      const held = this.#held ?? new Map<string, () => void>();
      this.#held = null;
      for (const hear of held.values()) hear();
    }
  }

  /** Events that became durable, in order. */
  hear(events: readonly SiteEvent[]): void {
    if (!this.#held) {
      this.#hear(events);
      return;
    }
    for (const event of events) {
      const { id, kind, source, part, measured } = event;
      this.#hold(kind === 'reading' ? `reading ${pointKey(source, part)} ${measured?.quantity}` : id, () => this.#hear([event]));
    }
  }

  /** In the order of the last word of each: what is measured meanwhile takes no more than its points do. */
  #hold(about: string, hear: () => void): void {
    this.#held?.delete(about);
    this.#held?.set(about, hear);
  }

  #hear(events: readonly SiteEvent[]): void {
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
    const asked = [...this.#points].filter(([, point]) => source === undefined || point.source === source);
    return asked.map(([key, point]) => {
      const statesBefore = this.#earlier.of(key);
      return statesBefore.length > 0 ? { ...point, statesBefore } : point;
    });
  }

  /** Whether an earlier run heard a kind begin at a point and nobody has ended it since; null: what earlier runs heard is not known yet. */
  stood(source: string, part: Part, kind: EventKind): boolean | null {
    const flags: readonly string[] = this.#earlier.of(pointKey(source, part));
    return this.#held ? null : flags.includes(kind);
  }

  /** What a point measures, also where that is no event: a reading that is no news yet. */
  measure(source: string, part: Part, measured: Measured, heardMs: number): void {
    const key = pointKey(source, part);
    if (this.#held) {
      this.#hold(`measured ${key}`, () => this.measure(source, part, measured, heardMs));
      return;
    }
    const known = this.#points.get(key) ?? { source, part, address: null, place: null, states: [], liveStates: [], text: null, said: null };
    const over = this.#earlier.measured(key, measured);
    const stands = (flag: State) => !over.includes(flag);
    const [states, liveStates] = [known.states.filter(stands), known.liveStates.filter(stands)];
    this.#put(key, { ...known, states, liveStates, measured, heardMs, receivedMs: heardMs });
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
    const said = event.states ?? flagsAfter((isTest ? known?.states : known?.liveStates) ?? [], event);
    const states = this.#earlier.beside(key, said, event, isTest);
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
    if (this.#points.size <= limits.SITE_POINTS_MAX) return;
    const [silent] = this.#points.keys();
    this.#points.delete(silent!);
    this.#earlier.forget(silent!);
  }

  #operated({ part, operations = [], kind, operatorNumber, time }: SiteEvent): void {
    const isDutyAnswer = kind === 'duty-answer';
    this.#operations.push({ part, operations, isDutyAnswer, operator: operatorNumber ?? null, atMs: time.ms });
    if (this.#operations.length > limits.OPERATIONS_KEPT) this.#operations.shift();
  }

  /** A panel that is reset takes back what latched on all its points. */
  #reset(event: SiteEvent): void {
    for (const [key, point] of this.#points) {
      if (point.source !== event.source || point.part.systemType !== event.part.systemType) continue;
      this.#points.set(key, { ...point, states: flagsAfter(point.states, event), liveStates: flagsAfter(point.liveStates, event) });
      this.#earlier.reset(key, event);
    }
  }
}
