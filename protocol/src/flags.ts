import { type Edge, type EventKind, STATES, type State } from './event.ts';

/** Flags that stay until a reset or until the device itself says that they ended (GB 4717-2024: fire, start and supervisory latch). */
const LATCHED: ReadonlySet<State> = new Set<State>([
  'fire',
  'first-fire',
  'prealarm',
  'gas-alarm',
  'electrical-alarm',
  'manual-call-point',
  'supervisory',
  'start',
  'delay',
  'muted',
]);

/** Flags that only say more about another. */
const ABOUT: Readonly<Partial<Record<State, readonly State[]>>> = { fire: ['first-fire', 'manual-call-point'] };

const ORDER = Object.keys(STATES) as State[];

function isState(kind: string): kind is State {
  return kind in STATES && kind !== 'reset';
}

/**
 * The independent flags of a part after one more event. Fault and feedback follow their source, a shield survives a reset,
 * a reset clears what latched; what is said about a fire (the first one, by a manual call point) goes with it.
 * Returns the flags in the order of the table, each once.
 */
export function flagsAfter(flags: readonly State[], { kind, edge }: { readonly kind: EventKind; readonly edge: Edge }): State[] {
  const set = new Set(flags);
  if (kind === 'reset') for (const flag of LATCHED) set.delete(flag);
  else if (kind === 'link') set[edge === 'ended' ? 'delete' : 'add']('offline');
  else if (isState(kind) && edge === 'ended') for (const flag of [kind, ...(ABOUT[kind] ?? [])]) set.delete(flag);
  else if (isState(kind) && edge !== 'momentary') set.add(kind);
  return ORDER.filter((flag) => set.has(flag));
}
