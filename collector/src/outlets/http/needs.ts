import type { Lane, OrderKind, Words } from '@fengsui/protocol';
import type { Entry, Ledger, OrderRecord } from '../../ledger/ledger.ts';
import type { OutletReport } from '../outlet.ts';
import type { Guesses } from './guesses.ts';
import type { DeviceShown, GatewayShown, IncidentShown, PushShown, TroubleShown } from './schemas.ts';

/** What one entry changed of what is shown. */
export interface Change {
  readonly entry: Entry;
  readonly devices: readonly DeviceShown[];
  readonly incidents: readonly IncidentShown[];
  /** Ids of incidents that are no longer told. */
  readonly gone: readonly string[];
}

/** What stands now. */
export interface Shown {
  /** In the ledger, of the last entry folded. */
  readonly position: number;
  /** Resolves when it stands where the ledger stood at the start. */
  readonly caughtUp: Promise<void>;
  readonly classes: Readonly<Record<string, Words>>;
  devices(): readonly DeviceShown[];
  incidents(): readonly IncidentShown[];
  gateways(): readonly GatewayShown[];
  /** Calls `listener` after each entry, in the order of the ledger; returns the way to stop that. */
  subscribe(listener: (change: Change) => void): () => void;
}

export interface HttpConfiguration {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Whoever knows it may read everything. Absent: everybody on this machine may, and `host` must be loopback. */
  readonly token?: string;
  /** PEM. Absent: plain HTTP, and `host` must be loopback. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly operator: string;
  /** Zone in which the page writes times, minutes east of UTC. */
  readonly zoneMinutes: number;
}

/** Whoever carries orders to gateways. */
export interface Ordering {
  /** Durable when it resolves. */
  issue(request: {
    readonly gateway: string;
    readonly kind: OrderKind;
    readonly parameters: unknown;
    readonly expiresMs: number;
    readonly issuer: string;
  }): Promise<OrderRecord | { readonly wrong: string }>;
  list(query: { readonly gateway?: string; readonly max: number }): Promise<readonly OrderRecord[]>;
}

export interface HttpNeeds {
  readonly shown: Shown;
  readonly orders: Ordering;
  /** How the other outlets are doing. */
  readonly reports: () => readonly OutletReport[];
  /** How the operator clouds are doing that push to this collector; absent: none does. */
  readonly pushes?: () => readonly PushShown[];
  /** Whether a gateway has a session, and since when; null: it is none that could. */
  readonly connectionOf: (gateway: string) => { readonly connected: boolean; readonly sinceMs: number } | null;
  /** What is wrong with the collector or with what it gets. */
  readonly troubles: () => readonly TroubleShown[];
  /** How often gateways and strangers were turned away, by the reason, since start. */
  readonly refused: () => Readonly<Record<string, number>>;
  /** Whether the missing numbers of a series are being caught up. */
  readonly isComing: (series: { readonly gateway: string; readonly epoch: number; readonly lane: Lane }) => boolean;
  /** Told of what went wrong inside an answer. */
  readonly onTrouble: (trouble: unknown) => void;
}

/** What the routes of one running server stand on. */
export interface Ground extends HttpNeeds {
  readonly configuration: HttpConfiguration;
  readonly ledger: Ledger;
  readonly guesses: Guesses;
}
