import type { CutRule, TalkingFamily } from '@fengsui/protocol';
import { Identities } from './identities.ts';
import { Lasting } from './lasting.ts';
import { Repeats } from './repeats.ts';
import { Turn } from './turn.ts';
import { Unread } from './unread.ts';

/** A device that talks, and what of it outlives its connections. */
export interface Correspondent {
  readonly name: string;
  readonly family: TalkingFamily;
  /** Its address on a line where it has one, as it is polled by it. */
  readonly unit?: number;
  readonly repeats: Repeats;
  /** What nobody can read and was said lately. */
  readonly unread: Unread;
  readonly identities: Identities;
  readonly lasting: Lasting;
  readonly turn: Turn;
  /** Nobody configured it. */
  readonly stranger?: true;
}

export interface NamedTalker {
  readonly name: string;
  readonly family: TalkingFamily;
  /** Its source address, lower-case hex. */
  readonly device: string;
}

/** Strangers we give a name to in one run: their alarms are heard, a flood of them is not. */
const STRANGERS_MAX = 256;

export function correspondent(name: string, family: TalkingFamily, unit?: number): Correspondent {
  return {
    ...(unit === undefined ? {} : { unit }),
    name,
    family,
    repeats: new Repeats(family.repeatMs ?? 0),
    unread: new Unread(),
    identities: new Identities(),
    lasting: new Lasting(),
    turn: new Turn(),
  };
}

/** The devices that share a door, told apart by the source address in their packets: connections and ports come and go. */
export class Correspondents {
  readonly cut: CutRule;
  readonly gapMs: number;
  readonly #base: TalkingFamily;
  readonly #known: ReadonlyMap<string, Correspondent>;
  readonly #strangers = new Map<string, Correspondent>();

  /** `base` reads what nobody configured sends. */
  constructor(devices: readonly NamedTalker[], base: TalkingFamily) {
    this.#base = base;
    this.#known = new Map(devices.map(({ name, family, device }) => [device.toLowerCase(), correspondent(name, family)]));
    this.cut = cutOf(base, this.#known);
    this.gapMs = base.gapMs;
  }

  /** Who sent it. null: one stranger too many. */
  of(packet: Uint8Array): Correspondent | null {
    const sender = this.#base.sender?.(packet) ?? '';
    const known = this.#known.get(sender) ?? this.#strangers.get(sender);
    if (known) return known;
    if (this.#strangers.size >= STRANGERS_MAX) return null;
    const stranger = { ...correspondent(`unknown-${sender}`, this.#base), stranger: true } as const;
    this.#strangers.set(sender, stranger);
    return stranger;
  }
}

/** Packets by the base's rule, and those of another rule only where the device behind them is known to have it (gb26875 notes, 14.2). */
function cutOf(base: TalkingFamily, known: ReadonlyMap<string, Correspondent>): CutRule {
  const own = [...known.values()].map(({ family }) => family.cut).filter((cut) => cut !== base.cut);
  const rules = [...new Set(own)];
  return {
    maxBytes: Math.max(base.cut.maxBytes, ...rules.map(({ maxBytes }) => maxBytes)),
    measure(bytes, from, to) {
      for (const rule of rules) {
        const size = rule.measure(bytes, from, to);
        if (typeof size !== 'number') continue;
        if (known.get(base.sender?.(bytes.subarray(from, from + size)) ?? '')?.family.cut === rule) return size;
      }
      return base.cut.measure(bytes, from, to);
    },
  };
}
