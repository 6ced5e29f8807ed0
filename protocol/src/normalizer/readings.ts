import type { Measured, Part, Quality, Quantity } from '../event.ts';
import type { Said } from '../heard.ts';
import type { LimitRecord, PointRecord } from './points.ts';
import { standardLow } from './standard-limits.ts';
import { judge, type LimitState, WITHIN } from './thresholds.ts';

/** A reading without a setting of its own is reported at least this often. */
export const REPORT_EVERY_MS = 600_000;

/** What we remember of one quantity at one point. */
export interface ReadingState {
  readonly low: LimitState;
  readonly high: LimitState;
  /** A dry contact: whether its kind stands. */
  readonly stands?: boolean;
  readonly reported?: { readonly value: number | null; readonly quality: Quality; readonly atMs: number };
}
export const UNREAD: ReadingState = { low: WITHIN, high: WITHIN };

/** Crossings a value made, and whether it is to be reported though it made none. */
export interface Judged {
  readonly state: ReadingState;
  readonly crossings: ReadonlyArray<{ readonly kind: 'low' | 'high'; readonly edge: 'began' | 'ended' }>;
  readonly report: boolean;
}

/** Where something is measured: its row in the table, its part. */
export interface Measuring {
  readonly point: PointRecord | undefined;
  readonly part: Part;
}

/** Limits that hold for a value. */
export type Limits = Pick<PointRecord, 'low' | 'high'>;

/** The value as the site counts it, with the limits that hold for it. */
export function measuredOf(said: Said, spot: Measuring): Measured | null {
  const { value, quantity, quality = 'good', register } = said;
  const { point } = spot;
  const own = register === undefined ? quantity : (point?.quantity ?? quantity);
  if (value === undefined || own === undefined) return null;
  const scaled = value === null ? null : Number((value * (point?.scale ?? 1)).toPrecision(12));
  const { low, high } = limitsFor(own, spot, register !== undefined);
  return {
    quantity: own,
    value: scaled,
    quality,
    ...(low ? { lowLimit: low.limit } : {}),
    ...(high ? { highLimit: high.limit } : {}),
  };
}

/** A point of a device with several quantities names the one its limits are for. Where the site sets no low limit the standard may. */
export function limitsFor(quantity: Quantity, { point, part }: Measuring, polled: boolean): Limits {
  const own = point && (point.quantity === undefined || point.quantity === quantity) ? point : {};
  const about = { systemType: part.systemType, componentType: part.component?.type };
  const low = own.low ?? (polled ? standardLow(quantity, point, about) : null);
  return { ...(low ? { low } : {}), ...(own.high ? { high: own.high } : {}) };
}

/** One more value: what it crosses, and whether it is news. Values that are not good cross nothing. */
export function judgeReading(state: ReadingState, measured: Measured, { point, part }: Measuring, polled: boolean, nowMs: number): Judged {
  const { value, quality } = measured;
  const limits = limitsFor(measured.quantity, { point, part }, polled);
  let { low, high } = state;
  if (value !== null && quality === 'good') {
    if (limits.low) low = judge(low, limits.low, -1, value, nowMs);
    if (limits.high) high = judge(high, limits.high, 1, value, nowMs);
  }
  const crossings = (['low', 'high'] as const)
    .filter((kind) => ({ low, high })[kind].crossed !== state[kind].crossed)
    .map((kind) => ({ kind, edge: state[kind].crossed ? ('ended' as const) : ('began' as const) }));
  const wanted = reportOf(measured, point, polled);
  const report = isNews(state.reported, measured, wanted, nowMs);
  const reported = report || crossings.length > 0 ? { reported: { value, quality, atMs: momentOf(state.reported, wanted, nowMs) } } : {};
  return { state: { ...state, low, high, ...reported }, crossings, report };
}

/** Limits of a polled point that a good value is so far within that a crossing an earlier run of the gateway heard of is over. */
export function withinLimits({ low, high }: ReadingState, { quantity, value, quality }: Measured, where: Measuring) {
  if (value === null || quality !== 'good') return [];
  const limits = limitsFor(quantity, where, true);
  const isBack = (now: LimitState, limit: LimitRecord | undefined, sign: -1 | 1) =>
    limit !== undefined && now === WITHIN && judge({ crossed: true, beyondSinceMs: null }, limit, sign, value, 0) === WITHIN;
  return (['low', 'high'] as const).filter((kind) => isBack({ low, high }[kind], limits[kind], kind === 'low' ? -1 : 1));
}

interface Report {
  readonly changeOf?: number;
  readonly everyMs?: number;
}

/** Devices that speak of themselves say only what is worth saying; a polled one is thinned by the gateway. null: report everything. */
function reportOf({ quantity }: Measured, point: PointRecord | undefined, polled: boolean): Report | null {
  if (point?.report) return point.report;
  if (!polled) return null;
  return quantity === 'contact' ? { changeOf: 0, everyMs: REPORT_EVERY_MS } : { everyMs: REPORT_EVERY_MS };
}

const everyMsOf = (report: Report | null) => report?.everyMs ?? REPORT_EVERY_MS;

/** Where the next period begins: at the end of the one before, or a poll a millisecond early would make every other one miss its turn. */
function momentOf(before: ReadingState['reported'], report: Report | null, nowMs: number): number {
  if (!before) return nowMs;
  const endMs = before.atMs + everyMsOf(report);
  return nowMs >= endMs && nowMs < endMs + 2 * everyMsOf(report) ? endMs : nowMs;
}

function isNews(before: ReadingState['reported'], { value, quality }: Measured, report: Report | null, nowMs: number): boolean {
  if (!report || !before || before.quality !== quality) return true;
  if (nowMs - before.atMs >= everyMsOf(report)) return true;
  if (value === null || before.value === null) return value !== before.value;
  return report.changeOf !== undefined && Math.abs(value - before.value) > report.changeOf;
}
