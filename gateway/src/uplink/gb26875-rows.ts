import { GB26875_2011, LANES, type Lane, PROFILES, type Row, type SiteEvent } from '@fengsui/protocol';
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
  readonly unit: Uint8Array | { readonly untold: string } | { readonly unreadable: string };
}

interface Ahead {
  cursor: number;
  epoch: number;
  profile: string;
  rows: Row[];
}

/** The journal's rows for a centre, one by one: alarms before everything, in order within a lane. */
export class CentreRows {
  readonly #outbox: Outbox;
  readonly #lanes: Readonly<Record<Lane, Ahead>> = { alarm: empty(), ordinary: empty() };

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The next row that was not handed out yet; null when none waits. */
  async next(): Promise<Told | null> {
    for (const lane of LANES) {
      const row = await this.#nextOf(lane);
      if (row) return row;
    }
    return null;
  }

  /** Resolves when a row of either lane waits; rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    await Promise.race(LANES.map((lane) => this.#outbox.wait(lane, this.#lanes[lane].cursor, signal)));
  }

  async #nextOf(lane: Lane): Promise<Told | null> {
    const ahead = this.#lanes[lane];
    while (ahead.rows.length === 0) {
      if (this.#outbox.newest(lane) <= ahead.cursor) return null;
      const { rows, epoch, profile, last } = await this.#outbox.take(lane, ahead.cursor, AHEAD_ROWS, AHEAD_BYTES);
      Object.assign(ahead, { rows: [...rows], epoch, profile, cursor: last });
    }
    const { epoch, profile } = ahead;
    const { number, frame } = ahead.rows.shift()!;
    return { lane, epoch, number, unit: unitFor(profile, frame) };
  }
}

function empty(): Ahead {
  return { cursor: 0, epoch: 0, profile: '', rows: [] };
}

/** The event is read back from the frame of the gateway's own profile and told in the words of the standard. */
function unitFor(profile: string, frame: Uint8Array): Told['unit'] {
  const read = PROFILES.get(profile)?.read(frame) ?? { undecodable: `no profile ${profile}` };
  if ('undecodable' in read) return { unreadable: read.undecodable };
  if (isTest(read.event)) return { untold: TESTS_UNTOLD };
  const written = GB26875_2011.write(read.event);
  return 'unit' in written ? written.unit : { untold: written.unsayable };
}

function isTest({ kind, test = [] }: SiteEvent): boolean {
  return kind === 'test' || test.length > 0;
}
