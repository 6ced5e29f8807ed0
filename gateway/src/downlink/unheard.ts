import type { Part } from '@fengsui/protocol';
import type { PointState } from './site-state.ts';

/** A point that somebody wrote into a point table. */
export interface ConfiguredPoint {
  readonly source: string;
  readonly part: Part;
}

/** Points of which neither this run has heard anything nor the journal tells: whether they are in order is not known. */
export interface Unheard {
  readonly points: number;
  /** Local time at which the gateway started, `YYYY-MM-DDTHH:mm:ss`. */
  readonly since: string;
  /** The same for people, in both languages. */
  readonly text: string;
}

/** A row of a point table is met by its source and address: which type of component it is, only the family may know. */
export function meetingKey({ source, part: { systemType, systemAddress, component } }: ConfiguredPoint): string {
  return `${source} ${systemType}.${systemAddress}.${component?.address ?? ''}`;
}

/** null: something is known of all of them. */
export function unheardOf(
  configured: readonly ConfiguredPoint[],
  heard: readonly PointState[],
  startedMs: number,
  zoneMinutes: number,
): Unheard | null {
  const known = new Set(heard.map(meetingKey));
  const points = configured.filter((point) => !known.has(meetingKey(point))).length;
  if (points === 0) return null;
  const since = new Date(startedMs + zoneMinutes * 60_000).toISOString().slice(0, 19);
  const written = since.replace('T', ' ');
  return { points, since, text: `${points} points not heard since ${written} ${points} 个点自本次启动(${written})以来未收到` };
}
