import { type Clock, LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LevelSaid, Trouble, Watcher } from './trouble.ts';

interface Waiting {
  readonly waiting: number;
  /** Wall clock of the oldest row that waits; null when none does. */
  readonly oldestMs: number | null;
}

interface LaneNumbers extends Waiting {
  /** What each uplink is owed of them, by its name. */
  readonly uplinks: Readonly<Record<string, Waiting>>;
}

/** The oldest row of a lane that waits. */
interface Oldest {
  /** Wall clock when it was written. */
  readonly oldestMs: number;
  /** How long it had waited when this run first saw it. */
  readonly ageMs: number;
  readonly isAgeKnown: boolean;
  /** Monotonic. */
  readonly seenMs: number;
}

export const LANE_NAMES = { alarm: 'alarms 告警', ordinary: 'ordinary rows 普通数据' } as const satisfies Record<Lane, string>;

/** What waits in a lane: one of it, and what counts it in Chinese. */
const ROWS = { alarm: { zh: '告警', en: 'alarm' }, ordinary: { zh: '普通数据', en: 'ordinary row' } } as const;

/** How much of the journal waits for a receipt, and for how long: by the clock that never steps, wherever this run saw it begin. */
export class QueueWatcher implements Watcher {
  readonly judges = ['queue-high'] as const;
  readonly #gateway: string;
  readonly #clock: Clock;
  readonly #lanes: () => Promise<Readonly<Record<Lane, LaneNumbers>>>;
  readonly #oldest = new Map<Lane, Oldest>();
  readonly #levels = new Map<Lane, number>();

  constructor(gateway: string, clock: Clock, lanes: () => Promise<Readonly<Record<Lane, LaneNumbers>>>) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#lanes = lanes;
  }

  async look(levelSaid: LevelSaid): Promise<readonly Trouble[] | null> {
    const lanes = await this.#lanes().catch(() => null);
    if (lanes === null) return null;
    const levels = this.#levelled(lanes, levelSaid('queue-high', this.#gateway) ?? 0).filter(({ level }) => level > 0);
    // By a clock that lies before the oldest row nobody knows how long it waited before this run.
    if (levels.length === 0) return LANES.some((lane) => this.#oldest.get(lane)?.isAgeKnown === false) ? null : [];
    const level = levels.reduce((sum, one) => sum + one.level, 0);
    const owing = new Set(levels.flatMap(({ lane }) => this.#owing(lane, lanes[lane])));
    const whose = ofWhom(owing, lanes.alarm);
    const zh = levels.map(({ lane, waiting }) => `${waiting} 条${ROWS[lane].zh},最久 ${minutes(this.#ageMs(lane))} 分钟`);
    const en = levels.map(
      ({ lane, waiting }) => `${waiting} ${ROWS[lane].en}${waiting === 1 ? '' : 's'}, the oldest for ${minutes(this.#ageMs(lane))} min`,
    );
    const text =
      `${whose === '' ? '' : `${whose} `}尚未确认:${zh.join(';')};请检查上行链路与平台 ` +
      `not confirmed yet${whose === '' ? '' : ` by ${whose}`}: ${en.join('; ')}; check the uplink and the collector`;
    return [{ what: 'queue-high', source: this.#gateway, text, level }];
  }

  /** What an earlier run said was of all lanes together: what one of them does not account for, the next may. */
  #levelled(lanes: Readonly<Record<Lane, LaneNumbers>>, said: number) {
    let unaccounted = said;
    return LANES.map((lane) => {
      const level = this.#level(lane, lanes[lane], this.#levels.get(lane) ?? unaccounted);
      unaccounted = Math.max(0, unaccounted - level);
      return { lane, ...lanes[lane], level };
    });
  }

  #level(lane: Lane, { waiting, oldestMs }: LaneNumbers, before: number): number {
    const nowMs = this.#clock.monotonicMs();
    if (oldestMs === null) this.#oldest.delete(lane);
    else if (this.#oldest.get(lane)?.oldestMs !== oldestMs) {
      const ageMs = this.#clock.wallMs() - oldestMs;
      this.#oldest.set(lane, { oldestMs, ageMs: Math.max(0, ageMs), isAgeKnown: ageMs > -limits.CLOCK_STEP_MS, seenMs: nowMs });
    }
    const { ages, rows } = limits.QUEUE_WATERMARKS[lane];
    const level = Math.max(marksOf(ages, this.#ageMs(lane), before), marksOf(rows, waiting, before));
    this.#levels.set(lane, level);
    return level;
  }

  /** Who keeps a lane waiting: whoever is past a mark alone, not one that has a row on its way just now. */
  #owing(lane: Lane, { oldestMs, uplinks }: LaneNumbers): string[] {
    const { ages, rows } = limits.QUEUE_WATERMARKS[lane];
    const owed = Object.entries(uplinks).filter(([, { waiting }]) => waiting > 0);
    const ageMs = (own: number | null) => this.#ageMs(lane) - Math.max(0, (own ?? 0) - (oldestMs ?? 0));
    const late = owed.filter(([, own]) => own.waiting >= rows[0] || ageMs(own.oldestMs) >= ages[0]);
    return (late.length > 0 ? late : owed).map(([name]) => name);
  }

  #ageMs(lane: Lane): number {
    const oldest = this.#oldest.get(lane);
    return oldest ? oldest.ageMs + this.#clock.monotonicMs() - oldest.seenMs : 0;
  }
}

/** How many marks are reached. A queue that hovers about a mark is told once: it leaves one only well below it. */
function marksOf(marks: readonly number[], value: number, before: number): number {
  return marks.filter((mark, index) => value >= (index < before ? mark * limits.QUEUE_WATERMARK_LEFT : mark)).length;
}

/** Where there are several uplinks: for most it may have arrived. */
function ofWhom(owing: ReadonlySet<string>, { uplinks }: LaneNumbers): string {
  return owing.size > 0 && Object.keys(uplinks).length > 1 ? [...owing].join(', ') : '';
}

const minutes = (ms: number) => Math.floor(ms / 60_000);
