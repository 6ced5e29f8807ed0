import { type Clock, Failure } from '@fengsui/protocol';
import { DIALECTS } from '@fengsui/protocol/gb26875';
import type { CentreConfiguration } from '../config.ts';
import type { Outage } from '../outage.ts';
import type { CentreTimes } from './centre-times.ts';
import { Behind } from './gb26875-behind.ts';
import { CentreDesk, type CentreOrders } from './gb26875-centre.ts';
import { Exchanges } from './gb26875-exchanges.ts';
import { CentreSession } from './gb26875-session.ts';
import { stationOf } from './gb26875-station.ts';
import { openWire } from './gb26875-wire.ts';
import { keepUp } from './keep-up.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';

export interface CentreUplinkOptions {
  /** By which its orders and its outages are told apart. */
  readonly name: string;
  readonly orders: CentreOrders;
  readonly configuration: CentreConfiguration;
  readonly gateway: string;
  /** Addresses of the gateway and of the centre, where the uplink names none of its own. */
  readonly source: number;
  readonly destination: number;
  readonly zoneMinutes: number;
  /** What the centres gave for times. */
  readonly times: CentreTimes;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly outage: Pick<Outage, 'lost' | 'returned'>;
  /** Hears that the centre refused an alarm for good, and that it takes alarms. */
  readonly refusals: Pick<Outage, 'lost' | 'returned'>;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Tells a city centre what the journal holds, by GB/T 26875.3 over TCP or UDP, until the signal aborts. */
export function runCentreUplink(options: CentreUplinkOptions): Promise<void> {
  const { configuration, source, destination, zoneMinutes, clock } = options;
  const dialect = DIALECTS.get(configuration.dialect)!;
  const station = stationOf({
    dialect,
    source: configuration.address ?? source,
    destination: configuration.centre ?? destination,
    zoneMinutes,
    clock,
  });
  const behind = new Behind(clock, configuration.replyTimeoutMs);
  return keepUp({ ...options, ...configuration }, () => runConnection(options, { dialect, station, behind }));
}

type Made = Pick<ConstructorParameters<typeof CentreDesk>[0], 'dialect' | 'station'> & { readonly behind: Behind };

async function runConnection(options: CentreUplinkOptions, { dialect, station, behind }: Made): Promise<Failure> {
  const { configuration, numbers, clock, outage, signal } = options;
  const { replyTimeoutMs, resends, heartbeatS } = configuration;
  let hear: (packet: Uint8Array) => void = () => {};
  try {
    await using wire = await openWire({
      ...{ configuration, cut: dialect.cut, signal },
      hear: (packet) => hear(packet),
      noise: () => (numbers.receiptsIgnored.malformed += 1),
    });
    const send = wire.send.bind(wire);
    const exchanges = new Exchanges({ clock, numbers, send, replyTimeoutMs, resends });
    const trouble = (failure: Failure) => {
      numbers.ordersNotKept += 1;
      numbers.lastFailure = failure.message;
      numbers.lastFailureCode = failure.code;
    };
    using desk = new CentreDesk({ ...options, dialect, station, send, trouble });
    const inFlightMax = dialect.inFlightMax ?? 1;
    const session = new CentreSession({ ...options, station, exchanges, behind, inFlightMax, heartbeatMs: heartbeatS * 1000 });
    hear = (packet) => {
      session.heard();
      // A datagram's way is only there once somebody at its other end has spoken.
      if (numbers.state !== 'up') isUp(numbers, clock, outage);
      if (!exchanges.hear(packet)) desk.hear(packet);
    };
    return await session.run(wire.ended);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function isUp(numbers: UplinkNumbers, clock: Clock, outage: Pick<Outage, 'returned'>): void {
  numbers.state = 'up';
  numbers.sinceMs = clock.wallMs();
  numbers.connections += 1;
  outage.returned();
}
