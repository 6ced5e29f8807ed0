import { type Lane, laneOf, type SiteEvent } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Answer, Stored, Told, ToWorker } from './messages.ts';
import type { NewRow } from './row.ts';

export type Append = ToWorker & { readonly ask: 'append' };
export type Settle = ToWorker & { readonly ask: 'settle' };
export type Alive = ToWorker & { readonly ask: 'alive' };

/** One event on its way into a lane. */
export interface Slot {
  readonly event: SiteEvent;
  readonly lane: Lane;
  /** null until it has a number, and for good when it was turned away. */
  row: NewRow | null;
  /** In the file of its lane; 0 until it is committed. */
  position: number;
  isTurnedAway: boolean;
}

/** One append on its way: a slot for each of its events, in their order. */
export interface Staged {
  readonly question: Append;
  readonly slots: readonly Slot[];
  refusal: Told | null;
}

/** What one group of questions writes. */
export interface Work {
  readonly staged: readonly Staged[];
  readonly settles: readonly Settle[];
  readonly alive: readonly Alive[];
  readonly failed: Map<Lane, Told>;
}

/** The work in a group of questions. */
export function workOf(group: readonly ToWorker[]): Work {
  return {
    staged: group.filter((question): question is Append => question.ask === 'append').map(stagedOf),
    settles: group.filter((question): question is Settle => question.ask === 'settle'),
    alive: group.filter((question): question is Alive => question.ask === 'alive'),
    failed: new Map(),
  };
}

function stagedOf(question: Append): Staged {
  const slots = question.events.map((event) => ({ event, lane: laneOf(event), row: null, position: 0, isTurnedAway: false }));
  return { question, slots, refusal: null };
}

/** Neither written nor turned away, in a lane that works. */
export function isOpen({ lane, position, isTurnedAway }: Slot, failed: Work['failed']): boolean {
  return position === 0 && !isTurnedAway && !failed.has(lane);
}

/** What is numbered for a lane and not yet written. */
export function slotsOf({ staged }: Work, lane: Lane): Slot[] {
  return staged.flatMap(({ slots, refusal }) =>
    refusal ? [] : slots.filter((slot) => slot.lane === lane && slot.row !== null && slot.position === 0),
  );
}

/** Questions of one group: as many events as one transaction may hold, and never past a close. */
export function groupOff(pending: ToWorker[]): ToWorker[] {
  let events = 0;
  let taken = 0;
  for (const question of pending) {
    events += question.ask === 'append' ? question.events.length : 0;
    if (taken > 0 && events > limits.JOURNAL_GROUP_MAX) break;
    taken += 1;
    if (question.ask === 'close') break;
  }
  return pending.splice(0, taken);
}

/** An append is decided with the last lane it writes to; an empty one with the first. */
export function isDecided({ slots, refusal }: Staged, lane: Lane): boolean {
  return lane === 'ordinary' || refusal !== null || slots.every((slot) => slot.lane === lane);
}

export function answerOf({ question, slots, refusal }: Staged, failed: Work['failed']): Answer {
  const unwritten = slots.filter(({ position, isTurnedAway }) => position === 0 && !isTurnedAway);
  const failure = refusal ?? unwritten.map(({ lane }) => failed.get(lane)).find((told) => told !== undefined);
  if (failure) return { id: question.id, failure };
  const stored: Stored[] = slots.flatMap(({ row, lane, position }) =>
    row ? [{ eventId: row.event_id, lane, epoch: row.epoch, number: row.number, order: row.ordinal, position }] : [],
  );
  return { id: question.id, value: stored };
}
