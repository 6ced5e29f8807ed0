import { fromBcd, nibblePair, toBcd } from './digits.ts';
import { toHex } from './hex.ts';
import type { FixedKind } from './layout.ts';

export type TimePart = 'century' | 'year' | 'month' | 'day' | 'weekday' | 'hour' | 'minute' | 'second';
export type TimeParts = Partial<Record<TimePart, number | null>>;

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const two = (part: number) => String(part).padStart(2, '0');

/**
 * `YYYY-MM-DDTHH:mm[:ss]`, seconds only where the device has them; null where the parts are no time a clock can show.
 * A year without a century belongs to 2000–2099.
 */
export function showTime({ century = 20, year, month, day, hour, minute, second }: TimeParts): string | null {
  const parts = [century, year, month, day, hour, minute, second ?? 0];
  if (parts.some((part) => part === null || part === undefined) || second === null) return null;
  const [c, y, m, d, h, min, s] = parts as [number, number, number, number, number, number, number];
  const whole = 100 * c + y;
  const leap = whole % 4 === 0 && (whole % 100 !== 0 || whole % 400 === 0);
  const possible = y < 100 && c >= 19 && c <= 20 && d >= 1 && d <= (DAYS[m - 1] ?? 0) && h < 24 && min < 60 && s < 60;
  if (!possible || (m === 2 && d === 29 && !leap)) return null;
  const date = `${two(c)}${two(y)}-${two(m)}-${two(d)}T${two(h)}:${two(min)}`;
  return second === undefined ? date : `${date}:${two(s)}`;
}

/** The parts of `YYYY-MM-DDTHH:mm[:ss]`; zeros for what is no such text. */
export function timeParts(text: string | null | undefined): Readonly<Record<TimePart, number>> {
  const found = /^(\d\d)(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?/.exec(text ?? '');
  const [century, year, month, day, hour, minute, second] = found ? found.slice(1).map((part) => Number(part ?? 0)) : [];
  const weekday = found ? new Date(`${found[0].slice(0, 10)}T00:00:00Z`).getUTCDay() : 0;
  return {
    century: century ?? 0,
    year: year ?? 0,
    month: month ?? 0,
    day: day ?? 0,
    weekday,
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: second ?? 0,
  };
}

/** How one part of a clock lies in bytes: null where the bytes are no number. */
export interface ClockDigits {
  readonly size: number;
  readonly read: (bytes: Uint8Array, at: number) => number | null;
  readonly write: (bytes: Uint8Array, at: number, value: number) => void;
}

export const BINARY: ClockDigits = {
  size: 1,
  read: (bytes, at) => bytes[at]!,
  write: (bytes, at, value) => {
    bytes[at] = value;
  },
};
export const BCD: ClockDigits = {
  size: 1,
  read: (bytes, at) => fromBcd(bytes[at]!),
  write: (bytes, at, value) => {
    bytes[at] = toBcd(value);
  },
};
export const NIBBLES: ClockDigits = nibblePair;

/**
 * A device's clock in a packet: kept as its bytes, seen as a time. An impossible time is seen as null with its hex beside it
 * (clocks are unset after power-up: never a reason to refuse a packet).
 */
export function deviceClock(parts: readonly TimePart[], digits: ClockDigits = BINARY): FixedKind<Uint8Array> {
  const size = parts.length * digits.size;
  return {
    size,
    read: (bytes, at) => bytes.slice(at, at + size),
    write: (bytes, at, value) => bytes.set(value, at),
    show: (value) => showTime(Object.fromEntries(parts.map((part, index) => [part, digits.read(value, index * digits.size)]))),
    parse(shown) {
      const bytes = new Uint8Array(size);
      const given = timeParts(typeof shown === 'string' ? shown : null);
      for (const [index, part] of parts.entries()) digits.write(bytes, index * digits.size, given[part]);
      return bytes;
    },
    lossy: true,
  };
}

/** What a clock field says: the time for an observation, and the bytes for people when it is none. */
export function clockOf(kind: FixedKind<Uint8Array>, value: Uint8Array): { deviceTime: string | null; deviceTimeRaw?: string } {
  const deviceTime = kind.show(value) as string | null;
  return deviceTime === null ? { deviceTime, deviceTimeRaw: toHex(value) } : { deviceTime };
}
