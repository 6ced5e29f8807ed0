import type { Incident, IncidentPoint } from './incident.ts';

/** Points told of one incident: a page shows twelve of them, and each event of a large fire tells it anew to every page. */
const POINTS_TOLD_MAX = 100;

/** An incident as people see it. */
export interface IncidentView extends Incident {
  /** In the order in which they joined; of very many the first, and of the others those that stand and spoke last. */
  readonly points: readonly IncidentPoint[];
  /** How many there are in all. */
  readonly pointsTotal: number;
  /** How many of them stand. */
  readonly pointsStanding: number;
}

/** What stands before what is over, then what spoke last. */
function byWeight(one: IncidentPoint, other: IncidentPoint): number {
  return Number(one.endedMs !== null) - Number(other.endedMs !== null) || other.lastBeganMs - one.lastBeganMs;
}

function toldOf(points: readonly IncidentPoint[]): readonly IncidentPoint[] {
  if (points.length <= POINTS_TOLD_MAX) return points;
  const [first, ...others] = points;
  const told = new Set([first, ...others.toSorted(byWeight).slice(0, POINTS_TOLD_MAX - 1)]);
  return points.filter((point) => told.has(point));
}

export function viewOfIncident(incident: Incident): IncidentView {
  const { points } = incident;
  const pointsStanding = points.filter(({ endedMs }) => endedMs === null).length;
  return { ...incident, points: toldOf(points), pointsTotal: points.length, pointsStanding };
}
