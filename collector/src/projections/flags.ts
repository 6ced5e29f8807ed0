import { flagsAfter, type SiteEvent, STATES, type State } from '@fengsui/protocol';
import { isLater, type Order } from '../order.ts';

/** What was last said of one flag of a part. Test traffic has flags of its own, so that a test never hides or ends up as a live fire. */
export interface Flag {
  readonly state: State;
  readonly test: boolean;
  readonly on: boolean;
  readonly at: Order;
  /** Milliseconds since 1970-01-01 UTC: the own time of the event that said so. */
  readonly saidMs: number;
}
/** By state, and by state and `/test`. */
export type Flags = Readonly<Record<string, Flag>>;

/** Orders that clear many flags at once, whether those are known yet or not. */
export interface Clearings {
  /** Of the last reset: everything that latches is off unless said again later. */
  readonly reset: Order | null;
  /** Of the last time the part said it was normal: everything but a shield is off unless said again later. */
  readonly normal: Order | null;
}

const ALL = Object.keys(STATES) as State[];
/** What a reset does not clear (GB 4717-2024: fault and feedback follow their source, a shield is lifted by hand). */
const SURVIVES_RESET: ReadonlySet<State> = new Set(flagsAfter(ALL, { kind: 'reset', edge: 'momentary' }));

/** What qualifies a fire of the same part, and is over with it. */
const WITH_FIRE: readonly State[] = ['first-fire', 'manual-call-point'];

function isState(kind: string): kind is State {
  return Object.hasOwn(STATES, kind) && kind !== 'reset';
}

/**
 * What an event says of single flags. The flags it lists are on; those it does not list stay as they are, for a gateway that has
 * just started does not know them all. A state that was over at once still latches, where it latches; otherwise it leaves no flag.
 */
function said({ kind, edge, states, battery, tilt, release }: SiteEvent): ReadonlyMap<State, boolean> {
  const flags = new Map<State, boolean>();
  if (kind === 'fire' && edge === 'ended') for (const state of WITH_FIRE) flags.set(state, false);
  for (const state of states ?? []) if (isState(state)) flags.set(state, true);
  if (battery?.low !== undefined) flags.set('battery-low', battery.low);
  if (tilt?.beyondLimit !== undefined) flags.set('tilt', tilt.beyondLimit);
  if (release?.flowing !== undefined) flags.set('water-release', release.flowing);
  if (kind === 'link') {
    if (edge !== 'momentary') flags.set('offline', edge !== 'ended');
  } else if (isState(kind) && (edge !== 'momentary' || !SURVIVES_RESET.has(kind))) flags.set(kind, edge !== 'ended');
  return flags;
}

/** The flags after an event, which may be older than what set them. What ends, ends for test and live traffic alike. */
export function flagsWith(flags: Flags, event: SiteEvent, at: Order): Flags {
  const after: Record<string, Flag> = { ...flags };
  const isTest = (event.test?.length ?? 0) > 0;
  for (const [state, on] of said(event)) {
    for (const test of on ? [isTest] : [false, true]) {
      const key = test ? `${state}/test` : state;
      if (isLater(at, after[key]?.at)) after[key] = { state, test, on, at, saidMs: event.time.ms };
    }
  }
  return after;
}

/** The flags that are on, in the order of the table; where test and live both are, the live one. */
export function standing(flags: Flags, { reset, normal }: Clearings): readonly Flag[] {
  const isOn = (flag: Flag | undefined): flag is Flag => {
    if (!flag?.on) return false;
    if (!SURVIVES_RESET.has(flag.state) && !isLater(flag.at, reset)) return false;
    return flag.state === 'shield' || isLater(flag.at, normal);
  };
  return ALL.flatMap((state) => [flags[state], flags[`${state}/test`]].filter(isOn).slice(0, 1));
}
