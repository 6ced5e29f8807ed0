import { LANES, type Lane } from '@fengsui/protocol';
import type { LaneFiles } from './lane-files.ts';
import type { Moment } from './messages.ts';
import { Scrub } from './scrub.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The hour of the night, by the clock of the site, when little happens. */
const HOUR_OF_NIGHT = 3;
/** A box that is new, was repaired or was off for a while reads its journal soon after its start. */
const FIRST_AFTER_MS = HOUR_MS;

/** Reads everything through once a night. */
export class Nightly {
  readonly #files: LaneFiles;
  #moment: Moment | null = null;
  #lastMs: number | null = null;
  /** Lanes that are due; null: not begun. */
  readonly #scrubs = new Map<Lane, Scrub | null>();
  /** What was read of each lane when it last was. */
  readonly #read = new Map<Lane, Pick<Scrub, 'rows' | 'remembered'>>();

  constructor(files: LaneFiles) {
    this.#files = files;
  }

  /** What time it is, told now and then. Only notes what is due: a file that cannot be opened is the matter of its own lane's chores. */
  hear(moment: Moment): void {
    this.#moment = moment;
    this.#lastMs ??= moment.monotonicMs - DAY_MS + FIRST_AFTER_MS;
    if (!this.#isDue(moment, this.#lastMs)) return;
    this.#lastMs = moment.monotonicMs;
    for (const lane of LANES) this.#scrubs.set(lane, this.#scrubs.get(lane) ?? null);
  }

  #isDue({ wallMs, monotonicMs }: Moment, lastMs: number): boolean {
    const hour = new Date(wallMs + this.#files.start.zoneMinutes * 60_000).getUTCHours();
    return monotonicMs - lastMs >= DAY_MS || (hour === HOUR_OF_NIGHT && monotonicMs - lastMs >= DAY_MS / 2);
  }

  /** Reads a little of a lane; false when there is nothing to read. Throws what the disk says. */
  step(lane: Lane): boolean {
    if (!this.#scrubs.has(lane)) return false;
    const file = this.#files.file(lane);
    const scrub = this.#scrubs.get(lane) ?? new Scrub(file);
    this.#scrubs.set(lane, scrub);
    if (scrub.isOf(file) && !scrub.step()) return true;
    this.#scrubs.delete(lane);
    this.#read.set(lane, scrub);
    this.#tell(lane, scrub);
    return true;
  }

  #tell(lane: Lane, scrub: Scrub): void {
    const endedMs = this.#moment!.wallMs;
    if (scrub.remembered > 0)
      this.#files.findings.remark(
        `${lane}: ${scrub.remembered} rows waited for nobody until ${new Date(endedMs).toISOString()}, and are owed to every uplink now`,
      );
    if (this.#scrubs.size > 0) return;
    const sum = (what: 'rows' | 'remembered') => [...this.#read.values()].reduce((rows, read) => rows + read[what], 0);
    this.#files.findings.scrubbed = { endedMs, rows: sum('rows'), remembered: sum('remembered') };
  }
}
