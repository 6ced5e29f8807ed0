import type { GatewayNote, Holding, Lane, Receipt, Row, SiteEvent } from '@fengsui/protocol';
import type { FailureCode } from '../failures.ts';

/** What an event became when it was made durable. */
export interface Stored {
  readonly eventId: string;
  readonly lane: Lane;
  readonly epoch: number;
  /** In its lane and epoch, from 1, without gaps. */
  readonly number: number;
  /** Over both lanes. */
  readonly order: number;
  /** In the file of its lane: what `take` and `wait` count by. */
  readonly position: number;
}

/** Rows that wait for a receipt of one uplink: of one lane, one epoch and one profile, in order. */
export interface Taken {
  readonly epoch: number;
  readonly profile: string;
  readonly rows: readonly Row[];
  /** Nothing that waits stands between the `after` of the question and this position, except `rows`. */
  readonly last: number;
}

/** A row as far as one knows it again: the event in it, what it is about, and the wall clock when it was written. */
export interface KnownRow {
  readonly eventId: string;
  readonly wallMs: number;
  /** Its place in the count over both lanes. */
  readonly ordinal: number;
  readonly source: string;
  readonly kind: string;
  readonly edge: string;
  /** As `pointOf` says it; null in rows that were put back. */
  readonly point: string | null;
}

/** A row of an earlier run, with its frame: what was said then, for those who want to know how the site stood. */
export interface EarlierRow {
  /** Its place in the count over both lanes. */
  readonly ordinal: number;
  readonly boot: number;
  readonly source: string;
  readonly kind: string;
  /** As `pointOf` says it; null in rows that were put back. */
  readonly point: string | null;
  readonly profile: string;
  readonly frame: Uint8Array;
}

/** What says how the site stands, or what says itself again and again: readings and signs of life. */
export type EarlierKind = 'states' | 'readings';

/** Sound rows of one lane, the newest first, of what says itself again and again (readings, signs of life) only the newest of each point. */
export interface Earlier {
  readonly rows: readonly EarlierRow[];
  /** All behind this position were looked at; 0: there is nothing before. */
  readonly first: number;
}

export interface Settled {
  readonly accepted: number;
  readonly rejected: number;
  /** Numbers that were not waiting: settled before, or never given out. */
  readonly unknown: number;
}

/** What an uplink is owed, and what it lost. */
export interface Due {
  readonly waiting: number;
  /** Wall clock of the oldest row that waits; null when none does. */
  readonly oldestMs: number | null;
  /** Rows it never had because they were given up for want of room, since the file was born or has known it. */
  readonly thinned: number;
}

export interface LaneState {
  /** Why its file cannot be opened just now, with the remedy; null: it is open. While it is not, the rest is as it was last known. */
  readonly failure: string | null;
  readonly epoch: number;
  /** Last number given out. */
  readonly newest: number;
  /** Rows that at least one uplink has not settled. */
  readonly waiting: number;
  /** Rows that all have settled and any rejected. */
  readonly rejected: number;
  /** Rows found damaged, never sent. */
  readonly quarantined: number;
  /** Wall clock of the oldest row that waits; null when none does. */
  readonly oldestMs: number | null;
  /** The last sign of life in the file, read back from it; wall clock. The ordinary lane's is kept up, the other's while that file is shut. */
  readonly aliveMs: number;
  /** What each uplink is owed, and what it lost, by its name. */
  readonly uplinks: Readonly<Record<string, Due>>;
  /** Last position in the file. */
  readonly position: number;
  /** SQLite's setting as it is now: 2 is FULL. */
  readonly synchronous: number;
  /** Size of the file and its write-ahead log. */
  readonly bytes: number;
  /** What of the file holds rows; the rest is used again. */
  readonly usedBytes: number;
  /** Rows without a receipt that were given up for want of room, since the file was born: readings first, an alarm that waits never. */
  readonly thinned: number;
  /** Wall clock of the newest row that every uplink had and that was given up for want of room, since the file was opened; null: none was. */
  readonly forgottenMs: number | null;
}

/** The volume the journal lies on. */
export interface SpaceState {
  /** The volume was found full: readings are given up at the door until there is room for the ballast again. */
  readonly isFull: boolean;
  /** 0 to 1, as an ordinary user sees it. */
  readonly usedShare: number;
  readonly freeBytes: number;
  /** Bytes held in reserve for alarms; 0 while they are given away. */
  readonly ballastBytes: number;
}

export interface JournalState {
  readonly boot: number;
  readonly lanes: Readonly<Record<Lane, LaneState>>;
  /** Transactions that became durable since the worker started. */
  readonly commits: number;
  /** Files that were moved aside because they were damaged, since the worker started. */
  readonly damagedFiles: readonly string[];
  /** What was found wrong with the files and what became of it, in words, since the worker started. */
  readonly findings: readonly string[];
  readonly space: SpaceState;
  /** The last time every row was read against its checksum; null before the first. `remembered`: rows that waited for nobody, owed to all since. */
  readonly scrubbed: { readonly endedMs: number; readonly rows: number; readonly remembered: number } | null;
  /** Failures to read or write since the worker started; after each the file was opened anew. */
  readonly diskFailures: number;
  readonly lastDiskFailure: string | null;
}

/** How the run before this one ended. */
export interface Before {
  /** When it last showed a sign of life, by its wall clock. */
  readonly aliveMs: number;
  /** Its last word, where that was about the gateway itself. */
  readonly note: GatewayNote | null;
}

export interface Opened extends Pick<JournalState, 'boot'> {
  /** null on a journal that was born just now, and where the file that knows cannot be opened. */
  readonly before: Before | null;
  /** Last position of each lane. */
  readonly positions: Readonly<Record<Lane, number>>;
}

/** When something was heard, by the three clocks a row keeps. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly synchronised: boolean;
}

/** Rows of an epoch that are still to be looked at, before a position of each lane, where a collector holds more than the journal. */
export interface Older {
  readonly epoch: number;
  readonly before: Readonly<Record<Lane, number>>;
}

/** How far the series of this gateway have come at the collector of an uplink. */
export interface Outranking {
  readonly uplink: string;
  readonly series: readonly Holding[];
  /** How far this run has sent them, to whomever. */
  readonly sent: readonly Holding[];
  readonly wallMs: number;
  /** What the answer before left; null in the first question. */
  readonly older: Older | null;
}

/** A frame, and the profile it is written in. */
export interface KeptFrame {
  readonly profile: string;
  readonly frame: Uint8Array;
}

export type Question =
  | { readonly ask: 'append'; readonly events: readonly SiteEvent[]; readonly again: boolean; readonly moment: Moment }
  | {
      readonly ask: 'take';
      readonly uplink: string;
      readonly lane: Lane;
      /** Positions: behind the one, not behind the other. */
      readonly after: number;
      readonly upTo: number;
      readonly rowsMax: number;
      readonly bytesMax: number;
    }
  | { readonly ask: 'settle'; readonly uplink: string; readonly receipt: Receipt; readonly wallMs: number }
  | ({ readonly ask: 'outrank' } & Outranking)
  | { readonly ask: 'newest'; readonly rowsMax: number }
  | { readonly ask: 'earlier'; readonly lane: Lane; readonly what: EarlierKind; readonly before: number; readonly rowsMax: number }
  | { readonly ask: 'newer'; readonly uplink: string; readonly lane: Lane; readonly epoch: number; readonly number: number }
  | { readonly ask: 'alive'; readonly moment: Moment }
  | { readonly ask: 'state' }
  | { readonly ask: 'close' };

export interface Answers {
  append: readonly Stored[];
  take: Taken;
  settle: Settled;
  outrank: Older | null;
  newest: readonly KnownRow[];
  earlier: Earlier;
  newer: readonly KeptFrame[];
  alive: null;
  state: JournalState;
  close: null;
}

export interface Told {
  readonly code: FailureCode;
  readonly detail: string;
}

export type ToWorker = Question & { readonly id: number };
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Told });
export type FromWorker = { readonly opened: Opened } | { readonly refused: Told } | { readonly answers: readonly Answer[] };

/** How much of what a journal keeps. */
export interface JournalSizes {
  /** Bytes held in reserve for alarms; 0: none. */
  readonly ballastBytes: number;
  /** Beyond this the ordinary lane gives up rows. */
  readonly ordinaryBytesMax: number;
  /** Beyond this the alarm lane gives up rows that are settled; one that waits never. */
  readonly alarmBytesMax: number;
  /** Settled rows kept at least, of each kind in each lane. */
  readonly keepRows: number;
  /** A lane's file up to this size is read whole when it is opened; a larger one as it is used, and through by night. */
  readonly checkBytesMax: number;
}

/** What the worker is born with. */
export interface WorkerStart {
  readonly directory: string;
  readonly profile: string;
  readonly source: number;
  readonly destination: number;
  readonly zoneMinutes: number;
  /** Names of the uplinks that rows are owed to. */
  readonly uplinks: readonly string[];
  readonly wallMs: number;
  /** The boot this run already has, when the worker is a replacement. */
  readonly boot: number | null;
  /** Positions already known outside, when the worker is a replacement: a new file counts on from there. */
  readonly positions: Readonly<Record<Lane, number>>;
  readonly sizes: JournalSizes;
  /** Where the machine's name stands. */
  readonly machineFile: string;
  /** Whose journal it is; null: nobody asks. */
  readonly gateway: string | null;
}
