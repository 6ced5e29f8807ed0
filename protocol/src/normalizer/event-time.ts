import { toHex } from '../codec/hex.ts';
import type { EventTime } from '../event.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * How far a device's clock may be from ours and still be believed. Panels say things when they happen and their clocks are
 * unset after power-up; battery devices keep samples for weeks and send them together. Neither speaks of the future, but for
 * the error of its clock.
 */
const BELIEVED = {
  panel: { pastMs: DAY_MS, futureMs: HOUR_MS },
  device: { pastMs: 31 * DAY_MS, futureMs: HOUR_MS },
} as const;

const WRITTEN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(Z?)$/;

/** Milliseconds of a written time, null when there is no such time. */
export function msOf(written: string, zoneMinutes: number): number | null {
  const match = WRITTEN.exec(written);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const exists = new Date(ms).toISOString().startsWith(written.slice(0, 16)) && second < 60;
  return exists ? ms - (match[7] ? 0 : zoneMinutes * MINUTE_MS) : null;
}

export interface TimeOnSite {
  readonly time: EventTime;
  /** The device's own time where it is not believed. */
  readonly deviceTimeHex?: string;
}

/** When it happened: by the device's clock where that is believable, else when we heard it. */
export function timeOf(
  deviceTime: string | null | undefined,
  heardMs: number,
  zoneMinutes: number,
  source: 'panel' | 'device',
): TimeOnSite {
  const gateway = { ms: heardMs, zoneMinutes, source: 'gateway' } as const;
  if (deviceTime === null || deviceTime === undefined) return { time: gateway };
  const ms = msOf(deviceTime, zoneMinutes);
  const { pastMs, futureMs } = BELIEVED[source];
  if (ms !== null && ms >= heardMs - pastMs && ms <= heardMs + futureMs) return { time: { ms, zoneMinutes, source } };
  return { time: gateway, deviceTimeHex: toHex(new TextEncoder().encode(deviceTime).slice(0, 32)) };
}
