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

/** Of one trouble of one wire: nothing was shown yet by this run, it stands, or it was proved to be over. It never becomes unknown again. */
type Verdict = 'unknown' | 'stands' | 'over';

const LINKS = ['wire-down', 'wire-silent', 'driver-failed'] as const;
type Link = (typeof LINKS)[number];

/** How a wire has fared, from look to look. Durations are of the monotonic clock. */
interface Course {
  readonly line: Pick<WatchedLine, 'state' | 'opened' | 'bytesIn'>;
  readonly atMs: number;
  /** It and its driver have run for so long without a break. */
  readonly ranMs: number;
  /** It was not seen closed for so long. A break without bytes between is one; a converter that cuts idle connections takes no wire away. */
  readonly openMs: number;
  /** A byte came since it was last seen closed. */
  readonly hasCarried: boolean;
  /** It was closed for so long in all since it last stayed open; being open for moments does not make up for it. */
  readonly closedMs: number;
  /** It was open for so long in all since its last byte. */
  readonly silentMs: number;
}

interface Life extends Course {
  readonly verdicts: Readonly<Record<Link, Verdict>>;
  /** What would last have been said of each. */
  readonly texts: Readonly<Partial<Record<Link, string>>>;
}

const UNBORN: Omit<Life, 'atMs'> = {
  line: { state: 'closed', opened: 0, bytesIn: 0 },
  ...{ ranMs: 0, openMs: 0, hasCarried: false, closedMs: 0, silentMs: 0 },
  ...{ verdicts: { 'wire-down': 'unknown', 'wire-silent': 'unknown', 'driver-failed': 'unknown' }, texts: {} },
};

/**
 * Looks after the wires as such, whatever their devices are: one that cannot be opened or does not stay open, silence, a driver that was
 * given up, a buffer that is too small. Each begins once and ends once, by a proof: a minute without a break, or a byte.
 */
export class WiresWatcher implements Watcher {
  readonly judges = [...LINKS, 'receive-buffer-small'] as const;
  readonly #clock: Clock;
  readonly #lines: () => readonly WatchedLine[];
  readonly #lives = new Map<string, Life>();

  constructor(clock: Clock, lines: () => readonly WatchedLine[]) {
    this.#clock = clock;
    this.#lines = lines;
  }

  look(): readonly Trouble[] {
    const nowMs = this.#clock.monotonicMs();
    const lines = this.#lines();
    for (const line of lines) this.#lives.set(line.name, lived(this.#lives.get(line.name) ?? { ...UNBORN, atMs: nowMs }, line, nowMs));
    return lines.flatMap((line) => [...standing(line.name, this.#lives.get(line.name)!), ...doubtful(line)]);
  }

  /** What only time, or a wire that is open, can show was not seen before. */
  hasSeen(what: What, source: string): boolean {
    const line = this.#lines().find(({ name }) => name === source);
    if (!line) return true;
    return isLink(what) ? this.#lives.get(source)?.verdicts[what] !== 'unknown' : line.opened > 0;
  }

  /** A box that stood here before, or a run that is forgotten, may have said of these that they began: those who heard it learn that they are over. */
  proved(): ReadonlyArray<Pick<Trouble, 'what' | 'source'>> {
    const ran = [...this.#lives].filter(([, { verdicts }]) => verdicts['wire-down'] === 'over');
    return ran.flatMap(([source, { verdicts }]) => LINKS.filter((what) => verdicts[what] === 'over').map((what) => ({ what, source })));
  }
}

const isLink = (what: What): what is Link => (LINKS as readonly What[]).includes(what);

function coursed(before: Course, { state, opened, bytesIn, lastFailure }: WatchedLine, nowMs: number): Course {
  const passedMs = nowMs - before.atMs;
  const isOpen = state === 'open';
  const stayedOpen = isOpen && before.line.state === 'open';
  const stayedShut = state === 'closed' && lastFailure !== null && before.line.state === 'closed' && opened === before.line.opened;
  const isHeard = bytesIn > before.line.bytesIn;
  const isSameRun = stayedOpen && opened === before.line.opened;
  const ranMs = isSameRun ? before.ranMs + passedMs : 0;
  const openMs = isSameRun || (stayedOpen && before.hasCarried) ? before.openMs + passedMs : 0;
  const hasCarried = isOpen && (isHeard || (stayedOpen && before.hasCarried));
  const closedMs = openMs >= limits.CRASH_WINDOW_MS ? 0 : before.closedMs + (stayedShut ? passedMs : 0);
  // The silence of a wire that is down says nothing: it is counted anew.
  const isDown = !isOpen && closedMs >= limits.WIRE_DOWN_AFTER_MS;
  const silentMs = isHeard || isDown ? 0 : before.silentMs + (stayedOpen ? passedMs : 0);
  return { line: { state, opened, bytesIn }, atMs: nowMs, ranMs, openMs, hasCarried, closedMs, silentMs };
}

/** What a wire has come to since the last look. */
function lived(before: Life, line: WatchedLine, nowMs: number): Life {
  const course = coursed(before, line, nowMs);
  const { ranMs, openMs, closedMs, silentMs } = course;
  const isHeard = line.bytesIn > before.line.bytesIn;
  const mayBeSilent = line.silenceMs === Number.POSITIVE_INFINITY;
  const isSilent = silentMs >= Math.max(line.silenceMs, limits.WIRE_SILENCE_MIN_MS);
  const verdicts = {
    'wire-down': verdict(before.verdicts['wire-down'], closedMs >= limits.WIRE_DOWN_AFTER_MS, openMs >= limits.CRASH_WINDOW_MS),
    'wire-silent': verdict(before.verdicts['wire-silent'], isSilent, isHeard || mayBeSilent),
    'driver-failed': verdict(before.verdicts['driver-failed'], line.isolatedWhy !== null, ranMs >= limits.CRASH_WINDOW_MS),
  };
  return { ...course, verdicts, texts: { ...before.texts, ...textsOf(line, silentMs) } };
}

function verdict(before: Verdict, isFound: boolean, isProved: boolean): Verdict {
  if (isFound) return 'stands';
  return isProved ? 'over' : before;
}

/** What would be said of it now. */
function textsOf({ name, state, lastFailure, isolatedWhy }: WatchedLine, silentMs: number): Life['texts'] {
  const silent = `${name}: 线路已打开但无任何数据 open, and not one byte in the last ${Math.floor(silentMs / 1000)} s: check power, plug, A and B swapped, converter`;
  return {
    ...(state === 'closed' && lastFailure !== null
      ? { 'wire-down': `${name}: 线路未打开或不能保持打开 the wire is not open, or not for long: ${bare(lastFailure, name)}` }
      : {}),
    ...(state === 'open' ? { 'wire-silent': silent } : {}),
    ...(isolatedWhy === null
      ? {}
      : {
          'driver-failed': `${name}: 驱动连续失败,暂停后重试 the driver failed again and again and is tried again after a while: ${bare(isolatedWhy, name)}`,
        }),
  };
}

function standing(source: string, { verdicts, texts }: Life): Trouble[] {
  return LINKS.filter((what) => verdicts[what] === 'stands').map((what) => ({ what, source, text: texts[what] ?? '' }));
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
