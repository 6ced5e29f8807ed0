import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher, What } from './trouble.ts';
import type { WatchedLine } from './wires.ts';

/** Bytes that are no packet, or packets that are damaged. A device that repeats itself, or one we do not know, is no noise. */
const NOISE: ReadonlySet<string> = new Set(['no-start', 'length', 'terminator', 'checksum', 'garbled', 'unparsable']);

interface Window {
  readonly sinceMs: number;
  readonly packets: number;
  readonly noise: ReadonlyMap<string, number>;
  readonly found: Trouble | null;
  readonly isOpen: boolean;
  /** A window of this run, or one before it, was open at its beginning and at its end. */
  readonly isJudged: boolean;
}

/** How much of what the wires bring is no packet. */
export class NoiseWatcher implements Watcher {
  readonly judges = ['noise'] as const;
  readonly #clock: Clock;
  readonly #lines: () => readonly WatchedLine[];
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, lines: () => readonly WatchedLine[]) {
    this.#clock = clock;
    this.#lines = lines;
  }

  look(): readonly Trouble[] {
    return this.#lines().flatMap((line) => this.#noise(line));
  }

  /** Only a minute of a wire that is open shows that there is none. */
  hasSeen(_what: What, source: string): boolean {
    return this.#lines().every(({ name }) => name !== source) || (this.#windows.get(source)?.isJudged ?? false);
  }

  #noise(line: WatchedLine): Trouble[] {
    const nowMs = this.#clock.monotonicMs();
    const noise = new Map([...line.unheard].filter(([why]) => NOISE.has(why)));
    const before = this.#windows.get(line.name);
    if (!before || nowMs - before.sinceMs >= limits.NOISE_WINDOW_MS) {
      const found = before ? noiseIn(line, before, noise) : null;
      const isOpen = line.state === 'open';
      const isJudged = before !== undefined && (before.isJudged || (before.isOpen && isOpen));
      this.#windows.set(line.name, { sinceMs: nowMs, packets: line.packets, noise, found, isOpen, isJudged });
    }
    const { found } = this.#windows.get(line.name)!;
    return found ? [found] : [];
  }
}

function noiseIn({ name, packets, unheard }: WatchedLine, before: Window, noise: ReadonlyMap<string, number>): Trouble | null {
  const more = [...noise].map(([why, count]) => [why, count - (before.noise.get(why) ?? 0)] as const).filter(([, count]) => count > 0);
  const pieces = more.reduce((sum, [, count]) => sum + count, 0);
  const share = pieces / Math.max(1, pieces + packets - before.packets);
  if (pieces < limits.NOISE_PIECES_MIN || share < limits.NOISE_SHARE_MAX) return null;
  const reasons = more.map(([why, count]) => `${why} ${count}`).join(', ');
  const seen = unheard.has('checksum')
    ? 'cable, shield, ground, terminating resistor'
    : 'baud rate, parity, family, two masters on one bus';
  const text = `${name}: 线路噪声 ${Math.round(share * 100)} % of what came in the last minute is noise (${reasons}): check ${seen}`;
  return { what: 'noise', source: name, text };
}
