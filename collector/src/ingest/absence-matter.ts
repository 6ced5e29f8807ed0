import type { SiteEvent } from '@fengsui/protocol';
import { isGatewayId } from '../gateway-id.ts';
import { GATEWAY_FORGOTTEN_MS, OWN_EVENTS_AT_ONCE, TURNED_AWAY_STANDS_MS } from '../limits.ts';
import { writtenTime } from '../written-time.ts';
import type { Attendance, Connection } from './attendance.ts';
import { eventOfGateway, type Matter, type MatterNeeds } from './matter.ts';
import { REFUSALS, type Refusal } from './refusals.ts';
import { gatewayRefusedWords, reasonIn, type TurnedAwayGateway } from './refused-words.ts';
import type { TurnedAway } from './turned-away.ts';

/** A gateway that has rows in the ledger. */
export interface Heard {
  readonly gateway: string;
  /** When the last of them was committed, milliseconds since 1970-01-01 UTC. */
  readonly heardMs: number;
}

export interface AbsenceMatterNeeds extends MatterNeeds {
  readonly attendance: () => Pick<Attendance, 'connectionOf' | 'isGone' | 'isThere' | 'hasCome'>;
  readonly heard: () => readonly Heard[];
  readonly isRevoked: (gateway: string) => boolean;
  readonly turnedAway: () => Pick<TurnedAway, 'standing' | 'claimant'>;
}

/** What was told of a gateway that is not there. */
interface Told {
  readonly sinceMs: number;
  /** Why it is kept out; null: it stays away. */
  readonly reason: Refusal | null;
}

/** Somebody of whom it is to be told that he is not there. */
interface Missing extends Heard {
  /** What keeps it out, whenever it was heard last; null: it stays away. */
  readonly refused: TurnedAwayGateway | null;
}

/**
 * Tells of gateways that stay away or are kept out: whoever sees no alarm of a building must know whether somebody listens there (P4: at
 * both ends, within 60 s), and what to do. Over a restart of the collector what was said stands until the gateway is back.
 */
export class AbsenceMatter implements Matter {
  readonly #needs: AbsenceMatterNeeds;
  readonly #startedMs: number;
  #told = new Map<string, Told>();

  constructor(needs: AbsenceMatterNeeds) {
    this.#needs = needs;
    this.#startedMs = needs.clock.monotonicMs();
  }

  async recall(): Promise<void> {
    const said = await this.#needs.said();
    this.#told = new Map([...said].map(([gateway, { sinceMs, words }]) => [gateway, { sinceMs, reason: reasonIn(words) }]));
  }

  look(): readonly SiteEvent[] {
    const refused = this.#refused();
    const over = [...this.#told]
      .filter(([gateway, told]) => this.#isOver(gateway, told, refused.get(gateway)))
      .slice(0, OWN_EVENTS_AT_ONCE);
    for (const [gateway] of over) this.#told.delete(gateway);
    const fresh = this.#missing(refused).slice(0, OWN_EVENTS_AT_ONCE);
    for (const { gateway, refused: why } of fresh) {
      const sinceMs = why?.sinceMs ?? this.#needs.attendance().connectionOf(gateway).sinceMs;
      this.#told.set(gateway, { sinceMs, reason: why?.reason ?? null });
    }
    return [...over.map(([gateway, told]) => this.#ended(gateway, told)), ...fresh.map((one) => this.#began(one))];
  }

  /** Gateways that are kept out and are not there by another connection: a copy of an old certificate keeps nobody out. */
  #refused(): ReadonlyMap<string, TurnedAwayGateway> {
    const { attendance, turnedAway } = this.#needs;
    return new Map([...turnedAway().standing()].filter(([gateway]) => !attendance().isThere(gateway)));
  }

  /** Whether what was told holds no more. A collector that was just started has turned nobody away yet: that says nothing for a while. */
  #isOver(gateway: string, { reason }: Told, refused: TurnedAwayGateway | undefined): boolean {
    const { attendance, clock, isRevoked } = this.#needs;
    if (attendance().isThere(gateway)) return true;
    if (reason === null) return isRevoked(gateway) || refused !== undefined;
    if (refused) return refused.reason !== reason;
    return clock.monotonicMs() - this.#startedMs >= TURNED_AWAY_STANDS_MS;
  }

  /** Who is to be told of, and is not yet: kept out, whether it was ever heard or not, or awaited and away. */
  #missing(refused: ReadonlyMap<string, TurnedAwayGateway>): readonly Missing[] {
    const { heard, isRevoked, attendance } = this.#needs;
    const keptOut = [...refused].map(([gateway, why]) => ({ gateway, heardMs: 0, refused: why }));
    const isAway = (one: Heard) => attendance().isGone(one.gateway) && !isRevoked(one.gateway) && this.#isAwaited(one);
    const away = heard().filter((one) => isGatewayId(one.gateway) && !refused.has(one.gateway) && isAway(one));
    return [...keptOut, ...away.map((one) => ({ ...one, refused: null }))].filter(({ gateway }) => !this.#told.has(gateway));
  }

  /** Whether it has a session, and since when; null: it is no gateway that could, an operator cloud or the collector itself. */
  connectionOf(gateway: string): Connection | null {
    if (!isGatewayId(gateway)) return null;
    const seen = this.#needs.attendance().connectionOf(gateway);
    return seen.connected ? seen : { connected: false, sinceMs: this.#told.get(gateway)?.sinceMs ?? seen.sinceMs };
  }

  /** It was here not long ago, or came since. */
  #isAwaited({ gateway, heardMs }: Heard): boolean {
    return this.#needs.attendance().hasCome(gateway) || this.#needs.clock.wallMs() - heardMs < GATEWAY_FORGOTTEN_MS;
  }

  #began({ gateway, heardMs, refused }: Missing): SiteEvent {
    const { sinceMs: ms } = this.#told.get(gateway)!;
    const text = refused ? gatewayRefusedWords(gateway, refused, this.#needs.zoneMinutes) : this.#awayWords(gateway, ms, heardMs);
    return eventOfGateway(this.#needs, { kind: 'link', edge: 'began', source: gateway, text, ms });
  }

  #awayWords(gateway: string, sinceMs: number, heardMs: number): string {
    const { turnedAway, zoneMinutes } = this.#needs;
    const [since, last] = [writtenTime(sinceMs, zoneMinutes), writtenTime(heardMs, zoneMinutes)];
    const claimant = turnedAway().claimant(gateway);
    const why = claimant && REFUSALS[claimant.reason];
    const [claimZh, claimEn] = why
      ? [
          `;另有自称此网关者自 ${claimant.address} 被拒绝:${why.zh}`,
          `; somebody who calls himself so is turned away from ${claimant.address}: ${why.en}`,
        ]
      : ['', ''];
    return (
      `网关 ${gateway} 自 ${since} 起与本采集端无连接,最近数据 ${last}:本端收不到现场信号,请检查其电源、网络与设备${claimZh} ` +
      `gateway ${gateway} has no connection to this collector since ${since}, the last of it came at ${last}: here nothing of this site is heard; ` +
      `look at its power, its network and the box${claimEn}`
    );
  }

  #ended(gateway: string, { reason }: Told): SiteEvent {
    return eventOfGateway(this.#needs, { kind: 'link', edge: 'ended', source: gateway, text: this.#endWords(gateway, reason) });
  }

  #endWords(gateway: string, reason: Refusal | null): string {
    if (this.#needs.attendance().isThere(gateway)) return `网关 ${gateway} 已恢复连接 gateway ${gateway} is there again`;
    if (this.#needs.turnedAway().standing().has(gateway))
      return `网关 ${gateway} 现因其他原因被拒绝接入 gateway ${gateway} is refused for another reason now`;
    if (reason !== null) return `网关 ${gateway} 不再尝试接入 gateway ${gateway} does not try to come in any more`;
    return `网关 ${gateway} 已吊销,不再等待 gateway ${gateway} is revoked: nobody waits for it any more`;
  }
}
