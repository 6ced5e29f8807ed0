import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from './board.ts';
import { machineClock } from './clock.ts';
import type { CollectorConfiguration } from './config-schema.ts';
import type { Gaps } from './gaps.ts';
import type { AbsenceMatter } from './ingest/absence-matter.ts';
import type { PushIntake } from './ingest/push.ts';
import type { OrderDesk } from './orders/desk.ts';
import { type HttpOutlet, httpOutlet } from './outlets/http/http.ts';
import { municipalOutlet } from './outlets/municipal/municipal.ts';
import type { Outlet } from './outlets/outlet.ts';
import { type Log, report } from './supervise.ts';
import type { Troubles } from './troubles.ts';

const secretIn = (file: string) => readFileSync(file, 'utf8').trim();

/** The push to the municipal platform, where there is one. */
export function municipalOf({ collector, data, municipal }: CollectorConfiguration): Outlet[] {
  if (!municipal) return [];
  const refusalsFile = join(data, 'municipal-refusals.jsonl');
  return [municipalOutlet({ ...municipal, operatorCode: collector.operator, refusalsFile }, { clock: machineClock })];
}

/** What the page shows. */
interface Behind {
  readonly board: Board;
  readonly absences: Pick<AbsenceMatter, 'connectionOf'>;
  readonly orders: OrderDesk;
  readonly others: readonly Outlet[];
  readonly pushes: readonly PushIntake[];
  readonly troubles: Troubles;
  readonly gaps: Gaps;
  readonly refused: () => Readonly<Record<string, number>>;
  readonly log: Log;
}

/** The page and the interface. */
export function httpOf(
  { collector, http }: CollectorConfiguration,
  { board, absences, orders, others, pushes, troubles, gaps, refused, log }: Behind,
): HttpOutlet {
  const { host, port, tls, tokenFile } = http;
  const configuration = {
    ...{ host, port, operator: collector.operator, zoneMinutes: collector.zoneMinutes },
    ...(tokenFile === undefined ? {} : { token: secretIn(tokenFile) }),
    ...(tls === undefined ? {} : { tls: { certificate: readFileSync(tls.certificate, 'utf8'), key: readFileSync(tls.key, 'utf8') } }),
  };
  const reports = () => others.map((outlet) => outlet.report());
  const needs = {
    ...{ shown: board, orders, reports, pushes: () => pushes.map((push) => push.state()) },
    connectionOf: (gateway: string) => absences.connectionOf(gateway),
    ...{ troubles: () => troubles.standing, refused },
    isComing: (series: Parameters<Gaps['isComing']>[0]) => gaps.isComing(series, machineClock.monotonicMs()),
  };
  return httpOutlet(configuration, { ...needs, onTrouble: (trouble) => report('http', trouble, log) });
}
