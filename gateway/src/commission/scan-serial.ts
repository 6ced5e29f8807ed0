import { type Clock, Failure, type Family, fits, type LineSetting, type TalkingFamily } from '@fengsui/protocol';
import type { Take } from './arrivals.ts';
import { type Candidate, candidatesOf, Recogniser, type Standing } from './recognise.ts';
import { showLine } from './wire-text.ts';

/** A serial port opened at one setting. */
export interface OpenPort extends AsyncDisposable {
  readonly take: Take;
  write(bytes: Uint8Array): Promise<void>;
}

/** What was heard of one port at one setting. */
export interface Hearing {
  readonly path: string;
  readonly line: LineSetting;
  readonly bytes: number;
  /** The family that was asked; absent: nothing was sent. */
  readonly asked?: string;
  /** Best first, those without a verdict left out. */
  readonly standings: readonly Standing[];
}

export interface PortTrouble {
  readonly path: string;
  readonly line: LineSetting;
  /** Why it could not be listened to. */
  readonly trouble: string;
}

export interface SerialScan {
  readonly path: string;
  readonly families: readonly Family[];
  readonly secondsEach: number;
  /** Whether a silent line may be asked with a family's own polls. */
  readonly ask: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly open: (path: string, line: LineSetting, signal: AbortSignal) => Promise<OpenPort>;
}

/** The different line settings of the register, those of most families first. */
export function settingsOf(families: readonly Family[]): LineSetting[] {
  const settings = new Map<string, { readonly line: LineSetting; count: number }>();
  for (const family of families) {
    if (family.shape === 'publishes') continue;
    const known = settings.get(showLine(family.line)) ?? { line: family.line, count: 0 };
    known.count += 1;
    settings.set(showLine(family.line), known);
  }
  return [...settings.values()].sort((a, b) => b.count - a.count).map(({ line }) => line);
}

/** How long one port takes at most, in seconds: every setting, and where asking is allowed every family that is polled at it. */
export function secondsAtMost(families: readonly Family[], secondsEach: number, ask: boolean): number {
  const turns = settingsOf(families).map((line) => 1 + (ask ? polledAt(families, line).length : 0));
  return secondsEach * turns.reduce((sum, each) => sum + each, 0);
}

/**
 * Listens to one port at one setting after another and says what was heard. A family that is recognised is listened to at its own
 * setting next, and it ends early where one is certain at its own. Nothing is written, unless asking was allowed, and then only a family's own polls to a line that is silent.
 */
export async function* scanSerial(scan: SerialScan): AsyncGenerator<Hearing | PortTrouble> {
  const candidates = candidatesOf(scan.families);
  let opened = false;
  const waiting = settingsOf(scan.families);
  for (let line = waiting.shift(); line; line = waiting.shift()) {
    if (scan.signal.aborted) return;
    try {
      await using port = await scan.open(scan.path, line, scan.signal);
      opened = true;
      const heard = await hear(scan, port, line, candidates);
      yield heard;
      if (isSettled(heard)) return;
      ownFirst(waiting, heard);
      if (!scan.ask || heard.bytes > 0) continue;
      for (const family of polledAt(scan.families, line)) {
        if (scan.signal.aborted) return;
        const answered = await hear(scan, port, line, candidates, family);
        yield answered;
        if (isSettled(answered)) return;
        ownFirst(waiting, answered);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      yield { path: scan.path, line, trouble: error.message };
      // A port may lack a setting; one that does not open at the first is not there, busy, or not ours to open.
      if (!opened) return;
    }
  }
}

/** Brings the own settings of whoever was recognised to the front. */
function ownFirst(waiting: LineSetting[], { standings }: Hearing): void {
  const recognised = standings.filter(({ verdict }) => verdict === 'certain' || verdict === 'likely');
  const own = new Set(recognised.flatMap(({ lines }) => lines.map(showLine)));
  const rank = (line: LineSetting) => (own.has(showLine(line)) ? 0 : 1);
  waiting.sort((a, b) => rank(a) - rank(b));
}

/** Whether a family was heard at a setting the register knows it by. */
export function isOwn(lines: readonly LineSetting[], line: LineSetting): boolean {
  return lines.some((own) => showLine(own) === showLine(line));
}

function isSettled({ standings, line }: Hearing): boolean {
  return standings.some(({ verdict, lines }) => verdict === 'certain' && isOwn(lines, line));
}

/** Families that speak when they are polled, at this setting. */
function polledAt(families: readonly Family[], line: LineSetting): TalkingFamily[] {
  return families.filter(
    (family): family is TalkingFamily => family.shape === 'talks' && family.poll !== undefined && showLine(family.line) === showLine(line),
  );
}

async function hear(
  { path, secondsEach, clock, signal }: SerialScan,
  port: OpenPort,
  line: LineSetting,
  candidates: readonly Candidate[],
  asked?: TalkingFamily,
): Promise<Hearing> {
  const recogniser = new Recogniser(candidates);
  const untilMs = clock.monotonicMs() + secondsEach * 1000;
  let bytes = 0;
  let nextPollMs = clock.monotonicMs();
  for (let turn = 0; !signal.aborted && clock.monotonicMs() < untilMs; ) {
    if (asked?.poll && clock.monotonicMs() >= nextPollMs) {
      await port.write(pollOf(asked, turn++));
      nextPollMs = clock.monotonicMs() + asked.poll.everyMs;
    }
    const waitMs = Math.max(0, Math.min(untilMs, asked ? nextPollMs : untilMs) - clock.monotonicMs());
    const arrival = await port.take(waitMs);
    if (arrival === 'end') break;
    if (arrival === 'silence') continue;
    bytes += arrival.item.length;
    recogniser.feed(arrival.item);
  }
  recogniser.idle();
  const standings = recogniser.standings().filter(({ verdict }) => verdict !== null);
  return { path, line, bytes, standings, ...(asked ? { asked: asked.name } : {}) };
}

/** The last gate before the wire, as in the drivers: only what the family's own table allows. */
function pollOf(family: TalkingFamily, turn: number): Uint8Array {
  const packet = family.poll!.packet(turn);
  if (!family.emits.some(({ bytes }) => fits(packet, bytes))) throw new Error(`${family.name} would send what its table does not allow`);
  return packet;
}
