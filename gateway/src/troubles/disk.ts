import * as limits from '../limits.ts';
import type { LevelSaid, Trouble, Watcher } from './trouble.ts';

/** The volume the journal lies on, as far as this looks at it. */
export interface WatchedSpace {
  readonly isFull: boolean;
  /** 0 to 1. */
  readonly usedShare: number;
  readonly freeBytes: number;
}

/** Room on the volume of the journal, mark by mark. */
export class DiskWatcher implements Watcher {
  readonly judges = ['disk-full'] as const;
  readonly #gateway: string;
  readonly #space: () => Promise<WatchedSpace>;

  constructor(gateway: string, space: () => Promise<WatchedSpace>) {
    this.#gateway = gateway;
    this.#space = space;
  }

  async look(levelSaid: LevelSaid): Promise<readonly Trouble[] | null> {
    const space = await this.#space().catch(() => null);
    if (space === null) return null;
    const level = levelOf(space, levelSaid('disk-full', this.#gateway) ?? 0);
    if (level === 0) return [];
    const gives = space.isFull ? 'full: the reserve is given to alarms, readings are given up; ' : '';
    const used = `${Math.round(space.usedShare * 100)} % of the volume used, ${Math.round(space.freeBytes / 1024 / 1024)} MiB free`;
    const text = `${gives}${used}: free space on the volume of the data folder 磁盘将满,请清理`;
    return [{ what: 'disk-full', source: this.#gateway, text, level }];
  }
}

/** How many watermarks the volume stands at, and one more when it is full. A mark that was told is left only well below it. */
function levelOf({ isFull, usedShare }: WatchedSpace, before: number): number {
  const marks = limits.DISK_WATERMARKS;
  if (isFull) return marks.length + 1;
  return marks.filter((mark, index) => usedShare >= (index < before ? mark - limits.DISK_WATERMARK_FALL : mark)).length;
}
