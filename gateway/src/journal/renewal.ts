import { type Holding, LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { isCredibleEpoch } from './epoch.ts';
import type { LaneFile } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';
import { RenewalRest } from './renewal-rest.ts';

/** Rows given other numbers in one step. */
const ROWS_A_STEP = 64;

/** How far the series of this gateway have come at the collector of an uplink. */
export interface Outranking {
  readonly uplink: string;
  readonly series: readonly Holding[];
  readonly wallMs: number;
}

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
    const rows = file.taken(ROWS_A_STEP);
    const current = rows.filter(({ epoch }) => epoch === file.header.epoch);
    if (current.length > 0 && !this.#rest.isOver(this.#monotonicMs())) {
      file.letStay(current);
      this.#files.remark(
        'the collector says of numbers of an epoch that began just now that other rows have them: these rows stay rejected. ' +
          'See whether another gateway runs under this name and whether the collector is in order, then have them sent again',
      );
      return true;
    }
    if (current.length > 0) this.#files.renew('the collector knows other rows under these numbers');
    const order = this.#files.newestOrder();
    const orders = rows.map((_, index) => order + 1 + index);
    if (rows.length > 0) file.renumber(rows, orders);
    return rows.length > 0;
  }

  /**
   * Where the collector of an uplink holds a higher epoch, or higher numbers of ours, a new epoch begins above all it holds. What it has comes
   * before that; what waits under numbers that it cannot have was said after it, and gets numbers of the new epoch.
   */
  outrank({ uplink, series, wallMs }: Outranking): void {
    const known = Math.max(0, ...series.map(({ epoch }) => epoch));
    const { epoch } = this.#files.file('alarm').header;
    if (!isCredibleEpoch(known))
      this.#files.remark(`the collector of ${uplink} holds an epoch that no gateway begins, ${known}: not believed`);
    else if (known > epoch || this.#isBehind(series, epoch)) this.#rise(uplink, series, { known, epoch, wallMs });
  }

  #isBehind(series: readonly Holding[], epoch: number): boolean {
    return series.some((one) => one.epoch === epoch && one.highest > this.#files.file(one.lane).header.newest);
  }

  #rise(uplink: string, series: readonly Holding[], { known, epoch, wallMs }: { known: number; epoch: number; wallMs: number }): void {
    const rest = this.#rests.get(uplink) ?? new RenewalRest();
    this.#rests.set(uplink, rest);
    if (!rest.isOver(this.#monotonicMs())) {
      this.#files.remark(
        `the collector of ${uplink} again holds more than this journal, soon after a new epoch: none begins now. ` +
          'See whether another gateway runs under this name and whether the collector is in order',
      );
      return;
    }
    this.#files.renew(`the collector of ${uplink} holds more of this gateway than its journal, which was put back from a copy`, known);
    const floorOf = (lane: Lane) =>
      Math.max(0, ...series.filter((one) => one.epoch === epoch && one.lane === lane).map(({ highest }) => highest));
    const rowsMax = limits.SUPERSEDED_ROWS_MAX;
    for (const lane of LANES) this.#files.file(lane).supersede({ uplink, epoch, floor: floorOf(lane), rowsMax, wallMs });
    this.#renumber(rowsMax);
  }

  /** Over both lanes at once, so that what came first still does. */
  #renumber(rowsMax: number): void {
    const taken = LANES.map((lane) => ({ file: this.#files.file(lane), rows: this.#files.file(lane).taken(rowsMax) }));
    const sorted = taken.flatMap(({ rows }) => rows.map(({ ordinal }) => ordinal)).sort((one, other) => one - other);
    const newest = this.#files.newestOrder();
    const orders = new Map(sorted.map((ordinal, index) => [ordinal, newest + 1 + index]));
    for (const { file, rows } of taken) {
      const ours = rows.map(({ ordinal }) => orders.get(ordinal)!);
      if (rows.length > 0) file.renumber(rows, ours);
    }
  }
}
