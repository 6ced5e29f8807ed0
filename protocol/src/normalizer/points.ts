import type { DeviceAddress, EventKind, Quantity } from '../event.ts';
import type { RegisterPoint } from '../family.ts';
import type { What } from '../observation.ts';

/** A limit of a reading: crossing it begins low or high, coming back by the hysteresis ends it. */
export interface LimitRecord {
  /** In the unit of the quantity. */
  readonly limit: number;
  /** How far the value must come back, default 0. */
  readonly hysteresis?: number;
  /** How long the value must stay beyond before it counts, default 0. */
  readonly delayMs?: number;
}

/** One row of the point table: a device's own address, and what stands there. */
export interface PointRecord {
  /** The fields given must be equal; `{}` is every address of the device. */
  readonly address?: DeviceAddress;
  /** Polled families: name of the register point. */
  readonly register?: string;
  /** What the device's own map says of the register. */
  readonly mapped?: Pick<RegisterPoint, 'address' | 'componentType'>;
  readonly place?: string;
  /** 系统类型 and 系统地址, where the point belongs to another system than its device. */
  readonly systemType?: number;
  readonly systemAddress?: number;
  /** 部件类型, GB/T 26875.3-2011 table 5. */
  readonly componentType?: number;
  /** 部件地址, where the site counts by another rule than loop and point. */
  readonly componentAddress?: number;
  /** What the device's word means here, where the site knows better. */
  readonly means?: { readonly [W in What]?: EventKind };
  /** A dry contact: the kind that stands while the contact is closed, or open. */
  readonly contact?: { readonly kind: EventKind; readonly when: 'closed' | 'open' };
  readonly quantity?: Quantity;
  /** The value is multiplied by this. */
  readonly scale?: number;
  readonly low?: LimitRecord;
  readonly high?: LimitRecord;
  /** false: where the site sets no limit the standard's does not hold either. */
  readonly standardLimits?: boolean;
  readonly report?: {
    /** A reading further from the last reported one than this is reported at once; absent: change is no reason. */
    readonly changeOf?: number;
    /** A reading is reported at least this often. */
    readonly everyMs?: number;
  };
  /** false: everything it says is marked as not in service (GB/T 45839-2025 5.8.4). */
  readonly inService?: boolean;
}

/** A device as the normalizer knows it. */
export interface DeviceRecord {
  /** Becomes the source of its events. */
  readonly name: string;
  readonly part?: { readonly systemType: number; readonly systemAddress: number };
  /** IMEI or endpoint name, of a device that has one. */
  readonly device?: string;
  readonly points: readonly PointRecord[];
  readonly inService?: boolean;
}
