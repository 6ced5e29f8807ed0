import { type Edge, type GatewayNote, LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { JournalState, LaneState } from './messages.ts';

/** A word about the journal that people must hear without asking. */
export interface JournalNews {
  readonly note: GatewayNote;
  readonly edge: Edge;
  readonly text: string;
  /** The uplink it is about; absent: it is about the journal. */
  readonly source?: string;
}

/** Finds out what is new about a journal between two looks. */
export class JournalWatch {
  readonly #told = new Set<string>();
  readonly #shut = new Set<Lane>();
  #quarantined: number | null = null;
  #failures = 0;
  #thinned: Thinned | null = null;
  #thinnedToldMs = Number.NEGATIVE_INFINITY;

  /** What came up since the last look. The first takes what an earlier run has counted for told. `monotonicMs` spaces words that repeat. */
  news(state: JournalState, monotonicMs: number): JournalNews[] {
    return [...this.#shutting(state), ...this.#damage(state), ...this.#failure(state), ...this.#thinning(state, monotonicMs)];
  }

  /** A lane that is shut is said once, with what is in the way and the remedy, and that it opens again. */
  #shutting({ lanes }: JournalState): JournalNews[] {
    return LANES.flatMap((lane) => {
      const { failure } = lanes[lane];
      const isNew = (failure === null) === this.#shut.has(lane);
      if (failure === null) this.#shut.delete(lane);
      else this.#shut.add(lane);
      if (!isNew) return [];
      return [damage(failure === null ? `the file of the ${lane} lane opens again` : `${SHUT[lane]}: ${failure}`)];
    });
  }

  #damage({ damagedFiles, findings, lanes }: JournalState): JournalNews[] {
    const rows = LANES.reduce((sum, lane) => sum + lanes[lane].quarantined, 0);
    const more = rows - (this.#quarantined ?? rows);
    this.#quarantined = rows;
    const words = [...damagedFiles.map((file) => `moved aside: ${file.split('/').at(-1)}`), ...findings];
    const fresh = words.filter((each) => !this.#told.has(each));
    for (const each of fresh) this.#told.add(each);
    return [...fresh, ...(more > 0 ? [`${more} rows set aside`] : [])].map(damage);
  }

  #failure({ diskFailures, lastDiskFailure }: JournalState): JournalNews[] {
    const isNew = diskFailures > this.#failures;
    this.#failures = diskFailures; // a new worker counts from 0
    return isNew ? [damage(`opened anew after ${lastDiskFailure}`)] : [];
  }

  /** Each uplink that lost rows is named: what is to be mended is there. */
  #thinning({ lanes }: JournalState, monotonicMs: number): JournalNews[] {
    const now = thinnedIn(lanes.ordinary);
    const before = (this.#thinned ??= now);
    if (now.rows <= before.rows && sum(now.uplinks) <= sum(before.uplinks)) return [];
    if (monotonicMs - this.#thinnedToldMs < limits.THINNED_TOLD_EVERY_MS) return [];
    this.#thinned = now;
    this.#thinnedToldMs = monotonicMs;
    const lost = [...now.uplinks].flatMap(([uplink, rows]) => {
      const more = rows - (before.uplinks.get(uplink) ?? 0);
      return more > 0 ? [thinning(`${more} rows that ${uplink} was owed given up for want of room: ${MEND_UPLINK}`, uplink)] : [];
    });
    return lost.length > 0 ? lost : [thinning(`${now.rows - before.rows} rows given up for want of room`)];
  }
}

/** Rows given up for want of room: all, and those that each uplink was owed. */
interface Thinned {
  readonly rows: number;
  readonly uplinks: ReadonlyMap<string, number>;
}

function thinnedIn({ thinned, uplinks }: LaneState): Thinned {
  return { rows: thinned, uplinks: new Map(Object.entries(uplinks).map(([name, due]) => [name, due.thinned])) };
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, rows) => total + rows, 0);

const SHUT = {
  alarm: 'ALARMS CANNOT BE STORED AND ARE NOT REPORTED, everything else goes on 告警无法入库上报,其余照常',
  ordinary: 'only alarms are stored and reported, everything else is refused 仅告警可入库上报,其余无法入库',
} as const satisfies Record<Lane, string>;

const MEND_UPLINK = 'check it, or take it out of the configuration when its far side is gone for good 请检查该链路';

function thinning(text: string, source?: string): JournalNews {
  return { note: 'readings-thinned', edge: 'momentary', text, ...(source === undefined ? {} : { source }) };
}

function damage(text: string): JournalNews {
  return { note: 'journal-damaged', edge: 'momentary', text };
}
