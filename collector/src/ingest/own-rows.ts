import { type Batch, type Clock, LANES, laneOf, PROFILES, type Row, type SiteEvent } from '@fengsui/protocol';
import type { Numbering } from '../ledger/ledger.ts';

/** A gateway whose rows the collector itself numbers and writes. */
export interface OwnGateway {
  /** `cloud-…`: no certificate has such a name. */
  readonly gateway: string;
  readonly profile: string;
  /** Addresses in the frames, as of a user information transmission device and its centre. */
  readonly address: number;
  readonly centre: number;
  readonly zoneMinutes: number;
}

/** An event with the row it stands in. */
export interface Written {
  readonly event: SiteEvent;
  readonly row: Row;
}

/** An event that the profile cannot say. */
export interface Unwritten {
  readonly event: SiteEvent;
  readonly why: string;
}

export interface WrittenRows {
  readonly batches: ReadonlyArray<{ readonly batch: Batch; readonly written: readonly Written[] }>;
  readonly unwritten: readonly Unwritten[];
}

/** Numbers rows on from what the ledger holds and writes their frames. What was not appended leaves no trace: make another. */
export class OwnRows {
  readonly #own: OwnGateway;
  readonly #clock: Clock;
  readonly #epoch: number;
  readonly #boot: number;
  readonly #startedMs: number;
  readonly #numbers: { alarm: number; ordinary: number };
  #order: number;

  /** `startedMs`: monotonic, when this run of the gateway began; `boot` counts those runs. */
  constructor(own: OwnGateway, { epoch, order, numbers }: Numbering, boot: number, startedMs: number, clock: Clock) {
    this.#own = own;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#boot = boot;
    this.#startedMs = startedMs;
    this.#numbers = { ...numbers };
    this.#order = order;
  }

  /** A batch a lane, with the events of its rows, and the events that do not fit the profile: they take no number. */
  write(events: readonly SiteEvent[]): WrittenRows {
    const unwritten: Unwritten[] = [];
    const written = events.flatMap((event) => {
      try {
        return [{ event, row: this.#row(event) }];
      } catch (error) {
        unwritten.push({ event, why: (error as Error).message });
        return [];
      }
    });
    const { gateway, profile } = this.#own;
    const lanes = LANES.map((lane) => {
      const own = written.filter(({ event }) => laneOf(event) === lane);
      return { batch: { gateway, epoch: this.#epoch, lane, profile, rows: own.map(({ row }) => row) }, written: own };
    });
    return { batches: lanes.filter(({ written }) => written.length > 0), unwritten };
  }

  #row(event: SiteEvent): Row {
    const { profile, address, centre, zoneMinutes } = this.#own;
    const number = this.#numbers[laneOf(event)] + 1;
    const wallMs = Math.round(this.#clock.wallMs());
    const envelope = { serial: number % 65_536, source: address, destination: centre, sentMs: wallMs, zoneMinutes };
    const frame = PROFILES.get(profile)!.write(event, envelope);
    this.#numbers[laneOf(event)] = number;
    const monotonicMs = Math.max(0, Math.round(this.#clock.monotonicMs() - this.#startedMs));
    // The collector's clock is the one `committedMs` is of: there is no better here to compare it with.
    return { number, order: (this.#order += 1), boot: this.#boot, monotonicMs, wallMs, clockSynchronised: true, frame };
  }
}
