import {
  type Battery,
  type DeviceAddress,
  type Part,
  QUANTITIES,
  type Quality,
  type Quantity,
  type Radio,
  type State,
  type TestReason,
  type Tilt,
  type WaterRelease,
} from '@fengsui/protocol';
import type { Device } from './device.ts';
import { standing } from './flags.ts';

/** A device as people see it: what stands now. */
export interface DeviceView {
  readonly key: string;
  readonly gateway: string;
  readonly source: string;
  readonly address: DeviceAddress;
  readonly part: Part;
  readonly place?: string;
  readonly family?: string;
  /** The flags that are on. `saidMs`: when the device said so last, milliseconds since 1970-01-01 UTC. */
  readonly states: ReadonlyArray<{ readonly state: State; readonly saidMs: number; readonly test: boolean }>;
  readonly readings: ReadonlyArray<{
    readonly quantity: Quantity;
    readonly value: number | null;
    readonly unit: string;
    readonly quality: Quality;
    readonly lowLimit?: number;
    readonly highLimit?: number;
    readonly saidMs: number;
  }>;
  readonly battery?: Battery;
  readonly radio?: Radio;
  readonly tilt?: Tilt;
  readonly release?: WaterRelease;
  readonly levelMm?: number;
  readonly online: boolean;
  /** When the gateway last heard it, milliseconds since 1970-01-01 UTC. */
  readonly heardMs?: number;
  /** Why its last word was no live traffic; empty for live. */
  readonly test: readonly TestReason[];
  /** In the ledger, of the last entry that changed it. */
  readonly position: number;
}

type Matter = 'place' | 'family' | 'battery' | 'radio' | 'tilt' | 'release' | 'levelMm';
const MATTERS: readonly Matter[] = ['place', 'family', 'battery', 'radio', 'tilt', 'release', 'levelMm'];

export function viewOfDevice(device: Device): DeviceView {
  const { key, gateway, source, address, part, flags, cleared, readings, sourceOffline, heard, test, position } = device;
  const states = standing(flags, cleared).map(({ state, saidMs, test: isTest }) => ({ state, saidMs, test: isTest }));
  const matters = MATTERS.flatMap((matter) => (device[matter] ? [[matter, device[matter].value] as const] : []));
  return {
    key,
    gateway,
    source,
    address,
    part: part.value,
    ...(Object.fromEntries(matters) as Pick<DeviceView, Matter>),
    states,
    readings: Object.values(readings).map(({ value, saidMs }) => ({ ...value, unit: QUANTITIES[value.quantity].unit, saidMs })),
    online: !states.some(({ state }) => state === 'offline') && sourceOffline?.value !== true,
    ...(heard && { heardMs: heard.value }),
    test: test.value,
    position,
  };
}
