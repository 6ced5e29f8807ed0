import type { EventKind } from '@fengsui/protocol';
import { isLater, later, type Order } from '../order.ts';
import { isReset } from '../point.ts';
import { classOf, rowOf } from './classes.ts';
import type { Mark } from './incident.ts';
import { begunBy, isOverAtOnce, type Later } from './replay.ts';

/** When each matter was last said, by matter. */
type Said = ReadonlyMap<string, Order>;

/** Matters said lately: few enough to be copied with every mark. */
const LATELY_MAX = 64;

/**
 * When each matter of a source was last said: as many as the source has points, however often they speak. In a big fire thousands of marks
 * come late to thousands of points, so one more mark copies what was said lately alone.
 */
export interface LastWords {
  readonly long: Said;
  /** Holds against `long`. */
  readonly lately: Said;
  /** Of all controllers, and of each: a mark that names none asks for all. */
  readonly resets: Said;
}

export const NO_WORDS: LastWords = { long: new Map(), lately: new Map(), resets: new Map() };

const begins = (test: boolean, kind: EventKind, point: string) => JSON.stringify(['begins', test, kind, point]);
const ends = (kind: EventKind, point: string) => JSON.stringify(['ends', kind, point]);
const normal = (point: string) => JSON.stringify(['normal', point]);
const EVERY = '*';
const controllerOf = ({ event }: Mark) => String(event.address?.controller ?? EVERY);

export function isTest({ event: { test } }: Mark): boolean {
  return (test?.length ?? 0) > 0;
}

function mattersOf(mark: Mark): readonly string[] {
  const { event, point } = mark;
  const { kind, edge } = event;
  const begun = begunBy(mark).filter((begins) => !(begins === kind && isOverAtOnce(mark)));
  const said = begun.map((one) => begins(isTest(mark), one, point));
  if (isReset(event)) return said;
  if (kind === 'normal' && edge !== 'ended') said.push(normal(point));
  else if (edge === 'ended' || isOverAtOnce(mark)) said.push(ends(kind, point));
  return said;
}

export function wordsWith(words: LastWords, marks: readonly Mark[]): LastWords {
  const [lately, resets] = [new Map(words.lately), new Map(words.resets)];
  for (const mark of marks) {
    for (const matter of mattersOf(mark)) lately.set(matter, later(lately.get(matter) ?? words.long.get(matter), mark.at));
    if (isReset(mark.event)) resets.set(controllerOf(mark), later(resets.get(controllerOf(mark)), mark.at));
  }
  if (lately.size <= LATELY_MAX) return { long: words.long, lately, resets };
  return { long: new Map([...words.long, ...lately]), lately: new Map(), resets };
}

/** What was said after a mark that comes late, in any of `words`. */
export function laterThan(words: readonly LastWords[], mark: Mark): Later {
  const { at, point } = mark;
  const isAfter = (said: Order | undefined) => said !== undefined && isLater(said, at);
  const isSince = (matter: string) => words.some(({ lately, long }) => isAfter(lately.get(matter) ?? long.get(matter)));
  const controller = controllerOf(mark);
  const isResetSince = () =>
    words.some(({ resets }) =>
      controller === EVERY ? [...resets.values()].some(isAfter) : isAfter(resets.get(controller)) || isAfter(resets.get(EVERY)),
    );
  return {
    isOver: (kind) => {
      const name = classOf(kind);
      const matters = [ends(kind, point), ...(kind === 'first-fire' ? [ends('fire', point)] : []), normal(point)];
      return matters.some(isSince) || (name !== null && rowOf(name).endsByReset && isResetSince());
    },
    stands: (incident, { kind, point: where }) => isSince(begins(incident.test, kind, where)),
  };
}
