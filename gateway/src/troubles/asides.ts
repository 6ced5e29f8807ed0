import { join, relative } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { asidesIn } from '../own-files.ts';
import type { Trouble, Watcher } from './trouble.ts';

/** Where in the data folder the gateway keeps files of its own. */
const FOLDERS = ['', 'configuration'];

/** Files of the gateway's own in which something unusable stood and that were moved aside. They stand until somebody has looked and removed them. */
export function asidesWatcher(gateway: string, data: string, clock: Clock): Watcher {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let found: readonly Trouble[] = [];
  return {
    judges: ['file-unusable'],
    look: async () => {
      if (clock.monotonicMs() - lookedMs < limits.KEYS_EVERY_MS) return found;
      lookedMs = clock.monotonicMs();
      const asides = (await Promise.all(FOLDERS.map((folder) => asidesIn(join(data, folder))))).flat();
      found =
        asides.length === 0 ? [] : [{ what: 'file-unusable', source: gateway, text: textOf(asides.map((path) => relative(data, path))) }];
      return found;
    },
  };
}

function textOf(names: readonly string[]): string {
  return `moved aside in the data folder, a new one took its place: ${names.join(', ')}. See whether the disk fails (dmesg) or who wrote there, then remove it 数据目录中的文件不可用,已移开并换新;检查磁盘后删除`;
}
