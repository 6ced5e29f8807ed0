import type { Quantity } from '../event.ts';
import { HYDRANT_PRESSURE } from '../gb26875/codes.ts';
import type { LimitRecord, PointRecord } from './points.ts';

/** 消火栓系统 and 自动喷水灭火系统, GB/T 26875.3-2011 table 4. */
const [HYDRANT_SYSTEM, SPRINKLER_SYSTEM] = [11, 12];
/** What stands for a hydrant: its pressure sensor, and 消火栓按钮 of GB/T 26875.3-2011 table 5 where a site has nothing nearer. */
const HYDRANTS: ReadonlySet<number | undefined> = new Set([HYDRANT_PRESSURE, 24]);

/** A limit that a standard sets where a site sets none. */
export interface StandardLimit {
  readonly lowKPa: number;
  readonly clause: string;
}

/** GB 55036-2022 3.0.3 and GB 50974-2014 7.2.8: a municipal hydrant stands at 0.14 MPa or more. */
const HYDRANT_LIMIT: StandardLimit = { lowKPa: 140, clause: 'GB 55036-2022 3.0.3, GB 50974-2014 7.2.8' };
/** GB 55036-2022 4.0.5(3): the worst-placed sprinkler has 0.05 MPa or more. */
const SPRINKLER_LIMIT: StandardLimit = { lowKPa: 50, clause: 'GB 55036-2022 4.0.5(3)' };

/** Half the width of what a pump's start or a closing valve makes of a pressure; a polled value must stay beyond for two more polls. */
const HYSTERESIS_KPA = 10;
const DELAY_MS = 2_000;

const KPA_IN: Partial<Record<Quantity, number>> = { 'pressure-kpa': 1, 'pressure-mpa': 1_000 };

/** The limit of the standard for what is measured there; null: none. */
export function standardLimitOf(quantity: Quantity, systemType: number, componentType: number | undefined): StandardLimit | null {
  if (KPA_IN[quantity] === undefined) return null;
  if (systemType === HYDRANT_SYSTEM || HYDRANTS.has(componentType)) return HYDRANT_LIMIT;
  return systemType === SPRINKLER_SYSTEM ? SPRINKLER_LIMIT : null;
}

/**
 * The low limit of the standard for a polled point whose site sets none and did not decline it. Devices that publish judge by
 * limits of their own. A high limit of the site that leaves no room for it goes before.
 */
export function standardLow(
  quantity: Quantity,
  point: PointRecord | undefined,
  { systemType, componentType }: { readonly systemType: number; readonly componentType: number | undefined },
): LimitRecord | null {
  const standard = point?.standardLimits === false ? null : standardLimitOf(quantity, systemType, componentType);
  if (!standard) return null;
  const kPa = KPA_IN[quantity]!;
  const low = { limit: standard.lowKPa / kPa, hysteresis: HYSTERESIS_KPA / kPa, delayMs: DELAY_MS };
  const high = point?.high;
  return high && high.limit - (high.hysteresis ?? 0) <= low.limit + low.hysteresis ? null : low;
}
