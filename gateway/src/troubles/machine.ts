import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { LoopDelay } from '../loop-delay.ts';
import type { Trouble, Watcher } from './trouble.ts';

/** How much of the memory is used. `null`: this system does not say, or cannot now. */
export interface MemoryNumbers {
  /** Of the heap that the runtime allows itself. */
  readonly heapUsedShare: number;
  /** Of the machine's memory, what others could still have. */
  readonly memoryFreeShare: number | null;
}

export function memoryNumbers(): MemoryNumbers {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return { heapUsedShare: used_heap_size / heap_size_limit, memoryFreeShare: memoryFree() };
}

/** Memory: what runs out takes the whole gateway with it, so it is said before. */
export function memoryWatcher(gateway: string, numbers: () => MemoryNumbers = memoryNumbers): Watcher {
  let isKnown = false;
  return {
    judges: ['memory-high'],
    look: () => {
      const { heapUsedShare, memoryFreeShare } = numbers();
      isKnown ||= memoryFreeShare !== null;
      const heap = heapUsedShare >= limits.HEAP_SHARE_MAX ? `${percent(heapUsedShare)} of the heap of this process used` : null;
      const isScarce = memoryFreeShare !== null && memoryFreeShare < limits.MEMORY_FREE_MIN;
      const free = isScarce ? `${percent(memoryFreeShare)} of the memory free` : null;
      const memory = [heap, free].filter((word) => word !== null).join(', ');
      if (memory !== '') return [{ what: 'memory-high', source: gateway, text: `${memory}: look for other programs on the box 内存不足` }];
      return isKnown && memoryFreeShare === null ? null : [];
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
  /** null: the first minute is not over. */
  #found: readonly Trouble[] | null = null;

  constructor(gateway: string, clock: Clock, delay: Pick<LoopDelay, 'p99MsSinceLast'>) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#delay = delay;
    this.#sinceMs = clock.monotonicMs();
  }

  look(): readonly Trouble[] | null {
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

function memoryFree(): number | null {
  try {
    return freeShareIn(readFileSync('/proc/meminfo', 'utf8'));
  } catch {
    return null; // another system than Linux, a sandbox that hides it, or no descriptor is left to read it with
  }
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
