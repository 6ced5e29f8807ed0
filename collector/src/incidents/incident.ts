import type { DeviceAddress, EventKind, Part, SiteEvent } from '@fengsui/protocol';
import type { Order } from '../order.ts';
import type { IncidentClass } from './classes.ts';

/** One point and one kind of an incident, once however often it comes and goes: an incident is no larger than its site. */
export interface IncidentPoint {
  readonly point: string;
  readonly kind: EventKind;
  readonly address: DeviceAddress;
  readonly part: Part;
  readonly place?: string;
  readonly text?: string;
  /** The event that began it first. */
  readonly eventId: string;
  /** Milliseconds since 1970-01-01 UTC: the event's own time. */
  readonly beganMs: number;
  /** How often it began: a detector that flaps counts here. */
  readonly times: number;
  /** The same as `beganMs` of the last time. */
  readonly lastBeganMs: number;
  /** The same of its end; null while it stands. */
  readonly endedMs: number | null;
}

/**
 * What people treat as one thing. Its life by the devices' word: `open` while a point of it stands, then `restored`.
 * What people did about it is a record of its own, kept by this id.
 */
export interface Incident {
  /** Of the event that opened it, 32 hex digits; with `-<class>` where a flag beside the event's own kind opened it. */
  readonly id: string;
  readonly gateway: string;
  readonly source: string;
  readonly class: IncidentClass;
  readonly urgency: number;
  /** Test or maintenance traffic (GB/T 45839-2025 5.8.4): never mixed with a live incident. */
  readonly test: boolean;
  readonly state: 'open' | 'restored';
  readonly openedMs: number;
  readonly restoredMs: number | null;
  readonly restoredBy: 'device' | 'reset' | null;
  /** In the order in which they joined. */
  readonly points: readonly IncidentPoint[];
  /** How many events it is made of. */
  readonly events: number;
  /** In the ledger, of the last entry that changed it. */
  readonly position: number;
}

/** What of an entry matters to incidents. */
export interface Mark {
  readonly at: Order;
  readonly position: number;
  readonly point: string;
  readonly event: Pick<
    SiteEvent,
    'id' | 'kind' | 'edge' | 'time' | 'source' | 'part' | 'address' | 'place' | 'text' | 'test' | 'states' | 'operations'
  >;
}
