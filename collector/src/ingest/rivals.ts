import { INSTANCE_CHARACTERS_MAX, INSTANCES_KEPT, RIVAL_STANDS_MS, RIVAL_TAKEOVERS, RIVAL_WINDOW_MS } from '../limits.ts';

/** A process that came in with the certificate of a gateway. */
export interface Entrant {
  /** What it calls itself, new at each of its starts; null: it does not say. */
  readonly instance: string | null;
  readonly address: string;
  /** It ended a session that was not over. */
  readonly isTakeover: boolean;
}

/** Sessions under the name of one gateway that end each other. */
export interface Rival {
  /** There are two boxes. Where that is not proven it may be one on a bad link just as well. */
  readonly isProven: boolean;
  /** Where they came from. */
  readonly addresses: readonly string[];
}

/** When it was seen, monotonic, and where from. */
interface Sighting {
  readonly seenMs: number;
  readonly addresses: readonly string[];
}

interface Known {
  /** Who came in of late, the latest last, by instance: where from, and when it was last known to be there; monotonic. */
  readonly entrants: Map<string, { readonly address: string; readonly seenMs: number }>;
  last: string;
  /** When sessions of nameless ones were taken over; monotonic. */
  takeoversMs: number[];
  proven: Sighting | null;
  suspected: Sighting | null;
}

/** Lets go of those that were there too long ago to be there still; who is taken over now was there until now. */
function age({ entrants, last }: Known, isTakeover: boolean, nowMs: number): void {
  const present = entrants.get(last);
  if (present && isTakeover) entrants.set(last, { ...present, seenMs: nowMs });
  for (const [name, { seenMs }] of entrants) if (nowMs - seenMs >= RIVAL_STANDS_MS) entrants.delete(name);
}

/**
 * Finds two boxes that use the certificate of one gateway by turns. A gateway names its process when it comes in: one that comes back after
 * another did lives beside that, while a box that is started anew, or comes back over a dead session of its own, never is another and
 * itself again. Who names no process proves nothing: the box is an older one, or became one again, and on a link that is cut again and
 * again it takes itself over as often as two boxes do each other. That is a suspicion.
 */
export class Rivals {
  readonly #known = new Map<string, Known>();

  enter(gateway: string, { instance, address, isTakeover }: Entrant, nowMs: number): void {
    const name = (instance ?? '').slice(0, INSTANCE_CHARACTERS_MAX);
    const known = this.#known.get(gateway) ?? { entrants: new Map(), last: name, takeoversMs: [], proven: null, suspected: null };
    this.#known.set(gateway, known);
    age(known, isTakeover, nowMs);
    const { entrants } = known;
    const addresses = [...new Set([...[...entrants.values()].map((entrant) => entrant.address), address])];
    if (name !== '' && name !== known.last && entrants.has(name)) known.proven = { seenMs: nowMs, addresses };
    if (name === '' && isTakeover) known.takeoversMs = [...known.takeoversMs.filter((ms) => nowMs - ms < RIVAL_WINDOW_MS), nowMs];
    if (known.takeoversMs.length >= RIVAL_TAKEOVERS) {
      known.takeoversMs = [];
      known.suspected = { seenMs: nowMs, addresses };
    }
    known.last = name;
    entrants.delete(name);
    entrants.set(name, { address, seenMs: nowMs });
    if (entrants.size > INSTANCES_KEPT) entrants.delete(entrants.keys().next().value!);
  }

  /** Gateways whose sessions ended each other just now. */
  standing(nowMs: number): ReadonlyMap<string, Rival> {
    const isFresh = (sighting: Sighting | null) => sighting !== null && nowMs - sighting.seenMs < RIVAL_STANDS_MS;
    return new Map(
      [...this.#known].flatMap(([gateway, { proven, suspected }]) => {
        const isProven = isFresh(proven);
        if (!isProven && !isFresh(suspected)) return [];
        return [[gateway, { isProven, addresses: (isProven ? proven : suspected)!.addresses }] as const];
      }),
    );
  }
}
