import { ENDED_BY } from '../codec/points.ts';
import type { Edge, EventKind, State } from '../event.ts';
import type { Said } from '../heard.ts';
import { MEANINGS } from '../meaning.ts';
import { WHATS, type What } from '../observation.ts';
import type { PointRecord } from './points.ts';

/** What a word means on this site. */
export interface Meaning {
  readonly kind: EventKind;
  readonly edge: Edge;
}

/** GB/T 26875.3-2011 table 5: combustible gas detectors of every kind. */
const GAS = new Set([10, 11, 12, 13, 74]);
/** GB/T 26875.3-2011 table 5: electrical fire monitoring. */
const ELECTRICAL = new Set([16, 17, 18]);

/**
 * Panels class gas and electrical-fire alarms as supervisory, some as fire; people must be able to tell the three apart.
 * So the part decides, unless the site's own table says otherwise.
 */
function alarmOf(componentType: number | undefined): EventKind | undefined {
  if (componentType === undefined) return undefined;
  return GAS.has(componentType) ? 'gas-alarm' : ELECTRICAL.has(componentType) ? 'electrical-alarm' : undefined;
}

const BEGUN_BY = new Map(Object.entries(ENDED_BY).map(([begun, ended]) => [ended, begun as What]));
const ALARM_WORDS: ReadonlySet<What> = new Set(['fire', 'supervisory']);

/** The kind of a word at a point: the site's own, else the part's, else the word's. */
export function kindOf(
  what: What,
  detail: string | undefined,
  point: PointRecord | undefined,
  componentType: number | undefined,
): EventKind {
  const begun = what === 'restored' ? what : (BEGUN_BY.get(what) ?? what);
  const own = point?.means?.[what] ?? point?.means?.[begun];
  if (own) return own;
  const alarm = ALARM_WORDS.has(begun) ? alarmOf(componentType) : undefined;
  if (alarm) return alarm;
  const { kind } = MEANINGS[what];
  if (kind === 'main-power' && detail === 'backup') return 'backup-power';
  if (kind === 'fault' && detail === 'bus') return 'bus';
  return kind;
}

/** What a bare "restored" can end, when no fire stands. */
const RESTORABLE: readonly State[] = [
  'gas-alarm',
  'electrical-alarm',
  'prealarm',
  'supervisory',
  'low',
  'high',
  'battery-low',
  'water-release',
  'tilt',
  'removed',
  'fault',
];

function isWhat(word: string | undefined): word is What {
  return (WHATS as readonly (string | undefined)[]).includes(word);
}

/**
 * "Restored" ends what it names; else the fire that stands; else all that stands. Where nothing is known to stand (we may
 * have just started) it ends the fire, as the word says.
 */
function endedBy(
  { detail }: Said,
  point: PointRecord | undefined,
  componentType: number | undefined,
  standing: readonly State[],
): EventKind[] {
  if (isWhat(detail)) return [kindOf(detail, undefined, point, componentType)];
  const fire = kindOf('fire', undefined, point, componentType);
  if ((standing as readonly string[]).includes(fire)) return [fire];
  const others = RESTORABLE.filter((state) => standing.includes(state)) as EventKind[];
  return others.length > 0 ? others : [fire];
}

/** What a word other than a reading means, given the flags that stand at its point. Empty: a sign of life. */
export function meaningsOf(
  said: Said,
  point: PointRecord | undefined,
  componentType: number | undefined,
  standing: readonly State[],
): Meaning[] {
  const { what, detail } = said;
  if (what === 'link') {
    if (detail === 'lost') return [{ kind: 'link', edge: 'began' }];
    return detail === 'restored' ? [{ kind: 'link', edge: 'ended' }] : [];
  }
  if (what === 'restored') return endedBy(said, point, componentType, standing).map((kind) => ({ kind, edge: 'ended' }));
  return [{ kind: kindOf(what, detail, point, componentType), edge: MEANINGS[what].edge }];
}
