import type { SiteEvent } from '@fengsui/protocol';
import { isGatewayId } from '../gateway-id.ts';
import { GATEWAY_FORGOTTEN_MS, OWN_EVENTS_AT_ONCE, REFUSALS_SAID_AGAIN_MS } from '../limits.ts';
import { absenceWords, endWords, type Why, whyIn } from './absence-words.ts';
import type { Attendance, Connection } from './attendance.ts';
import { eventOfGateway, type Matter, type MatterNeeds } from './matter.ts';
import { standsMs } from './refusals.ts';
import type { TurnedAwayGateway } from './refused-words.ts';
import type { TurnedAway } from './turned-away.ts';

/** A gateway that has rows in the ledger. */
export interface Heard {
  readonly gateway: string;
  /** When the last of them was committed, milliseconds since 1970-01-01 UTC. */
  readonly heardMs: number;
}

export interface AbsenceMatterNeeds extends MatterNeeds {
  readonly attendance: () => Pick<Attendance, 'connectionOf' | 'isGone' | 'isThere' | 'hasCome' | 'openForMs'>;
  readonly heard: () => readonly Heard[];
  readonly isRevoked: (gateway: string) => boolean;
  readonly turnedAway: () => Pick<TurnedAway, 'standing' | 'claimant'>;
}

/** What was told of a gateway that is not there. */
interface Told {
  readonly sinceMs: number;
  /** As it was told last. */
  readonly why: Why;
  /** All that was told of it as why. */
  readonly before: ReadonlySet<Why>;
  /** When something was told last, monotonic. */
  readonly saidMs: number;
}

/** What is known of a gateway just now. */
interface Known {
  readonly gateway: string;
  /** When it was heard last; null: never. */
  readonly heardMs: number | null;
  /** Who proved to be it and was turned away; null: nobody. */
  readonly refused: TurnedAwayGateway | null;
}

/**
 * Tells of gateways that stay away or are kept out: whoever sees no alarm of a building must know whether somebody listens there (P4: at
 * both ends, within 60 s), and what to do. Of each it is one incident, whatever keeps it away: told as begun once, with another reason by
 * a word more, as over once. Over a restart of the collector what was said stands until the gateway is back.
 */
export class AbsenceMatter implements Matter {
  readonly #needs: AbsenceMatterNeeds;
  #told = new Map<string, Told>();

  constructor(needs: AbsenceMatterNeeds) {
    this.#needs = needs;
  }

  async recall(): Promise<void> {
    const said = await this.#needs.said();
    const saidMs = this.#needs.clock.monotonicMs();
    this.#told = new Map(
      [...said].map(([gateway, { sinceMs, words }]) => [gateway, { sinceMs, why: whyIn(words), before: new Set([whyIn(words)]), saidMs }]),
    );
  }

  look(): readonly SiteEvent[] {
    const refused = this.#needs.turnedAway().standing();
    const heardMs = new Map(this.#needs.heard().flatMap((one) => (isGatewayId(one.gateway) ? [[one.gateway, one.heardMs]] : [])));
    const events: SiteEvent[] = [];
    for (const gateway of new Set([...this.#told.keys(), ...refused.keys(), ...heardMs.keys()])) {
      if (events.length === OWN_EVENTS_AT_ONCE) break;
      const event = this.#tell({ gateway, heardMs: heardMs.get(gateway) ?? null, refused: refused.get(gateway) ?? null });
      if (event) events.push(event);
    }
    return events;
  }

  /** Whether it has a session, and since when; null: it is no gateway that could, an operator cloud or the collector itself. */
  connectionOf(gateway: string): Connection | null {
    if (!isGatewayId(gateway)) return null;
    const seen = this.#needs.attendance().connectionOf(gateway);
    return seen.connected ? seen : { connected: false, sinceMs: this.#told.get(gateway)?.sinceMs ?? seen.sinceMs };
  }

  /** What is to be said of it now; null: nothing that was not said. */
  #tell(known: Known): SiteEvent | null {
    const { gateway } = known;
    const told = this.#told.get(gateway);
    const why = this.#whyNow(known, told);
    if (why === null) return told ? this.#ended(gateway, told) : null;
    if (told && !this.#isDue(told, why)) return null;
    const before = new Set(told?.before).add(why);
    this.#told.set(gateway, { sinceMs: told?.sinceMs ?? this.#sinceMs(known), why, before, saidMs: this.#needs.clock.monotonicMs() });
    return this.#said(known, told ? 'still' : 'began');
  }

  /**
   * Why it is not there; null: it is, or nobody waits for it. What keeps it out is why until it has had time to try again and has not, also
   * after a start and a standstill of this collector.
   */
  #whyNow(known: Known, told: Told | undefined): Why | null {
    const { gateway, refused } = known;
    const { attendance, isRevoked } = this.#needs;
    if (attendance().isThere(gateway) || (!told && !attendance().isGone(gateway))) return null;
    const last = refused?.reason ?? (told && told.why !== 'away' && attendance().openForMs() < standsMs(told.why) ? told.why : null);
    // A revoked one whose certificate ends is retired for good.
    if (last && (last === 'revoked' || !isRevoked(gateway))) return last;
    return !isRevoked(gateway) && (told?.why === 'away' || this.#isAwaited(known)) ? 'away' : null;
  }

  /** Another reason is told at once; where reasons take turns, those told before are told again once an hour. */
  #isDue({ why: last, before, saidMs }: Told, why: Why): boolean {
    return why !== last && (!before.has(why) || this.#needs.clock.monotonicMs() - saidMs >= REFUSALS_SAID_AGAIN_MS);
  }

  /** It was here not long ago, or came since. */
  #isAwaited({ gateway, heardMs }: Known): boolean {
    if (heardMs === null) return false;
    return this.#needs.attendance().hasCome(gateway) || this.#needs.clock.wallMs() - heardMs < GATEWAY_FORGOTTEN_MS;
  }

  #sinceMs({ gateway, heardMs, refused }: Known): number {
    return heardMs === null && refused ? refused.sinceMs : this.#needs.attendance().connectionOf(gateway).sinceMs;
  }

  #said(known: Known, edge: 'began' | 'still'): SiteEvent {
    const { gateway, refused } = known;
    const { turnedAway, zoneMinutes, isRevoked } = this.#needs;
    const { sinceMs, why } = this.#told.get(gateway)!;
    const heardMs = isRevoked(gateway) ? null : known.heardMs;
    const kept = { refused: why === 'away' ? null : refused, claimant: turnedAway().claimant(gateway) };
    const text = absenceWords({ gateway, sinceMs, heardMs, ...kept }, zoneMinutes);
    return eventOfGateway(this.#needs, { kind: 'link', edge, source: gateway, text, ...(edge === 'began' ? { ms: sinceMs } : {}) });
  }

  #ended(gateway: string, { why }: Told): SiteEvent {
    this.#told.delete(gateway);
    const { attendance, isRevoked } = this.#needs;
    const how = attendance().isThere(gateway) ? 'there' : isRevoked(gateway) && why !== 'revoked' ? 'revoked' : 'given-up';
    return eventOfGateway(this.#needs, { kind: 'link', edge: 'ended', source: gateway, text: endWords(gateway, how) });
  }
}
