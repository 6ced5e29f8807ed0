import { writtenTime } from '../written-time.ts';
import { REFUSALS, type Refusal, remedyOf } from './refusals.ts';
import { gatewayRefusedWords, type TurnedAwayGateway } from './refused-words.ts';

/** Why a gateway is not there: it stays away, or this keeps it out. */
export type Why = Refusal | 'away';

/** A gateway that is not there. */
interface Absence {
  readonly gateway: string;
  /** Milliseconds since 1970-01-01 UTC, like all of these. */
  readonly sinceMs: number;
  /** When the last of its rows came; null: nobody waits for any. */
  readonly heardMs: number | null;
  /** Who proved to be it and is kept out; null: nobody. */
  readonly refused: TurnedAwayGateway | null;
  /** Who says that he is it, and has not proven it; null: nobody. */
  readonly claimant: TurnedAwayGateway | null;
}

/**
 * What people are told of it. That somebody with its certificate is turned away may be why it is not there, or a copy of a key that is
 * about: it is said beside that nothing is heard, in the first 200 bytes, for words that are too long for a frame are cut there.
 */
export function absenceWords(absence: Absence, zoneMinutes: number): string {
  const { gateway, heardMs, refused } = absence;
  if (heardMs !== null) return refused ? awayAndRefusedWords(absence, refused, zoneMinutes) : awayWords(absence, heardMs, zoneMinutes);
  return refused ? gatewayRefusedWords(gateway, refused, zoneMinutes) : awayWords(absence, absence.sinceMs, zoneMinutes);
}

function awayAndRefusedWords({ gateway, sinceMs }: Absence, refused: TurnedAwayGateway, zoneMinutes: number): string {
  const { reason, address, detail, lastMs } = refused;
  const [since, last] = [writtenTime(sinceMs, zoneMinutes), writtenTime(lastMs, zoneMinutes)];
  const [{ zh, en }, more, remedy] = [REFUSALS[reason], detail ? ` (${detail})` : '', remedyOf(reason)];
  return (
    `网关 ${gateway} 自 ${since} 起与本采集端无连接,持其证书者被拒绝接入(${reason}):${zh}${more},最近 ${last} 来自 ${address}` +
    `${remedy ? `。若为本网关:${remedy.zh}` : ''};若非本网关,有人持有其密钥副本,请检查网关电源与网络 ` +
    `gateway ${gateway} has no connection since ${since}; who holds its certificate is refused, because: ${en}${more}, last at ${last} from ${address}` +
    `${remedy ? `. Where that is the box itself: ${remedy.en}` : ''}; where not, somebody has a copy of its key, and its power and network want a look`
  );
}

function awayWords({ gateway, sinceMs, claimant }: Absence, heardMs: number, zoneMinutes: number): string {
  const [since, last] = [writtenTime(sinceMs, zoneMinutes), writtenTime(heardMs, zoneMinutes)];
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

const TOLD = /^网关 \S+ (?:自 .{1,40} 起与本采集端无连接,持其证书者)?被拒绝接入\(([a-z-]+)\)/;

/** What such words tell of. */
export function whyIn(words: string): Why {
  const reason = TOLD.exec(words)?.[1];
  return reason !== undefined && Object.hasOwn(REFUSALS, reason) ? (reason as Refusal) : 'away';
}

const ENDS = {
  there: ['已恢复连接', 'is there again'],
  revoked: ['已吊销,不再等待', 'is revoked: nobody waits for it any more'],
  'given-up': ['不再尝试接入', 'does not try to come in any more'],
} as const;

/** What people are told where that is over. */
export function endWords(gateway: string, how: keyof typeof ENDS): string {
  const [zh, en] = ENDS[how];
  return `网关 ${gateway} ${zh} gateway ${gateway} ${en}`;
}
