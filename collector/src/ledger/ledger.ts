import type { Batch, Holding, Lane, Receipt, SiteEvent } from '@fengsui/protocol';
import type { Orders } from './orders.ts';

export type { NewOrder, OrderRecord, Orders, Received } from './orders.ts';

/** One event of record. */
export interface Entry {
  /** Place in the ledger, from 1: grows in the order of commits, may skip, never changes. */
  readonly position: number;
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
  /** Of its lane, from 1: with gateway, epoch and lane the identity of the entry. */
  readonly number: number;
  /** Over both lanes of the gateway: the order in which it heard things. Folds order by (epoch, ordinal), never by arrival. */
  readonly ordinal: number;
  /** Counts starts of the gateway. */
  readonly boot: number;
  /** Milliseconds since that start. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970-01-01 UTC by the gateway's clock. */
  readonly wallMs: number;
  readonly clockSynchronised: boolean;
  readonly profile: string;
  /** Milliseconds since 1970-01-01 UTC by the collector's clock, when the entry was committed. */
  readonly committedMs: number;
  readonly event: SiteEvent;
}

/** Bytes that are no entry and never will be: evidence. */
export interface Quarantined {
  readonly gateway: string;
  /** Lane of the topic they came on. */
  readonly lane: Lane;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** How far an outlet has come, by its name. Durable; only grows: a smaller position is no error and changes nothing. */
export interface Cursor {
  /** 0 for an outlet that never moved. */
  read(): Promise<number>;
  /** Durable when it resolves. */
  move(position: number): Promise<void>;
}

/** Numbers that did not arrive although higher ones did (P10). */
export interface Gap {
  readonly first: number;
  readonly last: number;
  /** Milliseconds since 1970-01-01 UTC, when the collector noticed. */
  readonly sinceMs: number;
}

/** One numbered series as the collector knows it. */
export interface Series {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
  /** Every number up to here is in the ledger or in quarantine. */
  readonly contiguous: number;
  readonly highest: number;
  /** How many numbers are missing in all. */
  readonly missing: number;
  /** The lowest of them, at most ten ranges. */
  readonly gaps: readonly Gap[];
  /** Milliseconds since 1970-01-01 UTC, when something of it was last committed. */
  readonly committedMs: number;
}

/** How far the numbers of a gateway have come; all 0 for one that is not in the ledger, its epoch then 1. */
export interface Numbering {
  readonly epoch: number;
  /** Of the last row over both lanes. */
  readonly order: number;
  /** Of the last row. */
  readonly boot: number;
  /** The last number of each lane. */
  readonly numbers: Readonly<Record<Lane, number>>;
}

/** A series of which numbers did not arrive although higher ones did. */
export interface Missing {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
  /** How many. */
  readonly missing: number;
  /** The first of them. */
  readonly lowest: number;
}

/** What the ledger should hold and does not. */
export interface Lacking {
  /** Entries that were found damaged, also where the quarantine could not be written yet; of them the lowest positions, at most ten. */
  readonly damaged: { readonly count: number; readonly positions: readonly number[] };
  readonly missing: readonly Missing[];
}

export interface LedgerState {
  /** Of the last entry; 0 while empty. */
  readonly position: number;
  readonly entries: number;
  /** Distinct things in quarantine, damaged entries counted. */
  readonly quarantined: number;
  readonly damaged: Lacking['damaged'];
  /** Rows delivered again although known: confirmed, not stored. Since start. */
  readonly repeated: number;
  /** Ordered by gateway, epoch, lane. */
  readonly series: readonly Series[];
}

/**
 * The append-only record of events: once per (gateway, epoch, lane, number). SQLite and PostgreSQL pass one conformance suite.
 * Everything that fails for trouble with the disk or the database rejects with a `Failure` and leaves the ledger as it was.
 */
export interface Ledger {
  /**
   * Durable when it resolves, all deliveries or none. One receipt a delivery, in order: every row of it is accepted or rejected.
   * Known rows are accepted again and not stored again. Rows that cannot be read, and rows that carry another frame than the
   * entry of the same identity, are rejected and lie in quarantine.
   */
  append(deliveries: readonly Batch[]): Promise<readonly Receipt[]>;
  /** Keeps bytes that are no batch. Durable when it resolves; the same bytes again only count. */
  quarantine(found: readonly Quarantined[]): Promise<void>;
  /** Where the numbers of a gateway stand that the collector numbers itself (`cloud-…`): its next rows go on behind them. */
  numbering(gateway: string): Promise<Numbering>;
  /** How far each series of a gateway has come, the newest epochs first; of very many epochs the newest alone. */
  holdings(gateway: string): Promise<readonly Holding[]>;
  /** Which of these events of such a gateway are in the ledger: a cloud repeats what was stored and not answered. */
  known(gateway: string, eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * At most `max` entries behind `position`, in order of position; none where none can be read. An entry that is no longer what was
   * written is passed over and lies in quarantine with all that is left of it: what stands behind it goes on. Where the quarantine
   * cannot be written it is in `lacking` meanwhile, and is written with a later read.
   */
  after(position: number, max: number): Promise<readonly Entry[]>;
  /** Resolves when something that may be read lies behind `position`; rejects with the signal's reason when that comes first. */
  wait(position: number, signal: AbortSignal): Promise<void>;
  cursor(outlet: string): Cursor;
  /** What people asked of gateways. */
  readonly orders: Orders;
  state(): Promise<LedgerState>;
  /** Cheap however many series there are: to be asked every second. */
  lacking(): Promise<Lacking>;
  /** Finishes what was handed over, then closes. What is asked afterwards rejects. */
  close(): Promise<void>;
}
