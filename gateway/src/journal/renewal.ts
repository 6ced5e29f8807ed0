import { type Holding, LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Cures } from './cures.ts';
import { isCredibleEpoch } from './epoch.ts';
import type { LaneFile } from './lane-file.ts';
import { type LaneFiles, otherLane } from './lane-files.ts';
import type { Older, Outranking } from './messages.ts';
import { RenewalRest } from './renewal-rest.ts';
import { Unfinished } from './unfinished.ts';

const ADVICE = 'See whether another gateway runs under this name and whether the collector is in order';

/**
 * Hears from the collector what nobody on site can know: that a number was given out before, or that it holds more than the journal ever
 * said. Then the whole folder was put back from a copy, its witness too, or a copy of it runs elsewhere. A new epoch begins, and what was
 * rejected for its number gets one of that epoch and waits again: it is another event, and the collector has it nowhere but in quarantine.
 * A collector that says so of every number is mistaken: epochs begin ever more rarely, and what it refuses meanwhile stays rejected.
 */
export class Renewal {
  readonly #files: LaneFiles;
  readonly #cures: Pick<Cures, 'tried'>;
  readonly #monotonicMs: () => number;
  /** For receipts. */
  readonly #rest = new RenewalRest();
  /** For what is held, by uplink: what one collector says wrongly must not keep another's word from being heeded. */
  readonly #rests = new Map<string, RenewalRest>();
  readonly #unfinished: Unfinished;

  constructor(files: LaneFiles, cures: Pick<Cures, 'tried'>, monotonicMs = () => performance.now()) {
    this.#files = files;
    this.#unfinished = new Unfinished(files.start.directory);
    this.#cures = cures;
    this.#monotonicMs = monotonicMs;
  }

  /** Gives a few rows of a lane other numbers; false when there are none. Throws what the disk says of that lane. */
  step(file: LaneFile): boolean {
    const rows = file.offers.taken(limits.CHORE_ROWS);
    const current = rows.filter(({ epoch }) => epoch === file.header.epoch);
    if (current.length > 0 && !this.#rest.isOver(this.#monotonicMs())) {
      file.offers.letStay(current);
      this.#files.findings.remark(
        'the collector says of numbers of an epoch that began just now that other rows have them: these rows stay rejected. ' +
          `${ADVICE}, then have them sent again`,
      );
      return true;
    }
    if (current.length > 0) this.#renew(file.lane);
    if (rows.length > 0) file.offers.renumber(rows);
    return rows.length > 0;
  }

  #renew(lane: Lane): void {
    const epoch = this.#files.epochAbove();
    this.#files.enter(lane, epoch);
    this.#follow(otherLane(lane), epoch);
    this.#rest.begin(this.#monotonicMs());
    this.#tell('the collector knows other rows under these numbers', epoch);
  }

  /**
   * Begins an epoch in both files where one could not follow the other into its own: it may be a file that gave numbers of that one before.
   * False when they agree, or still cannot.
   */
  reconcile(): boolean {
    if (!this.#files.areApart()) return false;
    const epoch = this.#files.epochAbove();
    return LANES.map((lane) => this.#follow(lane, epoch)).every((hasFollowed) => hasFollowed);
  }

  /** Takes a lane into an epoch; where it cannot follow, that is told with what ails its disk. */
  #follow(lane: Lane, epoch: number): boolean {
    try {
      this.#cures.tried(lane, () => this.#files.enter(lane, epoch));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Where the collector of an uplink holds a higher epoch, or numbers of ours that this journal did not give, a new epoch begins above all it
   * holds. What it has comes before that; what waits and it cannot have was said after it, and is to get numbers of the new epoch. Answers
   * what of it is left for another call. Throws what the disk says, after its cures; what was not done then is begun anew when that
   * collector is heard again.
   */
  outrank(told: Outranking): Older | null {
    if (told.older) return this.#supersede(told, told.older);
    const { epoch } = this.#cures.tried('alarm', () => this.#files.file('alarm').header);
    const series = told.series.filter((one) => one.epoch <= epoch || isCredibleEpoch(one.epoch, told.wallMs));
    if (series.length < told.series.length)
      this.#files.findings.remark(
        `the collector of ${told.uplink} holds an epoch that no gateway begins: that one is not believed. ${ADVICE}`,
      );
    const outranking = { ...told, series };
    const known = Math.max(0, ...series.map((one) => one.epoch));
    const isOutranked = known > epoch || LANES.some((lane) => this.#isBehind(lane, epoch, outranking));
    if (isOutranked) this.#rise(outranking, known, epoch);
    const older = this.#leftOf(told.uplink);
    return older && this.#supersede(outranking, older);
  }

  /** An epoch that both lanes have left behind, and that was not looked through to its end. */
  #leftOf(uplink: string): Older | null {
    const epoch = this.#unfinished.of(uplink);
    const isLeft = epoch !== null && LANES.every((lane) => this.#cures.tried(lane, () => this.#files.file(lane).header.epoch) > epoch);
    return isLeft ? { epoch, before: { alarm: Number.MAX_SAFE_INTEGER, ordinary: Number.MAX_SAFE_INTEGER } } : null;
  }

  #isBehind(lane: Lane, epoch: number, { series, sent }: Outranking): boolean {
    const highest = highestOf(series, lane, epoch);
    const run = { epoch, boot: this.#files.boot, sent: highestOf(sent, lane, epoch) };
    return this.#cures.tried(lane, () => {
      const { header, offers } = this.#files.file(lane);
      return highest > header.newest || offers.hasGiven(highest, run);
    });
  }

  /** Begins an epoch above one, unless it is too soon for it. */
  #rise({ uplink }: Outranking, known: number, epoch: number): void {
    const rest = this.#rests.get(uplink) ?? new RenewalRest();
    this.#rests.set(uplink, rest);
    if (!rest.isOver(this.#monotonicMs())) {
      this.#files.findings.remark(
        `the collector of ${uplink} again holds more than this journal, soon after a new epoch: none begins now. ${ADVICE}`,
      );
      return;
    }
    const fresh = this.#files.epochAbove(known);
    this.#unfinished.begun(uplink, epoch);
    for (const lane of LANES) this.#cures.tried(lane, () => this.#files.enter(lane, fresh));
    rest.begin(this.#monotonicMs());
    this.#tell(`the collector of ${uplink} holds more of this gateway than its journal, which was put back from a copy`, fresh);
  }

  /** Holds back for other numbers what the collector cannot have, a piece of each lane. Answers what is left. */
  #supersede({ uplink, series, sent, wallMs }: Outranking, { epoch, before }: Older): Older | null {
    const [alarm, ordinary] = LANES.map((lane) => {
      const ours = highestOf(sent, lane, epoch);
      const floor = Math.max(highestOf(series, lane, epoch), ours);
      const which = { uplink, epoch, floor, boot: this.#files.boot, sent: ours, before: before[lane] };
      return this.#cures.tried(lane, () => this.#files.file(lane).offers.supersede(which, wallMs));
    }) as [number, number];
    if (alarm + ordinary > 0) return { epoch, before: { alarm, ordinary } };
    this.#unfinished.done(uplink, epoch);
    return this.#leftOf(uplink);
  }

  #tell(why: string, epoch: number): void {
    this.#files.findings.remark(`${why}: a new epoch begins, ${epoch}`);
  }
}

const highestOf = (series: readonly Holding[], lane: Lane, epoch: number): number =>
  Math.max(0, ...series.filter((one) => one.epoch === epoch && one.lane === lane).map(({ highest }) => highest));
