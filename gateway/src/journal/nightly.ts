import type { Lane } from '@fengsui/protocol';
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
  readonly #scrubs = new Map<Lane, Scrub>();
  #rows = 0;
  #remembered = 0;

  constructor(files: LaneFiles) {
    this.#files = files;
  }

  /** What time it is, told now and then. */
  hear(moment: Moment): void {
    this.#moment = moment;
    this.#lastMs ??= moment.monotonicMs - DAY_MS + FIRST_AFTER_MS;
    if (this.#scrubs.size > 0 || !this.#isDue(moment, this.#lastMs)) return;
    this.#lastMs = moment.monotonicMs;
    this.#rows = 0;
    this.#remembered = 0;
    for (const lane of ['alarm', 'ordinary'] as const) this.#scrubs.set(lane, new Scrub(this.#files.file(lane)));
  }

  #isDue({ wallMs, monotonicMs }: Moment, lastMs: number): boolean {
    const hour = new Date(wallMs + this.#files.start.zoneMinutes * 60_000).getUTCHours();
    return monotonicMs - lastMs >= DAY_MS || (hour === HOUR_OF_NIGHT && monotonicMs - lastMs >= DAY_MS / 2);
  }

  /** Reads a little of a lane; false when there is nothing to read. */
  step(lane: Lane): boolean {
    const scrub = this.#scrubs.get(lane);
    if (!scrub) return false;
    if (scrub.isOf(this.#files.file(lane)) && !scrub.step()) return true;
    this.#rows += scrub.rows;
    this.#remembered += scrub.remembered;
    this.#scrubs.delete(lane);
    const endedMs = this.#moment!.wallMs;
    if (scrub.remembered > 0)
      this.#files.findings.remark(
        `${lane}: ${scrub.remembered} rows waited for nobody until ${new Date(endedMs).toISOString()}, and are owed to every uplink now`,
      );
    if (this.#scrubs.size === 0) this.#files.findings.scrubbed = { endedMs, rows: this.#rows, remembered: this.#remembered };
    return true;
  }
}
