import type { EventKind } from '@fengsui/protocol';
import { concerns, isReset } from '../point.ts';
import { ALARM_STATES, classOf, type IncidentClass, rowOf } from './classes.ts';
import type { Incident, IncidentPoint, Mark } from './incident.ts';

/** Closed incidents kept of one source: what a night shift looks back on. The ledger has them all. */
const CLOSED_MAX = 20;

/** The incidents of one source. */
export interface Told {
  /** By class and, where the class does not spread, point and kind. */
  readonly open: ReadonlyMap<string, Incident>;
  /** The latest first. */
  readonly closed: readonly Incident[];
}

export const NOTHING_TOLD: Told = { open: new Map(), closed: [] };

/** Whether the event itself says that its kind stands. */
function says({ event: { kind, edge } }: Mark): boolean {
  return edge !== 'ended' && classOf(kind) !== null && !(kind === 'link' && edge === 'momentary');
}

/** Alarms that stand although the event is about something else: its flags say so. */
function alarmsBeside({ event: { kind, states } }: Mark): readonly EventKind[] {
  return ALARM_STATES.filter((state) => state !== kind && states?.includes(state));
}

/** Whether incidents have to know of it at all. */
export function matters(mark: Mark): boolean {
  const { kind } = mark.event;
  return isReset(mark.event) || kind === 'normal' || classOf(kind) !== null || alarmsBeside(mark).length > 0;
}

function keyOf(name: IncidentClass, test: boolean, kind: EventKind, point: string): string {
  return JSON.stringify(rowOf(name).spreads ? [name, test] : [name, test, kind, point]);
}

function began({ event, point }: Mark, kind: EventKind): IncidentPoint {
  const { address = {}, part, place, text } = event;
  const words = { ...(place !== undefined && { place }), ...(text !== undefined && { text }) };
  return {
    point,
    kind,
    address,
    part,
    ...words,
    eventId: event.id,
    ...{ beganMs: event.time.ms, times: 1, lastBeganMs: event.time.ms, endedMs: null },
  };
}

function opened(mark: Mark, gateway: string, name: IncidentClass, kind: EventKind, test: boolean): Incident {
  const { event, position } = mark;
  return {
    id: kind === event.kind ? event.id : `${event.id}-${name}`,
    gateway,
    source: event.source,
    class: name,
    urgency: rowOf(name).urgency,
    test,
    state: 'open',
    openedMs: event.time.ms,
    restoredMs: null,
    restoredBy: null,
    points: [began(mark, kind)],
    events: 1,
    position,
  };
}

function isStanding(incident: Incident, mark: Mark, kind: EventKind): boolean {
  return incident.points.some((point) => point.point === mark.point && point.kind === kind && point.endedMs === null);
}

/** A point that was over begins again; its place says where it was last. */
function begunIn(points: readonly IncidentPoint[], mark: Mark, kind: EventKind): readonly IncidentPoint[] {
  const index = points.findIndex((point) => point.point === mark.point && point.kind === kind);
  const [known, latest] = [points[index], began(mark, kind)];
  if (!known) return [...points, latest];
  const { eventId, beganMs, times } = known;
  return points.with(index, { ...known, ...latest, eventId, beganMs, times: times + 1 });
}

/** A point that still stands, in the words of now where it says why anew. */
function stillIn(
  points: readonly IncidentPoint[],
  { event: { edge, text }, point: where }: Mark,
  kind: EventKind,
): readonly IncidentPoint[] {
  if (edge !== 'still' || text === undefined) return points;
  return points.map((point) => (point.point === where && point.kind === kind ? { ...point, text } : point));
}

function joined(incident: Incident, mark: Mark, kind: EventKind): Incident {
  const points = (isStanding(incident, mark, kind) ? stillIn : begunIn)(incident.points, mark, kind);
  return { ...incident, points, events: incident.events + 1, position: mark.position };
}

function open(told: Told, mark: Mark, gateway: string, kind: EventKind): Told {
  const name = classOf(kind) as IncidentClass;
  const test = (mark.event.test?.length ?? 0) > 0;
  const key = keyOf(name, test, kind, mark.point);
  const known = told.open.get(key);
  if (known && kind !== mark.event.kind && isStanding(known, mark, kind)) return told; // every reading of a burning room says so again
  return { ...told, open: new Map(told.open).set(key, known ? joined(known, mark, kind) : opened(mark, gateway, name, kind, test)) };
}

/** What later marks said of a matter; there are none for the latest mark of all. */
export interface Later {
  /** Whether the mark's kind is over since. */
  isOver(kind: EventKind): boolean;
  /** Whether a point was said to stand since. */
  stands(incident: Incident, point: IncidentPoint): boolean;
}

const NOTHING_LATER: Later = { isOver: () => false, stands: () => false };

/** Ends what `ends` picks; an incident without a point that stands is restored. */
function end(told: Told, mark: Mark, ends: (incident: Incident, point: IncidentPoint) => boolean): Told {
  const open = new Map(told.open);
  const closed: Incident[] = [];
  for (const [key, incident] of told.open) {
    const over = incident.points.filter((point) => point.endedMs === null && ends(incident, point));
    if (over.length === 0) continue;
    const points = incident.points.map((point) => (over.includes(point) ? { ...point, endedMs: mark.event.time.ms } : point));
    const after: Incident = { ...incident, points, events: incident.events + 1, position: mark.position };
    if (points.some(({ endedMs }) => endedMs === null)) open.set(key, after);
    else {
      open.delete(key);
      const restoredBy = isReset(mark.event) ? 'reset' : 'device';
      closed.push({ ...after, state: 'restored', restoredMs: mark.event.time.ms, restoredBy });
    }
  }
  return closed.length === 0 && open.size === told.open.size
    ? { ...told, open }
    : { open, closed: [...closed, ...told.closed].slice(0, CLOSED_MAX) };
}

/** What a mark ends besides what it begins; null: nothing. */
function endsOf({
  event: { kind, edge, address, operations },
  point: where,
}: Mark): ((of: Incident, point: IncidentPoint) => boolean) | null {
  if (isReset({ kind, ...(operations && { operations }) }))
    return (incident, point) => rowOf(incident.class).endsByReset && concerns(address?.controller, point.address);
  if (kind === 'normal' && edge !== 'ended') return (_, { point }) => point === where;
  if (edge !== 'ended') return null;
  // The first fire of a point is over with its fire: panels say that only once.
  return (_, point) => point.point === where && (point.kind === kind || (kind === 'fire' && point.kind === 'first-fire'));
}

/** Nothing that was over at once stands, except what latches until a reset. */
export function isOverAtOnce({ event: { kind, edge } }: Mark): boolean {
  const name = classOf(kind);
  return edge === 'momentary' && name !== null && !rowOf(name).endsByReset;
}

/** What a mark says stands. */
export function begunBy(mark: Mark): readonly EventKind[] {
  return [...(says(mark) ? [mark.event.kind] : []), ...alarmsBeside(mark)];
}

/** The incidents of a source after one more mark. */
export function after(told: Told, mark: Mark, gateway: string, later: Later = NOTHING_LATER): Told {
  const ends = endsOf(mark);
  const rested = ends ? end(told, mark, (incident, point) => ends(incident, point) && !later.stands(incident, point)) : told;
  const kinds = begunBy(mark).filter((kind) => !later.isOver(kind));
  const begun = kinds.reduce((so, kind) => open(so, mark, gateway, kind), rested);
  if (!isOverAtOnce(mark)) return begun;
  const isIt = (point: IncidentPoint) => point.point === mark.point && point.kind === mark.event.kind;
  return end(begun, mark, (incident, point) => isIt(point) && !later.stands(incident, point));
}
