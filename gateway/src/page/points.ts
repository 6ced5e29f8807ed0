import type { DeviceAddress, Edge, EventKind, Measured, Part, State } from '@fengsui/protocol';
import * as limits from './limits.ts';

/** A point as the site knows it: what is configured, and what it said last. */
export interface Point {
  readonly source: string;
  readonly part: Part;
  readonly place: string | null;
  readonly address: DeviceAddress | null;
  /** Name of the register of a polled device. */
  readonly register?: string;
  readonly states: readonly State[];
  /** Those of them that stand since before the start and were not said since; absent: none. */
  readonly statesBefore?: readonly State[];
  readonly measured: Measured | null;
  /** Milliseconds since 1970-01-01 UTC, maybe before the start; null: not since the start, and the journal tells of nothing before. */
  readonly heardMs: number | null;
  readonly text: string | null;
  readonly said: { readonly kind: EventKind; readonly edge: Edge; readonly isTest: boolean } | null;
  /** false: nobody configured it, and it spoke all the same. */
  readonly isConfigured: boolean;
}

export interface PointQuery {
  /** All of these words must be in its place, its source, its address or its text. */
  readonly search: string;
  readonly show: 'all' | 'abnormal' | 'silent';
  readonly offset: number;
  readonly max: number;
}

export interface PointPage {
  readonly total: number;
  readonly abnormal: number;
  readonly silent: number;
  /** How many there are of what is asked for. */
  readonly found: number;
  readonly points: readonly Point[];
}

/** Groups of flags, the most urgent first; a flag in none of these is a mere condition. */
const URGENT: readonly (readonly State[])[] = [
  ['fire', 'first-fire', 'manual-call-point'],
  ['gas-alarm', 'electrical-alarm', 'prealarm'],
  ['water-release', 'low', 'high', 'supervisory'],
  ['fault', 'main-power', 'backup-power', 'bus', 'battery-low', 'removed', 'tilt', 'sensor-failed'],
  ['offline'],
];

/** So many of the groups are alarms; the others are out of order. */
const ALARM_GROUPS = 3;

/** 0 is the most urgent; `URGENT.length`: nothing stands. */
function urgencyOf({ states, measured }: Point): number {
  const rank = URGENT.findIndex((group) => group.some((state) => states.includes(state)));
  if (rank >= 0) return rank;
  return measured && measured.quality !== 'good' ? 3 : URGENT.length;
}

export function isAbnormal(point: Point): boolean {
  return urgencyOf(point) < URGENT.length;
}

function isFound(point: Point, words: readonly string[], show: PointQuery['show']): boolean {
  if (show === 'abnormal' && !isAbnormal(point)) return false;
  if (show === 'silent' && point.heardMs !== null) return false;
  if (words.length === 0) return true;
  const { place, source, text, address, register } = point;
  const named = [place, source, text, register, ...Object.values(address ?? {})].join(' ').toLowerCase();
  return words.every((word) => named.includes(word));
}

function silentIn(points: readonly Point[]): number {
  return points.filter(({ heardMs }) => heardMs === null).length;
}

/** How many there are, in alarm, in all not in order, and of which nothing is known: to call those in order would be a false all-clear. */
export function countOf(points: readonly Point[]) {
  const ranks = points.map(urgencyOf);
  const below = (rank: number) => ranks.filter((each) => each < rank).length;
  return { total: points.length, alarms: below(ALARM_GROUPS), abnormal: below(URGENT.length), silent: silentIn(points) };
}

/** One page of the points: what stands first, then who spoke last; those that never spoke at the end. */
export function pageOf(points: readonly Point[], { search, show, offset, max }: PointQuery): PointPage {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = points.filter((point) => isFound(point, words, show));
  const ranked = found.map((point) => ({ point, rank: urgencyOf(point), heardMs: point.heardMs ?? Number.NEGATIVE_INFINITY }));
  ranked.sort((one, other) => one.rank - other.rank || (one.heardMs === other.heardMs ? 0 : other.heardMs - one.heardMs));
  return {
    total: points.length,
    abnormal: points.filter(isAbnormal).length,
    silent: silentIn(points),
    found: found.length,
    points: ranked.slice(offset, offset + Math.min(max, limits.POINTS_PER_PAGE_MAX)).map(({ point }) => point),
  };
}
