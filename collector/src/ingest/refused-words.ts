import { writtenTime } from '../written-time.ts';
import type { Caller } from './caller.ts';
import { REFUSALS, type Refusal, remedyOf } from './refusals.ts';

/** A gateway that is kept out, again and again. */
export interface TurnedAwayGateway {
  readonly reason: Refusal;
  /** What more there is to say of it. */
  readonly detail?: string;
  /** Since when for this reason, milliseconds since 1970-01-01 UTC. */
  readonly sinceMs: number;
  /** When it was turned away last, the same. */
  readonly lastMs: number;
  /** Where it came from last. */
  readonly address: string;
}

interface Refused {
  readonly reason: Refusal;
  readonly sinceMs: number;
  readonly caller: Caller;
  readonly zoneMinutes: number;
}

/** What people are told of somebody who is turned away: who, since when, why, what to do. */
export function refusedWords({ reason, sinceMs, caller, zoneMinutes }: Refused): string {
  const { zh, en } = REFUSALS[reason];
  const { gateway, isProven, address, detail } = caller;
  if (gateway !== null && isProven)
    return gatewayRefusedWords(gateway, { reason, sinceMs, address, ...(detail && { detail }) }, zoneMinutes);
  const [more, claim] = [detail ? ` (${detail})` : '', gateway === null ? '' : ` ${gateway}`];
  const remedy = remedyOf(reason);
  return (
    `来自 ${address} 的连接被拒绝:${zh}${more}${claim === '' ? '' : `,自称${claim},未经证实`}${remedy ? `。${remedy.zh}` : ''} ` +
    `a caller from ${address} is turned away: ${en}${more}${claim === '' ? '' : `; it calls itself${claim}, which nothing proves`}` +
    `${remedy ? `. ${remedy.en}` : ''}`
  );
}

/** The same of a gateway that is known by its certificate. */
export function gatewayRefusedWords(gateway: string, refused: Omit<TurnedAwayGateway, 'lastMs'>, zoneMinutes: number): string {
  const { reason, detail, sinceMs, address } = refused;
  const { zh, en } = REFUSALS[reason];
  const [since, more, remedy] = [writtenTime(sinceMs, zoneMinutes), detail ? ` (${detail})` : '', remedyOf(reason)];
  return (
    `网关 ${gateway} 被拒绝接入(${reason}):${zh}${more},自 ${since} 起,来自 ${address}${remedy ? `。处置:${remedy.zh}` : ''} ` +
    `gateway ${gateway} is refused since ${since}, because: ${en}${more}, from ${address}${remedy ? `. What to do: ${remedy.en}` : ''}`
  );
}
