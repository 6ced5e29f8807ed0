import { type Clock, GB26875_2011, LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Behind, RowAbout } from './gb26875-behind.ts';
import type { CentreWindow, Place } from './gb26875-window.ts';
import type { Outbox } from './outbox.ts';

/** Rows read ahead of a lane: the journal is asked once for so many. */
const AHEAD_ROWS = 128;
const AHEAD_BYTES = 16 * 1024;

/** Why a centre is not told a test: what it takes for a fire it sends engines for. */
const TESTS_UNTOLD = 'this uplink is not told tests 测试不上报该链路';
/** Why it is not told an end any more: it would take it for that of what began since. */
const OVERTAKEN = 'the same began anew before the centre confirmed this end 结束确认前已再次发生';

/** A row as it goes to the centre, or why the centre is not told, or why the row is of no use. */
export interface Told extends RowAbout {
  readonly isFire: boolean;
  readonly isReading: boolean;
  readonly unit: Uint8Array | { readonly untold: string } | { readonly unreadable: string };
}

/** Rows looked through for a fire where a lane has rows that stand behind. */
const LOOK_ROWS = 256;

/** Pieces that are looked through for what is no reading before the next row goes: some 2,000 rows, so that an alarm waits for no more. */
const LOOK_PIECES = 16;

/** A reading goes after so many of the others, so that an input that chatters does not keep them all back. */
const OTHERS_IN_A_ROW = 7;

/** Rows of a lane, of one sort, in their order, behind a position and up to another. */
interface Strand {
  readonly has: (told: Told) => boolean;
  cursor: number;
  until: number;
  readonly fresh: Told[];
}

/**
 * The journal's rows for a centre, one by one: alarms before everything. The ordinary lane goes in two strands, each in its order: what is no
 * reading, and the readings; of readings a long backlog goes beside what was read since, which has a share of their turns. So neither a fault nor a
 * reading of now waits hours for the readings of last month, and no end of a state goes before its beginning. What the centre did not confirm stands behind
 * the others of its lane, and while that is so, fires go before the rest of theirs; but no end goes after what began anew since: a centre may
 * take what comes last for what is.
 */
export class CentreRows {
  readonly #outbox: Outbox;
  readonly #behind: Behind;
  readonly #alarms = strandOf(() => true);
  readonly #others = strandOf(({ isReading }) => !isReading);
  #readings = strandOf(({ isReading }) => isReading);
  /** What was read since a long backlog of readings was found; null while there is none. */
  #fresh: Strand | null = null;
  readonly #resting: Readonly<Record<Lane, Told[]>> = { alarm: [], ordinary: [] };
  #othersInARow = 0;
  /** Turns that are owed to the readings of now. */
  #freshTurns = 0;

  constructor(outbox: Outbox, behind: Behind) {
    this.#outbox = outbox;
    this.#behind = behind;
  }

  /** The next row that was not handed out yet and has a free place, with that place; null when none is to be sent now. */
  async next(window: CentreWindow): Promise<{ readonly told: Told; readonly place: Place } | null> {
    do {
      for (const lane of LANES) {
        for (const isBehind of [false, true]) {
          if (!window.isFree(lane, isBehind)) continue;
          this.#arrange();
          for (const strand of this.#strands(lane)) await this.#read(lane, strand);
          const told = isBehind ? this.#due(lane) : this.#first(lane);
          if (told) return { told: await this.#handed(told), place: { lane, isBehind } };
        }
      }
    } while (window.isFree('ordinary', false) && this.#others.cursor < this.#outbox.newest('ordinary'));
    return null;
  }

  /** What was told in this run is known here; what an earlier one told out of turn, the journal knows. */
  async #handed(told: Told): Promise<Told> {
    this.#behind.handed(told);
    const isOvertaken = this.#behind.isOvertaken(told) || (told.isEnd && (await this.#wasOvertaken(told)));
    return isOvertaken ? { ...told, unit: { untold: OVERTAKEN } } : told;
  }

  async #wasOvertaken({ lane, epoch, number, about }: Told): Promise<boolean> {
    if (about === null) return false;
    const newer = await this.#outbox.newerSettled(lane, epoch, number);
    return newer.map(({ profile, frame }) => readFor(profile, frame)).some((row) => row.about === about && row.unit instanceof Uint8Array);
  }

  /** Takes back a row that was not confirmed. */
  setBehind(told: Told): void {
    this.#resting[told.lane].push(told);
  }

  /** Resolves when a row that has a free place waits, be it behind; rejects with the signal's reason. */
  async wait(window: CentreWindow, clock: Clock, signal: AbortSignal): Promise<void> {
    const waits: Promise<void>[] = LANES.filter((lane) => window.isFree(lane, false)).map((lane) =>
      this.#outbox.wait(lane, this.#leader(lane).cursor, signal),
    );
    const resting = LANES.filter((lane) => window.isFree(lane, true)).flatMap((lane) => this.#resting[lane]);
    if (resting.length > 0) {
      const dueInMs = Math.min(...resting.map((told) => this.#behind.dueInMs(told)));
      waits.push(clock.sleep(Math.max(1, dueInMs), signal));
    }
    await Promise.race(waits);
  }

  #leader(lane: Lane): Strand {
    return lane === 'alarm' ? this.#alarms : this.#others;
  }

  #strands(lane: Lane): readonly Strand[] {
    return lane === 'alarm' ? [this.#alarms] : [this.#others, this.#readings, ...(this.#fresh ? [this.#fresh] : [])];
  }

  /** Parts the readings where their backlog is long, and joins them where it is through. */
  #arrange(): void {
    const { cursor, until, fresh } = this.#readings;
    const newest = this.#outbox.newest('ordinary');
    if (!this.#fresh) {
      if (cursor === 0 || newest - cursor <= limits.BACKLOG_LONG_ROWS) return;
      this.#readings.until = newest;
      this.#fresh = strandOf(this.#readings.has, newest);
    } else if (cursor >= until && fresh.length === 0) {
      this.#readings = this.#fresh;
      this.#fresh = null;
    }
  }

  /** Readings are read as far as all before them was looked through for the others. */
  async #read(lane: Lane, strand: Strand): Promise<void> {
    const wanted = this.#behind.hasAny(lane) ? LOOK_ROWS : 1;
    const leader = this.#leader(lane);
    const end = () => Math.min(strand.until, strand === leader ? this.#outbox.newest(lane) : leader.cursor);
    for (let piece = 0; piece < LOOK_PIECES && strand.fresh.length < wanted && end() > strand.cursor; piece++) {
      const { rows, epoch, profile, last } = await this.#outbox.take(lane, strand.cursor, AHEAD_ROWS, AHEAD_BYTES, end());
      strand.cursor = last;
      for (const { number, frame } of rows) {
        const told = { lane, epoch, number, ...readFor(profile, frame) };
        if (strand.has(told)) (this.#behind.has(told) ? this.#resting[lane] : strand.fresh).push(told);
      }
    }
  }

  #first(lane: Lane): Told | null {
    const { fresh } = lane === 'alarm' ? this.#alarms : this.#turn();
    const fire = this.#behind.hasAny(lane) ? fresh.findIndex(({ isFire }) => isFire) : 0;
    return fresh.splice(Math.max(0, fire), 1)[0] ?? null;
  }

  /** Whose turn it is in the ordinary lane. */
  #turn(): Strand {
    const hasReading = this.#readings.fresh.length > 0 || (this.#fresh?.fresh.length ?? 0) > 0;
    const isTheirs = hasReading && (this.#others.fresh.length === 0 || this.#othersInARow >= OTHERS_IN_A_ROW);
    this.#othersInARow = isTheirs ? 0 : this.#othersInARow + 1;
    return isTheirs ? this.#readingsTurn() : this.#others;
  }

  #readingsTurn(): Strand {
    if (!this.#fresh || this.#fresh.fresh.length === 0) return this.#readings;
    if (this.#readings.fresh.length === 0) return this.#fresh;
    this.#freshTurns += limits.FRESH_SHARE;
    if (this.#freshTurns < 1) return this.#readings;
    this.#freshTurns -= 1;
    return this.#fresh;
  }

  /** Fires first, then what was tried least. */
  #due(lane: Lane): Told | null {
    const behind = this.#resting[lane];
    const [first] = behind
      .filter((told) => this.#behind.dueInMs(told) <= 0)
      .sort((a, b) => Number(b.isFire) - Number(a.isFire) || this.#behind.tries(a) - this.#behind.tries(b));
    if (first) behind.splice(behind.indexOf(first), 1);
    return first ?? null;
  }
}

function strandOf(has: Strand['has'], cursor = 0): Strand {
  return { has, cursor, until: Number.POSITIVE_INFINITY, fresh: [] };
}

/** The event is read back from the frame of the gateway's own profile and told in the words of the standard. */
function readFor(profile: string, frame: Uint8Array): Pick<Told, 'unit' | 'isFire' | 'isReading' | 'about' | 'isEnd'> {
  const read = PROFILES.get(profile)?.read(frame) ?? { undecodable: `no profile ${profile}` };
  if ('undecodable' in read) return { unit: { unreadable: read.undecodable }, isFire: false, isReading: false, about: null, isEnd: false };
  const { kind, edge, source, part } = read.event;
  const [isFire, isReading] = [kind === 'fire', kind === 'reading'];
  const row = { isFire, isReading, about: isReading ? null : JSON.stringify([source, part, kind]), isEnd: edge === 'ended' };
  if (isTest(read.event)) return { unit: { untold: TESTS_UNTOLD }, ...row, about: null };
  const written = GB26875_2011.write(read.event);
  return { unit: 'unit' in written ? written.unit : { untold: written.unsayable }, ...row };
}

function isTest({ kind, test = [] }: SiteEvent): boolean {
  return kind === 'test' || test.length > 0;
}
