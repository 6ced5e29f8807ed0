import { GATEWAY_NOTES, type GatewayNote, LANES } from '@fengsui/protocol';
import type { Cures } from './cures.ts';
import type { LaneFiles } from './lane-files.ts';
import type { Before } from './messages.ts';
import { toldOf } from './trouble.ts';

/** How the run before this one ended, as far as the files tell: what of them cannot be read tells nothing. null on a journal that is new. */
export function beforeThis(files: LaneFiles, cures: Cures): Before | null {
  if (files.aliveBeforeMs === null) return null;
  const words = LANES.flatMap((lane) => {
    try {
      return cures.tried(lane, () => files.file(lane).lastWord()) ?? [];
    } catch (error) {
      files.findings.remark(`${lane}: ${toldOf(error).detail}`);
      return [];
    }
  }).sort((one, other) => other.ordinal - one.ordinal);
  const note = words[0]?.note ?? null;
  return {
    aliveMs: Math.max(files.aliveBeforeMs, ...words.map(({ wallMs }) => wallMs)),
    note: note !== null && note in GATEWAY_NOTES ? (note as GatewayNote) : null,
  };
}
