import { INSTANCE_CHARACTERS_MAX, INSTANCES_KEPT, RIVAL_STANDS_MS, RIVAL_TAKEOVERS, RIVAL_WINDOW_MS } from '../limits.ts';

/** A process that came in with the certificate of a gateway. */
export interface Entrant {
  /** What it calls itself, new at each of its starts; null: it does not say. */
  readonly instance: string | null;
  readonly address: string;
  /** It ended a session that was not over. */
  readonly isTakeover: boolean;
}

interface Known {
  /** Who came in last, and who did before, the latest last; by instance, with its address. */
  readonly entrants: Map<string, string>;
  last: string;
  /** When sessions of nameless ones were taken over; monotonic. */
  takeoversMs: number[];
  rival: { readonly seenMs: number; readonly addresses: readonly string[] } | null;
}

/**
 * Finds two boxes that use the certificate of one gateway by turns. A gateway names its process when it comes in: one that comes back after
 * another did lives beside that, while a box that is started anew, or comes back over a dead session of its own, never is another and
 * itself again. Whoever names no process is told by the rate of its takeovers alone.
 */
export class Rivals {
  readonly #known = new Map<string, Known>();

  enter(gateway: string, { instance, address, isTakeover }: Entrant, nowMs: number): void {
    const name = (instance ?? '').slice(0, INSTANCE_CHARACTERS_MAX);
    const known = this.#known.get(gateway) ?? { entrants: new Map(), last: name, takeoversMs: [], rival: null };
    this.#known.set(gateway, known);
    const isBack = name !== known.last && known.entrants.has(name);
    if (name === '' && isTakeover) known.takeoversMs = [...known.takeoversMs.filter((ms) => nowMs - ms < RIVAL_WINDOW_MS), nowMs];
    if (isBack || known.takeoversMs.length >= RIVAL_TAKEOVERS) {
      known.takeoversMs = [];
      known.rival = { seenMs: nowMs, addresses: [...new Set([...known.entrants.values(), address])] };
    }
    known.last = name;
    known.entrants.delete(name);
    known.entrants.set(name, address);
    if (known.entrants.size > INSTANCES_KEPT) known.entrants.delete(known.entrants.keys().next().value!);
  }

  /** Gateways whose name several boxes used just now, with the addresses these came from. */
  standing(nowMs: number): ReadonlyMap<string, readonly string[]> {
    const all = [...this.#known].flatMap(([gateway, { rival }]) => (rival ? [[gateway, rival] as const] : []));
    return new Map(
      all.filter(([, { seenMs }]) => nowMs - seenMs < RIVAL_STANDS_MS).map(([gateway, { addresses }]) => [gateway, addresses]),
    );
  }
}
