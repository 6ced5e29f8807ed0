import { readdirSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LoopDelay } from '../loop-delay.ts';
import type { Trouble, Watcher } from './trouble.ts';

/** What of the machine the gateway may use up, and how much of it is used. `null`: this system does not say. */
export interface MachineNumbers {
  /** Of the heap that the runtime allows itself. */
  readonly heapUsedShare: number;
  /** Of the machine's memory, what others could still have. */
  readonly memoryFreeShare: number | null;
  /** Files and sockets that are open, and how many may be. */
  readonly descriptors: number | null;
  readonly descriptorsMax: number | null;
}

/** Read once, while a file can be opened: where no descriptor is left, none can. */
const DESCRIPTORS_MAX = read('/proc/self/limits', (text) => numberIn(text, /^Max open files\s+(\d+)/m));

export function machineNumbers(): MachineNumbers {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return {
    heapUsedShare: used_heap_size / heap_size_limit,
    memoryFreeShare: read('/proc/meminfo', freeShareIn),
    descriptors: openDescriptors(),
    descriptorsMax: DESCRIPTORS_MAX,
  };
}

/** Memory and descriptors: what runs out takes the whole gateway with it, so it is said before. */
export function machineWatcher(gateway: string, numbers: () => MachineNumbers = machineNumbers): Watcher {
  return {
    judges: ['memory-high', 'descriptors-high'],
    look: () => {
      const { heapUsedShare, memoryFreeShare, descriptors, descriptorsMax } = numbers();
      const heap = heapUsedShare >= limits.HEAP_SHARE_MAX ? `${percent(heapUsedShare)} of the heap of this process used` : null;
      const free =
        memoryFreeShare !== null && memoryFreeShare < limits.MEMORY_FREE_MIN ? `${percent(memoryFreeShare)} of the memory free` : null;
      const isFull = descriptors !== null && descriptorsMax !== null && descriptors >= limits.DESCRIPTORS_SHARE_MAX * descriptorsMax;
      const found: Trouble[] = [];
      const memory = [heap, free].filter((word) => word !== null).join(', ');
      if (memory !== '')
        found.push({ what: 'memory-high', source: gateway, text: `${memory}: look for other programs on the box 内存不足` });
      if (isFull)
        found.push({
          what: 'descriptors-high',
          source: gateway,
          text: `${descriptors} of ${descriptorsMax} files and sockets open: look for a flood of connections, or raise LimitNOFILE 文件句柄将耗尽`,
        });
      return found;
    },
  };
}

/** How late the one thread is, minute by minute. A late thread answers panels late. */
export class LoopWatcher implements Watcher {
  readonly judges = ['loop-slow'] as const;
  readonly #gateway: string;
  readonly #clock: Clock;
  readonly #delay: Pick<LoopDelay, 'p99MsSinceLast'>;
  #sinceMs: number;
  #found: readonly Trouble[] = [];

  constructor(gateway: string, clock: Clock, delay: Pick<LoopDelay, 'p99MsSinceLast'>) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#delay = delay;
    this.#sinceMs = clock.monotonicMs();
  }

  look(): readonly Trouble[] {
    if (this.#clock.monotonicMs() - this.#sinceMs < limits.LOOP_WINDOW_MS) return this.#found;
    this.#sinceMs = this.#clock.monotonicMs();
    const p99Ms = Math.round(this.#delay.p99MsSinceLast());
    const text = `the gateway was up to ${p99Ms} ms late in the last minute: the box is overloaded 网关处理滞后,设备过载`;
    this.#found = p99Ms >= limits.LOOP_DELAY_P99_MAX_MS ? [{ what: 'loop-slow', source: this.#gateway, text }] : [];
    return this.#found;
  }
}

function freeShareIn(text: string): number | null {
  const [total, available] = [numberIn(text, /^MemTotal:\s+(\d+)/m), numberIn(text, /^MemAvailable:\s+(\d+)/m)];
  return total === null || available === null ? null : available / total;
}

function numberIn(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function read(path: string, value: (text: string) => number | null): number | null {
  try {
    return value(readFileSync(path, 'utf8'));
  } catch {
    return null; // another system than Linux, or a sandbox that hides it
  }
}

/** To look takes a descriptor: where that is refused, all are open. */
function openDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? DESCRIPTORS_MAX : null;
  }
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
