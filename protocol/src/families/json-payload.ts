import type { Observation } from '../observation.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The bytes as UTF-8 text; null where they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text as a JSON object; null where it is none. */
export function objectOf(text: string | null): JsonObject | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const DIGITS = /^\s*-?\d+([._]\d+)?\s*$/;

/** A finite number, sent as a number or as digits; some devices write the decimal point as `_`. null: none. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && DIGITS.test(value) ? Number(value.replace('_', '.')) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  return number + 0; // devices can send -0, which no later JSON keeps
}

/** Text, where a device sends it as text or as a number. */
export function stringOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** Seconds since 1970 as an observation writes them; null where they are no time. */
export function unixTime(seconds: unknown): string | null {
  const whole = numberOf(seconds);
  return whole === null ? null : isoTime(whole * 1000);
}

/** Milliseconds since 1970 as an observation writes them; null where they are no time. */
export function isoTime(ms: number | null): string | null {
  if (ms === null || ms < 0 || ms > 4_102_444_800_000) return null;
  const text = new Date(ms).toISOString();
  return text.replace('.000Z', 'Z');
}

/** Battery of an observation from a percentage. */
export function batteryOf(percent: unknown): Pick<Observation, 'battery'> {
  const value = numberOf(percent);
  return value !== null && value >= 0 && value <= 100 ? { battery: { percent: value } } : {};
}

/** Radio of an observation: RSRP from a magnitude or a signed value. */
export function radioOf(rsrp: unknown, more: Omit<NonNullable<Observation['radio']>, 'rsrp'> = {}): Pick<Observation, 'radio'> {
  const value = numberOf(rsrp);
  const dbm = value === null ? null : -Math.abs(value);
  const level = dbm !== null && dbm <= -44 && dbm >= -140 ? { rsrp: dbm } : {};
  const radio = { ...level, ...more };
  return Object.keys(radio).length > 0 ? { radio: { technology: 'nb-iot', ...radio } } : {};
}

/** A number for a field of the radio that JSON may leave out. */
export function numbered<K extends string>(name: K, value: unknown): Partial<Record<K, number>> {
  const number = numberOf(value);
  return number === null ? {} : ({ [name]: number } as Partial<Record<K, number>>);
}

export const FROM_DEVICE = { direction: 'device-to-platform' } as const;
export const FROM_PLATFORM = { direction: 'platform-to-us' } as const;

/** GB/T 45839-2025 5.5.2: a device that has not spoken for 24 h; one hour of grace. */
export const NB_SILENCE_MS = 25 * 3_600_000;
