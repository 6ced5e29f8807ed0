import { GATEWAY_NOTES, type GatewayNote, LANES } from '@fengsui/protocol';
import type { Cures } from './cures.ts';
import type { LastWord } from './lane-file.ts';
import type { LaneFiles } from './lane-files.ts';
import type { Before } from './messages.ts';
import { toldOf } from './trouble.ts';

/** What a run said of itself at last: that it stopped, also where something was heard after that; that it failed where it did so while it stopped. */
function noteOf(files: LaneFiles, cures: Cures, { note, boot }: LastWord): string | null {
  if (note === 'stopped' || note === 'program-failed') return note;
  try {
    return cures.tried('ordinary', () => files.file('ordinary').hasStopped(boot)) ? 'stopped' : note;
  } catch (error) {
    files.findings.remark(`ordinary: ${toldOf(error).detail}`);
    return note;
  }
}

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
  const note = words[0] ? noteOf(files, cures, words[0]) : null;
  return {
    aliveMs: Math.max(files.aliveBeforeMs, ...words.map(({ wallMs }) => wallMs)),
    note: note !== null && note in GATEWAY_NOTES ? (note as GatewayNote) : null,
  };
}
