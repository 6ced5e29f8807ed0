import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher, What } from './trouble.ts';

/** What is known of one line. Counters only grow. */
export interface WatchedLine {
  readonly name: string;
  readonly state: 'closed' | 'open' | 'isolated';
  /** Times it was opened since the start. */
  readonly opened: number;
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
  readonly isOpen: boolean;
  /** A window of this run, or one before it, was open at its beginning and at its end. */
  readonly isJudged: boolean;
}

/** One time that a line was open. */
interface Spell {
  readonly opened: number;
  /** Monotonic. */
  readonly sinceMs: number;
}

/** Looks after the wires as such, whatever their devices are: noise, silence, a driver that was given up, a wire that cannot be opened, a buffer that is too small. */
export class WiresWatcher implements Watcher {
  readonly judges = ['noise', 'driver-failed', 'wire-down', 'wire-silent', 'receive-buffer-small'] as const;
  readonly #clock: Clock;
  readonly #lines: () => readonly WatchedLine[];
  readonly #windows = new Map<string, Window>();
  readonly #bytes = new Map<string, { readonly bytesIn: number; readonly atMs: number }>();
  readonly #spells = new Map<string, Spell>();
  readonly #failed = new Map<string, string>();

  constructor(clock: Clock, lines: () => readonly WatchedLine[]) {
    this.#clock = clock;
    this.#lines = lines;
  }

  look(): readonly Trouble[] {
    const lines = this.#lines();
    for (const line of lines) this.#follow(line);
    return lines.flatMap((line) => [...this.#noise(line), ...this.#silence(line), ...this.#given(line), ...down(line), ...doubtful(line)]);
  }

  /** What only time, or a wire that is open, can show was not seen before. */
  hasSeen(what: What, source: string): boolean {
    const line = this.#lines().find(({ name }) => name === source);
    if (!line) return true;
    const { state, opened, bytesIn, silenceMs } = line;
    switch (what) {
      case 'noise':
        return this.#windows.get(source)?.isJudged ?? false;
      case 'driver-failed':
        return this.#isProven(source);
      case 'wire-down':
        return state !== 'closed';
      case 'wire-silent':
        return bytesIn > 0 || silenceMs === Number.POSITIVE_INFINITY;
      default:
        return opened > 0;
    }
  }

  #follow({ name, state, opened }: WatchedLine): void {
    if (state !== 'open') this.#spells.delete(name);
    else if (this.#spells.get(name)?.opened !== opened) this.#spells.set(name, { opened, sinceMs: this.#clock.monotonicMs() });
  }

  /** Its driver has run for longer than one that is given up can. */
  #isProven(name: string): boolean {
    const spell = this.#spells.get(name);
    return spell !== undefined && this.#clock.monotonicMs() - spell.sinceMs >= limits.CRASH_WINDOW_MS;
  }

  /** A driver that failed again and again, or cannot work as it is configured; its next try alone does not mean that it can. */
  #given({ name, isolatedWhy }: WatchedLine): Trouble[] {
    if (isolatedWhy !== null) this.#failed.set(name, isolatedWhy);
    else if (this.#isProven(name)) this.#failed.delete(name);
    const why = this.#failed.get(name);
    if (why === undefined) return [];
    const text = `${name}: 驱动连续失败,暂停后重试 the driver failed again and again and is tried again after a while: ${bare(why, name)}`;
    return [{ what: 'driver-failed', source: name, text }];
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

  #silence({ name, state, bytesIn, silenceMs }: WatchedLine): Trouble[] {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#bytes.get(name);
    if (!before || before.bytesIn !== bytesIn || state !== 'open') this.#bytes.set(name, { bytesIn, atMs: nowMs });
    const silentMs = nowMs - this.#bytes.get(name)!.atMs;
    if (silentMs < Math.max(silenceMs, limits.WIRE_SILENCE_MIN_MS)) return [];
    const text = `${name}: 线路已打开但无任何数据 open, and not one byte in the last ${Math.floor(silentMs / 1000)} s: check power, plug, A and B swapped, converter`;
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
  const text = `${name}: 线路噪声 ${Math.round(share * 100)} % of what came in the last minute is noise (${reasons}): check ${seen}`;
  return { what: 'noise', source: name, text };
}

function down({ name, state, lastFailure }: WatchedLine): Trouble[] {
  if (state !== 'closed' || lastFailure === null) return [];
  return [{ what: 'wire-down', source: name, text: `${name}: 线路未打开 the wire is not open: ${bare(lastFailure, name)}` }];
}

/** What a failure's message says beside its code and the name of the line, which are said already. */
function bare(message: string, name: string): string {
  const words = (message.split('\n')[0] ?? '').replace(/^[a-z-]+: /, '');
  return words.startsWith(`${name}: `) ? words.slice(name.length + 2) : words;
}

/** The one doubt there is: the system gave a socket less room than a burst of alarms takes. Said as long as no run of the line had enough. */
function doubtful({ name, doubt }: WatchedLine): Trouble[] {
  return doubt === null ? [] : [{ what: 'receive-buffer-small', source: name, text: `${name}: 接收缓冲区过小 ${doubt}` }];
}
