import { type Clock, LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { LANE_NAMES } from './queue.ts';
import type { Watcher } from './trouble.ts';

/** How far back one lane reaches. */
export interface KeptLane {
  /** Wall clock of the newest row that every uplink had and that was given up for want of room; null: none was. */
  readonly forgottenMs: number | null;
  readonly usedBytes: number;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** What was sent is to be there for 30 days (GB/T 45839-2025 5.9.5): said where the room for rows is used up sooner. */
export function retentionWatcher(gateway: string, clock: Clock, lanes: () => Promise<Readonly<Record<Lane, KeptLane>>>): Watcher {
  return {
    judges: ['retention-short'],
    look: async () => {
      const kept = await lanes().catch(() => null);
      // Until something is given up anew nothing shows that it is better, after a start too.
      if (kept === null || LANES.every((lane) => kept[lane].forgottenMs === null)) return null;
      const text = LANES.flatMap((lane) => shortOf(lane, kept[lane], clock.wallMs())).join('; ');
      return text === '' ? [] : [{ what: 'retention-short', source: gateway, text: `${text} 站端日志保存不足30天` }];
    },
  };
}

/** What so many bytes held for so long would take for 30 days. A row that no clock of now can have written says nothing. */
function shortOf(lane: Lane, { forgottenMs, usedBytes }: KeptLane, nowMs: number): string[] {
  const heldMs = forgottenMs === null ? Number.POSITIVE_INFINITY : nowMs - forgottenMs;
  if (heldMs < 0 || heldMs >= limits.RETENTION_MS) return [];
  const wantedMiB = Math.ceil(((usedBytes / MIB) * limits.RETENTION_MS) / Math.max(heldMs, limits.TROUBLES_EVERY_MS));
  const held = heldMs < 48 * HOUR_MS ? `${Math.floor(heldMs / HOUR_MS)} h` : `${Math.floor(heldMs / HOUR_MS / 24)} days`;
  const mend =
    lane === 'ordinary'
      ? `set journal.ordinaryMiB to ${wantedMiB} (and give it such a disk), or have sensors report or be polled less often`
      : 'its size is fixed: find the device that floods it';
  return [
    `${LANE_NAMES[lane]}: only the last ${held} of what was sent are kept, 30 days are asked for, which at this rate take ${wantedMiB} MiB: ${mend}`,
  ];
}
