import { type Holding, LANES, type Lane, NUMBER_TAKEN } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { isCredibleEpoch } from './epoch.ts';
import type { LaneFile } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';
import type { Outranking } from './messages.ts';
import type { Superseding } from './offers.ts';
import { RenewalRest } from './renewal-rest.ts';

/** Rows given other numbers in one step. */
const ROWS_A_STEP = 64;

/**
 * Hears from the collector what nobody on site can know: that a number was given out before, or that it holds more than the journal ever
 * said. Then the whole folder was put back from a copy, its witness too, or a copy of it runs elsewhere. A new epoch begins, and what was
 * rejected for its number gets one of that epoch and waits again: it is another event, and the collector has it nowhere but in quarantine.
 * A collector that says so of every number is mistaken: epochs begin ever more rarely, and what it refuses meanwhile stays rejected.
 */
export class Renewal {
  readonly #files: LaneFiles;
  readonly #monotonicMs: () => number;
  /** For receipts. */
  readonly #rest = new RenewalRest();
  /** For what is held, by uplink: what one collector says wrongly must not keep another's word from being heeded. */
  readonly #rests = new Map<string, RenewalRest>();

  constructor(files: LaneFiles, monotonicMs = () => performance.now()) {
    this.#files = files;
    this.#monotonicMs = monotonicMs;
  }

  /** Gives a few rows of a lane other numbers; false when there are none. */
  step(file: LaneFile): boolean {
    const rows = file.offers.taken(ROWS_A_STEP);
    const current = rows.filter(({ epoch }) => epoch === file.header.epoch);
    if (current.length > 0 && !this.#rest.isOver(this.#monotonicMs())) {
      file.offers.letStay(current);
      this.#files.findings.remark(
        'the collector says of numbers of an epoch that began just now that other rows have them: these rows stay rejected. ' +
          'See whether another gateway runs under this name and whether the collector is in order, then have them sent again',
      );
      return true;
    }
    if (current.length > 0) this.#files.renew('the collector knows other rows under these numbers');
    const order = this.#files.newestOrder();
    const orders = rows.map((_, index) => order + 1 + index);
    if (rows.length > 0) file.offers.renumber(rows, orders);
    return rows.length > 0;
  }

  /**
   * Where the collector of an uplink holds a higher epoch, or numbers of ours that this journal did not give, a new epoch begins above all it
   * holds. What it has comes before that; what waits and it cannot have was said after it, and gets numbers of the new epoch.
   */
  outrank(told: Outranking): void {
    const series = told.series.filter((one) => isCredibleEpoch(one.epoch));
    if (series.length < told.series.length)
      this.#files.findings.remark(`the collector of ${told.uplink} holds an epoch that no gateway begins: that one is not believed`);
    const outranking = { ...told, series };
    const known = Math.max(0, ...series.map(({ epoch }) => epoch));
    const { epoch } = this.#files.file('alarm').header;
    if (known > epoch || LANES.some((lane) => this.#isBehind(lane, epoch, outranking))) this.#rise(outranking, known, epoch);
  }

  #isBehind(lane: Lane, epoch: number, { series, sent }: Outranking): boolean {
    const file = this.#files.file(lane);
    const highest = highestOf(series, lane, epoch);
    return (
      highest > file.header.newest || file.offers.hasGiven(highest, { epoch, boot: this.#files.boot, sent: highestOf(sent, lane, epoch) })
    );
  }

  #rise({ uplink, series, sent, wallMs }: Outranking, known: number, epoch: number): void {
    const rest = this.#rests.get(uplink) ?? new RenewalRest();
    this.#rests.set(uplink, rest);
    if (!rest.isOver(this.#monotonicMs())) {
      this.#files.findings.remark(
        `the collector of ${uplink} again holds more than this journal, soon after a new epoch: none begins now. ` +
          'See whether another gateway runs under this name and whether the collector is in order',
      );
      return;
    }
    this.#files.renew(`the collector of ${uplink} holds more of this gateway than its journal, which was put back from a copy`, known);
    const which = { uplink, epoch, boot: this.#files.boot, rowsMax: limits.SUPERSEDED_ROWS_MAX };
    for (const lane of LANES) {
      const ours = highestOf(sent, lane, epoch);
      const floor = Math.max(highestOf(series, lane, epoch), ours);
      supersede(this.#files.file(lane), { ...which, floor, sent: ours }, wallMs);
    }
    this.#renumber(which.rowsMax);
  }

  /** Over both lanes at once, so that what came first still does. */
  #renumber(rowsMax: number): void {
    const taken = LANES.map((lane) => ({ file: this.#files.file(lane), rows: this.#files.file(lane).offers.taken(rowsMax) }));
    const sorted = taken.flatMap(({ rows }) => rows.map(({ ordinal }) => ordinal)).sort((one, other) => one - other);
    const newest = this.#files.newestOrder();
    const orders = new Map(sorted.map((ordinal, index) => [ordinal, newest + 1 + index]));
    for (const { file, rows } of taken) {
      const ours = rows.map(({ ordinal }) => orders.get(ordinal)!);
      if (rows.length > 0) file.offers.renumber(rows, ours);
    }
  }
}

/** Counts rows that a collector cannot have as rejected for their number: then they can be given others. */
function supersede(file: LaneFile, which: Superseding, wallMs: number): void {
  const { uplink, epoch } = which;
  const reason = `${NUMBER_TAKEN}, or a higher one: the journal was put back from a copy`;
  const rejected = file.offers.above(which).map((number) => ({ number, reason }));
  const receipt = { gateway: '', epoch, lane: file.lane, accepted: [], rejected };
  if (rejected.length > 0) file.commit([], [{ uplink, receipt, wallMs }], {});
}

const highestOf = (series: readonly Holding[], lane: Lane, epoch: number): number =>
  Math.max(0, ...series.filter((one) => one.epoch === epoch && one.lane === lane).map(({ highest }) => highest));
