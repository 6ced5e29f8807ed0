import { type Clock, GB26875_2011, LANES, type Lane, PROFILES, type SiteEvent } from '@fengsui/protocol';
import type { Behind } from './gb26875-behind.ts';
import type { CentreWindow, Place } from './gb26875-window.ts';
import type { Outbox } from './outbox.ts';

/** Rows read ahead of a lane: the journal is asked once for so many. */
const AHEAD_ROWS = 16;
const AHEAD_BYTES = 16 * 1024;

/** Why a centre is not told a test: what it takes for a fire it sends engines for. */
const TESTS_UNTOLD = 'this uplink is not told tests 测试不上报该链路';

/** A row as it goes to the centre, or why the centre is not told, or why the row is of no use. */
export interface Told {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
  readonly isFire: boolean;
  readonly unit: Uint8Array | { readonly untold: string } | { readonly unreadable: string };
}

/** Rows looked through for a fire where a lane has rows that stand behind. */
const LOOK_ROWS = 256;

interface Ahead {
  cursor: number;
  readonly fresh: Told[];
  readonly behind: Told[];
}

/**
 * The journal's rows for a centre, one by one: alarms before everything, in order within a lane. What the centre did not confirm stands
 * behind the others of its lane, and while that is so, fires go before the rest of theirs.
 */
export class CentreRows {
  readonly #outbox: Outbox;
  readonly #behind: Behind;
  readonly #lanes: Readonly<Record<Lane, Ahead>> = { alarm: empty(), ordinary: empty() };

  constructor(outbox: Outbox, behind: Behind) {
    this.#outbox = outbox;
    this.#behind = behind;
  }

  /** The next row that was not handed out yet and has a free place, with that place; null when none is to be sent now. */
  async next(window: CentreWindow): Promise<{ readonly told: Told; readonly place: Place } | null> {
    for (const lane of LANES) {
      for (const isBehind of [false, true]) {
        if (!window.isFree(lane, isBehind)) continue;
        await this.#read(lane);
        const told = isBehind ? this.#due(lane) : this.#first(lane);
        if (told) return { told, place: { lane, isBehind } };
      }
    }
    return null;
  }

  /** Takes back a row that was not confirmed. */
  setBehind(told: Told): void {
    this.#lanes[told.lane].behind.push(told);
  }

  /** Resolves when a row that has a free place waits, be it behind; rejects with the signal's reason. */
  async wait(window: CentreWindow, clock: Clock, signal: AbortSignal): Promise<void> {
    const waits: Promise<void>[] = LANES.filter((lane) => window.isFree(lane, false)).map((lane) =>
      this.#outbox.wait(lane, this.#lanes[lane].cursor, signal),
    );
    const resting = LANES.filter((lane) => window.isFree(lane, true)).flatMap((lane) => this.#lanes[lane].behind);
    if (resting.length > 0) {
      const dueInMs = Math.min(...resting.map((told) => this.#behind.dueInMs(told)));
      waits.push(clock.sleep(Math.max(1, dueInMs), signal));
    }
    await Promise.race(waits);
  }

  async #read(lane: Lane): Promise<void> {
    const ahead = this.#lanes[lane];
    const wanted = this.#behind.hasAny(lane) ? LOOK_ROWS : 1;
    while (ahead.fresh.length < wanted && this.#outbox.newest(lane) > ahead.cursor) {
      const { rows, epoch, profile, last } = await this.#outbox.take(lane, ahead.cursor, AHEAD_ROWS, AHEAD_BYTES);
      ahead.cursor = last;
      for (const { number, frame } of rows) {
        const told = { lane, epoch, number, ...readFor(profile, frame) };
        (this.#behind.has(told) ? ahead.behind : ahead.fresh).push(told);
      }
    }
  }

  #first(lane: Lane): Told | null {
    const { fresh } = this.#lanes[lane];
    const fire = this.#behind.hasAny(lane) ? fresh.findIndex(({ isFire }) => isFire) : 0;
    return fresh.splice(Math.max(0, fire), 1)[0] ?? null;
  }

  /** Fires first, then what was tried least. */
  #due(lane: Lane): Told | null {
    const { behind } = this.#lanes[lane];
    const [first] = behind
      .filter((told) => this.#behind.dueInMs(told) <= 0)
      .sort((a, b) => Number(b.isFire) - Number(a.isFire) || this.#behind.tries(a) - this.#behind.tries(b));
    if (first) behind.splice(behind.indexOf(first), 1);
    return first ?? null;
  }
}

function empty(): Ahead {
  return { cursor: 0, fresh: [], behind: [] };
}

/** The event is read back from the frame of the gateway's own profile and told in the words of the standard. */
function readFor(profile: string, frame: Uint8Array): Pick<Told, 'unit' | 'isFire'> {
  const read = PROFILES.get(profile)?.read(frame) ?? { undecodable: `no profile ${profile}` };
  if ('undecodable' in read) return { unit: { unreadable: read.undecodable }, isFire: false };
  const isFire = read.event.kind === 'fire';
  if (isTest(read.event)) return { unit: { untold: TESTS_UNTOLD }, isFire };
  const written = GB26875_2011.write(read.event);
  return { unit: 'unit' in written ? written.unit : { untold: written.unsayable }, isFire };
}

function isTest({ kind, test = [] }: SiteEvent): boolean {
  return kind === 'test' || test.length > 0;
}
