import type { Clock, Family, LineSetting, Links } from '@fengsui/protocol';
import type { GatewayConfiguration, LineConfiguration } from './config.ts';
import type { LineCounters } from './drivers/driver.ts';
import type { WaitingReads } from './drivers/waiting-reads.ts';
import type { KnownEvents } from './known-events.ts';
import type { DatagramWire, Wire } from './line.ts';
import type { Known } from './site-families.ts';
import type { Wires } from './site-wires.ts';
import type { Line, Running } from './supervision.ts';

export type Open = Line['open'];

/** What a line is put together from; all of it outlives a lost wire. */
export interface Parts {
  readonly configuration: GatewayConfiguration;
  readonly line: LineConfiguration;
  readonly devices: ReadonlyArray<Known<Family>>;
  readonly counters: LineCounters;
  readonly links: Links;
  readonly reads: WaitingReads;
  readonly clock: Clock;
  readonly wires: Wires;
  readonly known: KnownEvents;
}

/** Opens the one stream of a line. */
export function streamOpener({ line, wires }: Parts, setting: LineSetting) {
  const { wire } = line;
  if (wire.kind !== 'serial' && wire.kind !== 'tcp') throw new Error(`${line.name}: one stream cannot come over ${wire.kind}`);
  return (signal: AbortSignal) => wires.openStream(wire, setting, signal);
}

type BufferOfUdp = 'dropped' | 'receiveBufferBytes' | 'wantedBufferBytes';

/** An open wire with its driver, let go together. */
export function running(
  wire: AsyncDisposable & Pick<Wire, 'name' | 'counters'> & Partial<Pick<DatagramWire, BufferOfUdp>>,
  heard: Running['heard'],
): Running {
  const drops = wire.dropped ? { dropped: () => wire.dropped!() } : {};
  const [granted, wanted] = [wire.receiveBufferBytes ?? 0, wire.wantedBufferBytes ?? 0];
  const doubt =
    granted < wanted
      ? {
          doubt: `receive buffer ${granted} of ${wanted} bytes: a burst of alarms may be dropped; sysctl -w net.core.rmem_max=${wanted}, then restart the gateway`,
        }
      : {};
  const { name, counters } = wire;
  return { at: name, counters, heard, ...drops, ...doubt, [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose]() };
}
