import { type Clock, Failure, type Holding, LANES, type Lane, type Receipt, type SiteEvent } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { Clerk } from './clerk.ts';
import type {
  Before,
  Earlier,
  EarlierKind,
  JournalSizes,
  JournalState,
  KeptFrame,
  KnownRow,
  Moment,
  Older,
  Opened,
  Outranking,
  Question,
  Settled,
  Stored,
  Taken,
} from './messages.ts';

export type {
  Before,
  Earlier,
  EarlierKind,
  EarlierRow,
  JournalSizes,
  JournalState,
  LaneState,
  Settled,
  Stored,
  Taken,
} from './messages.ts';
export { type JournalNews, JournalWatch } from './watch.ts';

/** The gateway's durable, numbered queue of frames, which every uplink follows at its own pace. */
export interface Journal {
  /** How the run before this one ended; null on a journal that was born just now, and where the file that knows cannot be opened. */
  readonly before: Before | null;
  /** Starts of the gateway, this one included. */
  readonly boot: number;
  /**
   * Durable when it returns: the rows survive a kill and a power cut. Rejects with a Failure when that cannot be promised; then
   * nobody may be told that the events were taken, and rows of some of them may stand all the same (only one lane's disk failed, the
   * answer never came): with `again` the journal looks for rows of these ids first and answers those. Answers a row for each event, in
   * order, except readings and signs of life that were given up because there is no room left for them; those are counted (`thinned`).
   */
  append(events: readonly SiteEvent[], again?: boolean): Promise<readonly Stored[]>;
  /** The journal as one uplink sees it, by its name. */
  outbox(uplink: string): JournalOutbox;
  state(): Promise<JournalState>;
  /** The newest rows of each lane, settled ones too: what a copy of something said before is known by. */
  newestRows(rowsMax: number): Promise<readonly KnownRow[]>;
  /** Rows of a lane before a position with their frames, the newest first: a short piece, or an alarm waits behind it. */
  earlier(lane: Lane, what: EarlierKind, before: number, rowsMax: number): Promise<Earlier>;
  /** Position of the last row of a lane, as far as this process knows; 0 while its file cannot be opened and rows of it were asked for. */
  newest(lane: Lane): number;
  /** Resolves when a lane has a row behind a position; rejects with the signal's reason. */
  wait(lane: Lane, after: number, signal: AbortSignal): Promise<void>;
  /** Notes that the gateway lives, so that the next start knows how long it was blind after a crash. */
  alive(): Promise<JournalState>;
  /** Commits what waits, checkpoints and closes. Everything asked later is refused. */
  close(): Promise<void>;
}

/** What of the journal one uplink has not settled yet, whatever the others have. */
export interface JournalOutbox {
  /** Rows of a lane that wait for this uplink's receipt, behind a position (0: from the lowest). At least one when there is any. */
  take(lane: Lane, after: number, rowsMax: number, bytesMax: number, upTo?: number): Promise<Taken>;
  /** Marks rows as accepted or rejected by this uplink. What the receipt does not name stays. */
  settle(receipt: Receipt): Promise<Settled>;
  /**
   * Hears how far the series of this gateway have come at this uplink's collector, and how far this run has `sent` them. A journal that knows
   * less was put back from a copy: it begins a new epoch above all, and what waits there and that collector cannot have gets numbers of it.
   * Where it is told to stop between two pieces, the rest is done when that collector is heard again.
   */
  outrank(series: readonly Holding[], sent: readonly Holding[], stop?: AbortSignal): Promise<void>;
  /** What this uplink has settled that is newer than a row it is still owed, of the same kind, no end, and may be of the same point. */
  newerSettled(lane: Lane, epoch: number, number: number): Promise<readonly KeptFrame[]>;
  /** As in `Journal`. */
  newest(lane: Lane): number;
  wait(lane: Lane, after: number, signal: AbortSignal): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  /** Name of the profile that turns events into frames. */
  readonly profile: string;
  /** Addresses and zone written into every frame. */
  readonly envelope: { readonly source: number; readonly destination: number; readonly zoneMinutes: number };
  /**
   * Names of the uplinks, one to four: a row waits until each has settled it. One that is new where another is gone takes over what
   * that one was owed; one that is new beside the others begins with what nobody has settled yet.
   */
  readonly uplinks: readonly string[];
  readonly clock: Clock;
  /** Whether the wall clock is known to be right just now. */
  readonly clockSynchronised: () => boolean;
  readonly answerTimeoutMs?: number;
  /** What differs from the limits of the gateway. */
  readonly sizes?: Partial<JournalSizes>;
  /** Where the machine's name stands: a journal that is continued on another machine begins a new epoch. */
  readonly machineFile?: string;
  /** Whose journal it is: what another gateway had is continued in a new epoch. Absent: nobody asks. */
  readonly gateway?: string;
}

const SIZES: JournalSizes = {
  ballastBytes: limits.JOURNAL_BALLAST_BYTES,
  ordinaryBytesMax: limits.JOURNAL_ORDINARY_BYTES_MAX,
  alarmBytesMax: limits.JOURNAL_ALARM_BYTES_MAX,
  keepRows: limits.JOURNAL_KEEP_ROWS,
  checkBytesMax: limits.JOURNAL_CHECK_BYTES_MAX,
};

/** The sizes a site sets. */
export function sizesOf({ ordinaryMiB, ballastMiB }: { readonly ordinaryMiB: number; readonly ballastMiB: number }): Partial<JournalSizes> {
  return { ordinaryBytesMax: ordinaryMiB * 1024 * 1024, ballastBytes: ballastMiB * 1024 * 1024 };
}

/** Named once when a system is installed. */
const MACHINE_FILE = '/etc/machine-id';

/** Opens or creates the journal of a directory. Rejects with a Failure (`journal-newer`, `journal-locked`, `journal-io` …). */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const {
    directory,
    profile,
    envelope,
    uplinks,
    clock,
    answerTimeoutMs = limits.JOURNAL_ANSWER_TIMEOUT_MS,
    machineFile = MACHINE_FILE,
    gateway = null,
  } = options;
  const sizes = { ...SIZES, ...options.sizes };
  const start = { directory, profile, ...envelope, uplinks, wallMs: Math.round(clock.wallMs()), boot: null, sizes, machineFile, gateway };
  const newest: Record<Lane, number> = { alarm: 0, ordinary: 0 };
  const clerk = new Clerk(start, () => ({ ...newest }), answerTimeoutMs);
  const opened = await clerk.open();
  return new WorkerJournal(options, clerk, newest, opened);
}

interface Waiter {
  readonly lane: Lane;
  readonly after: number;
  readonly wake: () => void;
}

class WorkerJournal implements Journal {
  readonly before: Before | null;
  readonly boot: number;
  readonly #options: JournalOptions;
  readonly #clerk: Clerk;
  readonly #startedMs: number;
  readonly #newest: Record<Lane, number>;
  readonly #waiters = new Set<Waiter>();
  /** Lanes of which rows were asked for while their file could not be opened, and that it is not known to open again. */
  readonly #shut = new Set<Lane>();
  #eventsWaiting = 0;

  constructor(options: JournalOptions, clerk: Clerk, newest: Record<Lane, number>, opened: Opened) {
    this.#options = options;
    this.#clerk = clerk;
    this.#newest = newest;
    this.#startedMs = options.clock.monotonicMs();
    this.before = opened.before;
    this.boot = opened.boot;
    this.#learn(opened.positions);
  }

  async append(events: readonly SiteEvent[], again = false): Promise<readonly Stored[]> {
    if (this.#eventsWaiting + events.length > limits.JOURNAL_WAITING_MAX) throw fail('journal-busy', `${this.#eventsWaiting} events wait`);
    const moment = this.#now();
    this.#eventsWaiting += events.length;
    try {
      const stored = await this.#clerk.ask({ ask: 'append', events, again, moment });
      for (const { lane, position } of stored) this.#newest[lane] = Math.max(this.#newest[lane], position);
      this.#wake();
      return stored;
    } finally {
      this.#eventsWaiting -= events.length;
    }
  }

  outbox(uplink: string): JournalOutbox {
    if (!this.#options.uplinks.includes(uplink)) throw new RangeError(`no such uplink: ${uplink}`);
    return {
      take: (lane, after, rowsMax, bytesMax, upTo = Number.MAX_SAFE_INTEGER) =>
        this.#take({ ask: 'take', uplink, lane, after, upTo, rowsMax, bytesMax }),
      settle: (receipt) => this.#clerk.ask({ ask: 'settle', uplink, receipt, wallMs: Math.round(this.#options.clock.wallMs()) }),
      outrank: (series, sent, stop) => this.#outrank(uplink, { series, sent }, stop),
      newerSettled: (lane, epoch, number) => this.#clerk.ask({ ask: 'newer', uplink, lane, epoch, number }),
      newest: (lane) => this.newest(lane),
      wait: (lane, after, signal) => this.wait(lane, after, signal),
    };
  }

  /** Of a lane whose file cannot be opened nothing waits until it can: the other goes on over the same connection. */
  async #take(question: Extract<Question, { ask: 'take' }>): Promise<Taken> {
    const { lane, after } = question;
    try {
      return await this.#clerk.ask(question);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'journal-unopened') throw error;
      this.#shut.add(lane);
      return { epoch: 0, profile: '', rows: [], last: after };
    }
  }

  async #outrank(uplink: string, held: Pick<Outranking, 'series' | 'sent'>, stop?: AbortSignal): Promise<void> {
    const wallMs = Math.round(this.#options.clock.wallMs());
    let older: Older | null = null;
    for (let piece = 0; piece === 0 || (older && piece < limits.SUPERSEDED_PIECES_MAX && !stop?.aborted); piece++)
      older = await this.#clerk.ask({ ask: 'outrank', uplink, ...held, wallMs, older });
    await this.state(); // rows may stand elsewhere now
  }

  async state(): Promise<JournalState> {
    const state = await this.#clerk.ask({ ask: 'state' });
    this.#learn({ alarm: state.lanes.alarm.position, ordinary: state.lanes.ordinary.position });
    for (const lane of LANES) if (state.lanes[lane].failure === null) this.#shut.delete(lane);
    this.#wake();
    return state;
  }

  newestRows(rowsMax: number): Promise<readonly KnownRow[]> {
    return this.#clerk.ask({ ask: 'newest', rowsMax });
  }

  earlier(lane: Lane, what: EarlierKind, before: number, rowsMax: number): Promise<Earlier> {
    return this.#clerk.ask({ ask: 'earlier', lane, what, before, rowsMax });
  }

  newest(lane: Lane): number {
    return this.#shut.has(lane) ? 0 : this.#newest[lane];
  }

  wait(lane: Lane, after: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.newest(lane) > after) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        lane,
        after,
        wake: () => {
          signal.removeEventListener('abort', stop);
          resolve();
        },
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiters.add(waiter);
    });
  }

  async alive(): Promise<JournalState> {
    const moment = this.#now();
    // Asked together and answered in this order: the trip takes no longer than one answer may.
    const [, state] = await Promise.all([this.#clerk.ask({ ask: 'alive', moment }), this.state()]);
    if (Math.max(...LANES.map((lane) => state.lanes[lane].aliveMs)) < moment.wallMs)
      throw fail('journal-io', 'a sign of life was written and is not there');
    return state;
  }

  close(): Promise<void> {
    return this.#clerk.close();
  }

  #now(): Moment {
    const { clock, clockSynchronised } = this.#options;
    return {
      wallMs: Math.round(clock.wallMs()),
      monotonicMs: Math.round(clock.monotonicMs() - this.#startedMs),
      synchronised: clockSynchronised(),
    };
  }

  /** Rows can also come back from a damaged file, without an append. */
  #learn(positions: Readonly<Record<Lane, number>>): void {
    for (const lane of LANES) this.#newest[lane] = Math.max(this.#newest[lane], positions[lane]);
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (this.newest(waiter.lane) <= waiter.after) continue;
      this.#waiters.delete(waiter);
      waiter.wake();
    }
  }
}
