import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Board } from './board.ts';
import { machineClock } from './clock.ts';
import type { CollectorConfiguration } from './config-schema.ts';
import { Intake } from './ingest/intake.ts';
import { openSqliteLedger } from './ledger/sqlite-ledger.ts';
import { OrderDesk } from './orders/desk.ts';
import { type HttpOutlet, httpOutlet } from './outlets/http/http.ts';
import { municipalOutlet } from './outlets/municipal/municipal.ts';
import type { Outlet } from './outlets/outlet.ts';
import { openServerIdentity } from './pki/authority.ts';
import { readRevoked } from './pki/enrolment.ts';
import { pkiFiles } from './pki/files.ts';
import { type Log, report, supervise } from './supervise.ts';

export interface Collector {
  /** Where gateways deliver. */
  readonly intake: string;
  /** Where people look, once the page can be opened. */
  readonly page: Promise<string>;
  /** Takes nothing more in, finishes what was taken, closes everything. */
  stop(): Promise<void>;
}

const secretIn = (file: string) => readFileSync(file, 'utf8').trim();

function municipalOf({ collector, data, municipal }: CollectorConfiguration): Outlet[] {
  if (!municipal) return [];
  const refusalsFile = join(data, 'municipal-refusals.jsonl');
  return [municipalOutlet({ ...municipal, operatorCode: collector.operator, refusalsFile }, { clock: machineClock })];
}

interface Behind {
  readonly board: Board;
  readonly orders: OrderDesk;
  readonly others: readonly Outlet[];
  readonly log: Log;
}

function httpOf({ collector, http }: CollectorConfiguration, { board, orders, others, log }: Behind): HttpOutlet {
  const { host, port, tls, tokenFile } = http;
  const configuration = {
    ...{ host, port, operator: collector.operator, zoneMinutes: collector.zoneMinutes },
    ...(tokenFile === undefined ? {} : { token: secretIn(tokenFile) }),
    ...(tls === undefined ? {} : { tls: { certificate: readFileSync(tls.certificate, 'utf8'), key: readFileSync(tls.key, 'utf8') } }),
  };
  const reports = () => others.map((outlet) => outlet.report());
  return httpOutlet(configuration, { shown: board, orders, reports, onTrouble: (trouble) => report('http', trouble, log) });
}

/** Puts the line together, from the intake over the ledger to the outlets. Rejects with a `Failure`; then nothing is left open. */
export async function startCollector(configuration: CollectorConfiguration, log: Log): Promise<Collector> {
  const { data, intake: intakeSettings } = configuration;
  const identity = await openServerIdentity(data);
  await using undo = new AsyncDisposableStack();
  const ledger = undo.adopt(await openSqliteLedger(join(data, 'ledger.sqlite'), machineClock), (open) => open.close());

  const board = new Board();
  const municipal = municipalOf(configuration);
  const orders = new OrderDesk({ orders: ledger.orders, clock: machineClock, tell: (gateway, payload) => intake.order(gateway, payload) });
  const http = httpOf(configuration, { board, orders, others: municipal, log });
  const intake = new Intake({
    ...intakeSettings,
    identity,
    ledger,
    orders,
    clock: machineClock,
    revoked: () => readRevoked(pkiFiles(data).revoked),
    failed: (failure) => report('intake', failure, log),
  });
  const stop = new AbortController();
  const supervision = { clock: machineClock, log, signal: stop.signal };
  const works = [
    supervise('orders', (signal) => orders.run(signal), supervision),
    supervise('board', (signal) => board.run(ledger, signal), supervision),
    ...[...municipal, http].map((outlet) =>
      supervise(outlet.name, (signal) => outlet.run(ledger, ledger.cursor(outlet.name), signal), supervision),
    ),
  ];
  undo.defer(async () => {
    stop.abort();
    await Promise.all(works);
  });

  undo.defer(() => intake.close());
  const port = await intake.open();

  const { host } = intakeSettings;
  const all = undo.move();
  return { intake: `mqtts://${isIPv6(host) ? `[${host}]` : host}:${port}`, page: http.address, stop: () => all.disposeAsync() };
}
