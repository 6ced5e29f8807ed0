import { readdirSync, readFileSync } from 'node:fs';
import * as limits from '../limits.ts';
import type { Watcher } from './trouble.ts';

/** Files and sockets that are open, and how many may be. `null`: this system does not say. */
export interface DescriptorNumbers {
  readonly descriptors: number | null;
  readonly descriptorsMax: number | null;
}

/** Read once, while there is a descriptor to read it with. */
const MAX = limitOfThis();

export function descriptorNumbers(): DescriptorNumbers {
  return { descriptors: counted(), descriptorsMax: MAX };
}

/** Descriptors: a gateway without any takes no call and opens no file, so it is said before, and while it lasts. */
export function descriptorsWatcher(gateway: string, numbers: () => DescriptorNumbers = descriptorNumbers): Watcher {
  return {
    judges: ['descriptors-high'],
    look: () => {
      const { descriptors, descriptorsMax } = numbers();
      if (descriptors === null || descriptorsMax === null) return null;
      if (descriptors < limits.DESCRIPTORS_SHARE_MAX * descriptorsMax) return [];
      const text = `${descriptors} of ${descriptorsMax} files and sockets open: look for a flood of connections, or raise LimitNOFILE 文件句柄将耗尽`;
      return [{ what: 'descriptors-high', source: gateway, text }];
    },
  };
}

/** Counting takes a descriptor: where none is left, all are in use. */
function counted(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' ? MAX : null; // null: another system than Linux, or a sandbox that hides it
  }
}

function limitOfThis(): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? null : Number(found);
  } catch {
    return null;
  }
}
