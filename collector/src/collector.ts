import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Board } from './board.ts';
import { machineClock } from './clock.ts';
import type { CollectorConfiguration } from './config-schema.ts';
import { Gaps } from './gaps.ts';
import { Intake } from './ingest/intake.ts';
import { PushIntake } from './ingest/push.ts';
import { openSqliteLedger } from './ledger/sqlite-ledger.ts';
import { OrderDesk } from './orders/desk.ts';
import { openServerIdentity } from './pki/authority.ts';
import { readRevoked } from './pki/enrolment.ts';
import { pkiFiles } from './pki/files.ts';
import { type Log, report, supervise } from './supervise.ts';
import { Troubles } from './troubles.ts';
import { voiceOf } from './voice.ts';
import { watch } from './watch.ts';
import { httpOf, municipalOf } from './ways-out.ts';

export interface Collector {
  /** Where gateways deliver. */
  readonly intake: string;
  /** Where people look, once the page can be opened. */
  readonly page: Promise<string>;
  /** Where each operator cloud pushes to, by the gateway its rows are numbered under, without the secret; once all can listen. */
  readonly pushes: Promise<Readonly<Record<string, string>>>;
  /** Takes nothing more in, finishes what was taken, closes everything. */
  stop(): Promise<void>;
}

async function addressesOf(pushes: readonly PushIntake[]): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(await Promise.all(pushes.map(async ({ name, address }) => [name, await address] as const)));
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
  const { zoneMinutes } = configuration.collector;
  const pushes = configuration.pushes.map(
    (push) =>
      new PushIntake({ ...push, zoneMinutes }, { ledger, clock: machineClock, failed: (failure) => report(push.gateway, failure, log) }),
  );
  const [gaps, troubles] = [new Gaps(), new Troubles(machineClock, log)];
  const { voice, absences } = voiceOf({ ledger, board, intake: () => intake, zoneMinutes, log });
  const http = httpOf(configuration, {
    ...{ board, absences, orders, others: municipal, pushes, troubles, gaps, log },
    refused: () => intake.turnedAway.counts(),
  });
  const intake = new Intake({
    ...intakeSettings,
    identity,
    ledger,
    orders,
    clock: machineClock,
    revoked: () => readRevoked(pkiFiles(data).revoked),
    failed: (failure) => report('intake', failure, log),
    ...{ log, zoneMinutes },
  });
  const stop = new AbortController();
  const supervision = { clock: machineClock, log, signal: stop.signal };
  const works = [
    supervise('watch', (signal) => watch({ ledger, locked: () => http.locked, gaps, troubles, clock: machineClock }, signal), supervision),
    supervise('voice', (signal) => voice.run(signal), supervision),
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
  const shut = new AbortController();
  const pushed = pushes.map((push) => supervise(push.name, (signal) => push.run(signal), { ...supervision, signal: shut.signal }));
  undo.defer(async () => {
    shut.abort();
    await Promise.all(pushed);
  });

  const { host } = intakeSettings;
  const all = undo.move();
  const address = `mqtts://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { intake: address, page: http.address, pushes: addressesOf(pushes), stop: () => all.disposeAsync() };
}
