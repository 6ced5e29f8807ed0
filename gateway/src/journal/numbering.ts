import { LANES, type Lane, type Profile } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import type { Cures } from './cures.ts';
import type { LaneFiles } from './lane-files.ts';
import type { Moment, WorkerStart } from './messages.ts';
import { pointOf } from './point.ts';
import type { NewRow } from './row.ts';
import { THINNABLE } from './thinnable.ts';
import { toldOf } from './trouble.ts';
import { isOpen, type Slot, type Work } from './work.ts';

/** Numbers given out and not yet committed. */
interface Counts {
  order: number;
  readonly newest: Record<Lane, number>;
}

/** Makes numbered rows of events. */
export class Numbering {
  readonly #files: LaneFiles;
  readonly #cures: Cures;
  readonly #start: WorkerStart;
  readonly #profile: Profile;

  constructor(files: LaneFiles, cures: Cures, profile: Profile) {
    this.#profile = profile;
    this.#files = files;
    this.#cures = cures;
    this.#start = files.start;
  }

  /** Gives every event that is not yet written its number and its frame. An event that no frame can carry refuses its own append alone. */
  number({ staged, failed }: Work): void {
    const isShort = this.#isShort(failed); // it may open a file, and begin an epoch
    let counts = this.#counts(failed);
    for (const append of staged) {
      if (append.refusal) continue;
      const trial: Counts = { order: counts.order, newest: { ...counts.newest } };
      try {
        for (const slot of append.slots.filter((each) => isOpen(each, failed)))
          this.#numberSlot(slot, append.question.moment, trial, isShort);
        counts = trial;
      } catch (error) {
        append.refusal = toldOf(fail('event-unencodable', (error as Error).message, error));
      }
    }
  }

  /** Whether the ordinary lane takes no readings. That this cannot be told is a failure of that lane alone. */
  #isShort(failed: Work['failed']): boolean {
    try {
      return !failed.has('ordinary') && this.#cures.tried('ordinary', () => this.#files.door.isShut());
    } catch (error) {
      failed.set('ordinary', toldOf(error));
      return false;
    }
  }

  #numberSlot(slot: Slot, moment: Moment, counts: Counts, isShort: boolean): void {
    slot.isTurnedAway = isShort && slot.lane === 'ordinary' && THINNABLE.has(slot.event.kind);
    if (slot.isTurnedAway) this.#files.door.turnAway(1);
    slot.row = slot.isTurnedAway ? null : this.#row(slot, moment, counts);
  }

  /** A lane whose file cannot be opened fails alone. Opening one may begin an epoch in both: nothing is read before. */
  #counts(failed: Work['failed']): Counts {
    for (const lane of LANES) {
      try {
        this.#cures.tried(lane, () => this.#files.file(lane));
      } catch (error) {
        failed.set(lane, toldOf(error));
      }
    }
    const newest: Record<Lane, number> = { alarm: 0, ordinary: 0 };
    for (const { lane, header } of this.#files.opened()) newest[lane] = header.newest;
    return { order: this.#files.newestOrder(), newest };
  }

  #row({ event, lane }: Slot, { wallMs, monotonicMs, synchronised }: Moment, counts: Counts): NewRow {
    const number = ++counts.newest[lane];
    const { source, destination, zoneMinutes } = this.#start;
    const frame = this.#profile.write(event, { serial: number % 65_536, source, destination, sentMs: wallMs, zoneMinutes });
    return {
      epoch: this.#files.file(lane).header.epoch,
      number,
      ordinal: ++counts.order,
      boot: this.#files.boot,
      monotonic_ms: Math.round(monotonicMs),
      wall_ms: Math.round(wallMs),
      clock_synchronised: synchronised ? 1 : 0,
      event_id: event.id,
      kind: event.kind,
      edge: event.edge,
      source: event.source,
      note: event.note ?? null,
      point: pointOf(event),
      profile: this.#profile.name,
      frame,
    };
  }
}
