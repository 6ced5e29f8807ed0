import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher } from './trouble.ts';

/** What is known of one line. Counters only grow. */
export interface WatchedLine {
  readonly name: string;
  readonly state: 'closed' | 'open' | 'isolated';
  readonly lastFailure: string | null;
  /** Why its driver is left alone; null: it is not. */
  readonly isolatedWhy: string | null;
  /** What is not as it should be though the wire is open; null: nothing. */
  readonly doubt: string | null;
  readonly bytesIn: number;
  readonly packets: number;
  readonly unheard: ReadonlyMap<string, number>;
  /** After so long without a byte not one of its devices can be alive, milliseconds. */
  readonly silenceMs: number;
}

/** Bytes that are no packet, or packets that are damaged. A device that repeats itself, or one we do not know, is no noise. */
const NOISE: ReadonlySet<string> = new Set(['no-start', 'length', 'terminator', 'checksum', 'garbled', 'unparsable']);

interface Window {
  readonly sinceMs: number;
  readonly packets: number;
  readonly noise: ReadonlyMap<string, number>;
  readonly found: Trouble | null;
}

/** Looks after the wires as such, whatever their devices are: noise, silence, a driver that was given up, a wire that cannot be opened, a buffer that is too small. */
export class WiresWatcher implements Watcher {
  readonly judges = ['noise', 'driver-failed', 'wire-down', 'wire-silent', 'receive-buffer-small'] as const;
  readonly #clock: Clock;
  readonly #lines: () => readonly WatchedLine[];
  readonly #windows = new Map<string, Window>();
  readonly #bytes = new Map<string, { readonly bytesIn: number; readonly atMs: number }>();

  constructor(clock: Clock, lines: () => readonly WatchedLine[]) {
    this.#clock = clock;
    this.#lines = lines;
  }

  look(): readonly Trouble[] {
    return this.#lines().flatMap((line) => [
      ...this.#noise(line),
      ...this.#silence(line),
      ...failed(line),
      ...down(line),
      ...doubtful(line),
    ]);
  }

  #noise(line: WatchedLine): Trouble[] {
    const nowMs = this.#clock.monotonicMs();
    const noise = new Map([...line.unheard].filter(([why]) => NOISE.has(why)));
    const before = this.#windows.get(line.name);
    if (!before || nowMs - before.sinceMs >= limits.NOISE_WINDOW_MS) {
      const found = before ? noiseIn(line, before, noise) : null;
      this.#windows.set(line.name, { sinceMs: nowMs, packets: line.packets, noise, found });
    }
    const { found } = this.#windows.get(line.name)!;
    return found ? [found] : [];
  }

  #silence({ name, state, bytesIn, silenceMs }: WatchedLine): Trouble[] {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#bytes.get(name);
    if (!before || before.bytesIn !== bytesIn || state !== 'open') this.#bytes.set(name, { bytesIn, atMs: nowMs });
    const silentMs = nowMs - this.#bytes.get(name)!.atMs;
    if (silentMs < Math.max(silenceMs, limits.WIRE_SILENCE_MIN_MS)) return [];
    const text = `${name}: open, and not one byte in the last ${Math.floor(silentMs / 1000)} s: check power, plug, A and B swapped, converter 线路无任何数据`;
    return [{ what: 'wire-silent', source: name, text }];
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
  const text = `${name}: ${Math.round(share * 100)} % of what came in the last minute is noise (${reasons}): check ${seen} 线路噪声`;
  return { what: 'noise', source: name, text };
}

/** A driver that failed again and again, or cannot work as it is configured. */
function failed({ name, isolatedWhy }: WatchedLine): Trouble[] {
  return isolatedWhy === null ? [] : [{ what: 'driver-failed', source: name, text: `${name}: ${isolatedWhy} 驱动失败,暂停后重试` }];
}

function down({ name, state, lastFailure }: WatchedLine): Trouble[] {
  if (state !== 'closed' || lastFailure === null) return [];
  return [{ what: 'wire-down', source: name, text: `${name}: not open: ${lastFailure.split('\n')[0]} 线路未打开` }];
}

/** The one doubt there is: the system gave a socket less room than a burst of alarms takes. Said as long as no run of the line had enough. */
function doubtful({ name, doubt }: WatchedLine): Trouble[] {
  return doubt === null ? [] : [{ what: 'receive-buffer-small', source: name, text: `${name}: ${doubt} 接收缓冲区过小` }];
}
