import type { EventKind } from '@fengsui/protocol';
import { isLater, later, type Order } from '../order.ts';
import { isReset } from '../point.ts';
import { classOf, rowOf } from './classes.ts';
import type { Mark } from './incident.ts';
import { begunBy, isOverAtOnce, type Later } from './replay.ts';

/** When each matter of a source was last said, by matter: as many as the source has points, however often they speak. */
export type LastWords = ReadonlyMap<string, Order>;

const begins = (test: boolean, kind: EventKind, point: string) => JSON.stringify(['begins', test, kind, point]);
const ends = (kind: EventKind, point: string) => JSON.stringify(['ends', kind, point]);
const normal = (point: string) => JSON.stringify(['normal', point]);
const RESETS = '["reset",';
const reset = (controller: number | undefined) => `${RESETS}${controller ?? '"*"'}]`;

export function isTest({ event: { test } }: Mark): boolean {
  return (test?.length ?? 0) > 0;
}

function mattersOf(mark: Mark): readonly string[] {
  const { event, point } = mark;
  const { kind, edge } = event;
  const begun = begunBy(mark).filter((begins) => !(begins === kind && isOverAtOnce(mark)));
  const said = begun.map((one) => begins(isTest(mark), one, point));
  if (isReset(event)) said.push(reset(event.address?.controller));
  else if (kind === 'normal' && edge !== 'ended') said.push(normal(point));
  else if (edge === 'ended' || isOverAtOnce(mark)) said.push(ends(kind, point));
  return said;
}

export function wordsWith(words: LastWords, marks: readonly Mark[]): LastWords {
  const after = new Map(words);
  for (const mark of marks) for (const matter of mattersOf(mark)) after.set(matter, later(after.get(matter), mark.at));
  return after;
}

/** What was said after a mark that comes late. */
export function laterThan(words: LastWords, mark: Mark): Later {
  const { at, point, event } = mark;
  const isSince = (matter: string) => words.has(matter) && isLater(words.get(matter)!, at);
  const controller = event.address?.controller;
  const isResetSince = () =>
    controller === undefined
      ? [...words.keys()].some((matter) => matter.startsWith(RESETS) && isSince(matter))
      : isSince(reset(controller)) || isSince(reset(undefined));
  return {
    isOver: (kind) => {
      const name = classOf(kind);
      const matters = [ends(kind, point), ...(kind === 'first-fire' ? [ends('fire', point)] : []), normal(point)];
      return matters.some(isSince) || (name !== null && rowOf(name).endsByReset && isResetSince());
    },
    stands: (incident, { kind, point: where }) => isSince(begins(incident.test, kind, where)),
  };
}
