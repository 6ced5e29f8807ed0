import type { Battery, DeviceAddress, Measured, Part, Quantity, Radio, SiteEvent, TestReason, Tilt, WaterRelease } from '@fengsui/protocol';
import { isLater, later, type Order } from '../order.ts';
import { pointOf } from '../point.ts';
import type { Clearings, Flags } from './flags.ts';

/** The last word on one matter. */
export interface Last<T> {
  readonly value: T;
  readonly at: Order;
  /** Milliseconds since 1970-01-01 UTC: the event's own time. */
  readonly saidMs: number;
}

/** What is known of one point of a source, or of the source as a whole. */
export interface Device {
  readonly key: string;
  readonly gateway: string;
  readonly source: string;
  /** Empty: a component without address, or the source as a whole. */
  readonly address: DeviceAddress;
  readonly part: Last<Part>;
  readonly place: Last<string> | null;
  readonly family: Last<string> | null;
  readonly flags: Flags;
  readonly cleared: Clearings;
  /** Of the source as a whole: its resets by controller, `*` for all. A point that is heard of later is judged by them. */
  readonly resets: Readonly<Record<string, Order>>;
  /** Whether the source as a whole is out of reach. */
  readonly sourceOffline: Last<boolean> | null;
  readonly readings: { readonly [Q in Quantity]?: Last<Measured> };
  readonly battery: Last<Battery> | null;
  readonly radio: Last<Radio> | null;
  readonly tilt: Last<Tilt> | null;
  readonly release: Last<WaterRelease> | null;
  readonly levelMm: Last<number> | null;
  /** Why its last word was no live traffic; empty for live. */
  readonly test: Last<readonly TestReason[]>;
  /** When the gateway last heard it, milliseconds since 1970-01-01 UTC; null while nothing is known but its silence. */
  readonly heard: Last<number> | null;
  /** In the ledger, of the last entry that changed it. */
  readonly position: number;
}

const EVERY_CONTROLLER = '*';

/** One source of one gateway: what a reset or a lost link concerns. */
export function groupOf({ gateway, source }: Pick<Device, 'gateway' | 'source'>): string {
  return JSON.stringify([gateway, source]);
}

export function keyOf(gateway: string, source: string, point: string): string {
  return JSON.stringify([gateway, source, point]);
}

/** The last word, given one more that may be older. */
export function lastOf<T>(known: Last<T> | null | undefined, value: T | undefined, at: Order, saidMs: number): Last<T> | null {
  if (value === undefined || (known && !isLater(at, known.at))) return known ?? null;
  return { value, at, saidMs };
}

/** The resets of a source after one more. */
export function resetsWith(resets: Device['resets'], { controller }: DeviceAddress, at: Order): Device['resets'] {
  const which = controller === undefined ? EVERY_CONTROLLER : String(controller);
  return { ...resets, [which]: later(resets[which], at) };
}

/** The last of the resets that concerns a point: one of its controller or of all; of any, where the point names no controller. */
export function lastReset(resets: Device['resets'], { controller }: DeviceAddress): Order | null {
  const which = controller === undefined ? Object.keys(resets) : [String(controller), EVERY_CONTROLLER];
  return which.reduce<Order | null>((last, key) => (resets[key] ? later(last, resets[key]) : last), null);
}

/** A point nobody has heard of. It goes through what its source went through. */
export function newDevice(gateway: string, event: SiteEvent, at: Order, source: Device | undefined): Device {
  const first = <T>(value: T): Last<T> => ({ value, at, saidMs: event.time.ms });
  const address = event.address ?? {};
  return {
    key: keyOf(gateway, event.source, pointOf(event)),
    gateway,
    source: event.source,
    address,
    part: first(event.part),
    place: null,
    family: null,
    flags: {},
    cleared: { reset: lastReset(source?.resets ?? {}, address), normal: null },
    resets: {},
    sourceOffline: source?.sourceOffline ?? null,
    readings: {},
    battery: null,
    radio: null,
    tilt: null,
    release: null,
    levelMm: null,
    test: first(event.test ?? []),
    heard: null,
    position: 0,
  };
}
