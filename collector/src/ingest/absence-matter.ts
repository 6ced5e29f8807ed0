import type { SiteEvent } from '@fengsui/protocol';
import { isGatewayId } from '../gateway-id.ts';
import { GATEWAY_FORGOTTEN_MS, OWN_EVENTS_AT_ONCE } from '../limits.ts';
import type { Attendance, Connection } from './attendance.ts';
import { eventOfGateway, type Matter, type MatterNeeds } from './matter.ts';

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
}

/**
 * Tells of gateways that stay away: whoever sees no alarm of a building must know whether somebody listens there (P4: at both ends,
 * within 60 s). Over a restart of the collector what was said stands until the gateway is back.
 */
export class AbsenceMatter implements Matter {
  readonly #needs: AbsenceMatterNeeds;
  /** Who is told as gone, and since when. */
  #gone = new Map<string, number>();

  constructor(needs: AbsenceMatterNeeds) {
    this.#needs = needs;
  }

  async recall(): Promise<void> {
    const said = await this.#needs.said();
    this.#gone = new Map([...said].map(([gateway, { sinceMs }]) => [gateway, sinceMs]));
  }

  look(): readonly SiteEvent[] {
    const { heard, isRevoked, attendance } = this.#needs;
    const isOver = (gateway: string) => isRevoked(gateway) || attendance().isThere(gateway);
    const over = [...this.#gone.keys()].filter(isOver).slice(0, OWN_EVENTS_AT_ONCE);
    for (const gateway of over) this.#gone.delete(gateway);
    const isFresh = ({ gateway }: Heard) => isGatewayId(gateway) && !this.#gone.has(gateway) && !isRevoked(gateway);
    const isAway = (one: Heard) => isFresh(one) && attendance().isGone(one.gateway) && this.#isAwaited(one);
    const fresh = heard().filter(isAway).slice(0, OWN_EVENTS_AT_ONCE);
    for (const { gateway } of fresh) this.#gone.set(gateway, attendance().connectionOf(gateway).sinceMs);
    return [...over.map((gateway) => this.#ended(gateway)), ...fresh.map((one) => this.#began(one))];
  }

  /** Whether it has a session, and since when; null: it is no gateway that could, an operator cloud or the collector itself. */
  connectionOf(gateway: string): Connection | null {
    if (!isGatewayId(gateway)) return null;
    const seen = this.#needs.attendance().connectionOf(gateway);
    return seen.connected ? seen : { connected: false, sinceMs: this.#gone.get(gateway) ?? seen.sinceMs };
  }

  /** It was here not long ago, or came since. */
  #isAwaited({ gateway, heardMs }: Heard): boolean {
    return this.#needs.attendance().hasCome(gateway) || this.#needs.clock.wallMs() - heardMs < GATEWAY_FORGOTTEN_MS;
  }

  #began({ gateway, heardMs }: Heard): SiteEvent {
    const ms = this.#gone.get(gateway)!;
    const [since, last] = [this.#written(ms), this.#written(heardMs)];
    const text =
      `gateway ${gateway} has no connection to this collector since ${since}, the last of it came at ${last}: here nothing of this site is heard; ` +
      `look at its power, its network and the box 网关 ${gateway} 自 ${since} 起与本采集端无连接,最近数据 ${last}:本端收不到现场信号,` +
      '请检查其电源、网络与设备';
    return eventOfGateway(this.#needs, { kind: 'link', edge: 'began', source: gateway, text, ms });
  }

  #ended(gateway: string): SiteEvent {
    const text = this.#needs.isRevoked(gateway)
      ? `gateway ${gateway} is revoked: nobody waits for it any more 网关 ${gateway} 已吊销,不再等待`
      : `gateway ${gateway} is there again 网关 ${gateway} 已恢复连接`;
    return eventOfGateway(this.#needs, { kind: 'link', edge: 'ended', source: gateway, text });
  }

  /** In the zone of the collector, `2026-03-01 14:00:05 UTC+8`. */
  #written(ms: number): string {
    const { zoneMinutes } = this.#needs;
    const [hours, minutes] = [Math.trunc(Math.abs(zoneMinutes) / 60), Math.abs(zoneMinutes) % 60];
    const zone = `UTC${zoneMinutes < 0 ? '-' : '+'}${hours}${minutes > 0 ? `:${String(minutes).padStart(2, '0')}` : ''}`;
    return `${new Date(ms + zoneMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')} ${zone}`;
  }
}
