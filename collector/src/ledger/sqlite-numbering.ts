import type { Holding } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import { HOLDINGS_MAX } from '../limits.ts';
import type { Numbering } from './ledger.ts';

/** The rows of gateways that the collector numbers itself: few, so their event ids are indexed and nobody else pays for it. */
const OWN = `gateway GLOB 'cloud-*'`;

export const OWN_EVENTS_INDEX = `CREATE INDEX ledger_own_events ON ledger (gateway, event_id) WHERE ${OWN}`;

/** Which of these events of such a gateway are in the ledger. */
export function knownEvents(database: Database, gateway: string, eventIds: readonly string[]): string[] {
  const find = database.prepare<[string, string], { known: 1 }>(
    `SELECT 1 AS known FROM ledger WHERE gateway = ? AND event_id = ? AND ${OWN} LIMIT 1`,
  );
  return eventIds.filter((id) => find.get(gateway, id) !== undefined);
}

/** The highest number of each series of a gateway, those in quarantine counted. */
export function holdingsOf(database: Database, gateway: string): Holding[] {
  return database
    .prepare<[string, number], Holding>('SELECT epoch, lane, highest FROM series WHERE gateway = ? ORDER BY epoch DESC, lane LIMIT ?')
    .all(gateway, HOLDINGS_MAX);
}

/** The last numbers of a gateway's newest epoch, those in quarantine counted. */
export function numberingOf(database: Database, gateway: string): Numbering {
  const series = database
    .prepare<[string, string], { epoch: number; lane: string; highest: number }>(
      'SELECT epoch, lane, highest FROM series WHERE gateway = ? AND epoch = (SELECT max(epoch) FROM series WHERE gateway = ?)',
    )
    .all(gateway, gateway);
  const last = database.prepare<[string, number, string], { ordinal: number; boot: number }>(
    'SELECT ordinal, boot FROM ledger WHERE gateway = ? AND epoch = ? AND lane = ? ORDER BY number DESC LIMIT 1',
  );
  const rows = series.flatMap(({ epoch, lane }) => last.get(gateway, epoch, lane) ?? []);
  const highest = (lane: string) => series.find((one) => one.lane === lane)?.highest ?? 0;
  return {
    epoch: series[0]?.epoch ?? 1,
    order: Math.max(0, ...rows.map(({ ordinal }) => ordinal)),
    boot: Math.max(0, ...rows.map(({ boot }) => boot)),
    numbers: { alarm: highest('alarm'), ordinary: highest('ordinary') },
  };
}
