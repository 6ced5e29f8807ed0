import { type Clock, Links } from '@fengsui/protocol';
import type { GatewayConfiguration, LineConfiguration } from './config.ts';
import { LineCounters } from './drivers/driver.ts';
import { slowestLossMs } from './drivers/polled.ts';
import { WaitingReads } from './drivers/waiting-reads.ts';
import { KnownEvents } from './known-events.ts';
import type { Open, Parts } from './line-parts.ts';
import { openPolled } from './polled-line.ts';
import { openPublishing } from './published-line.ts';
import { familyOf, ofShape, watched } from './site-families.ts';
import { SITE_WIRES } from './site-wires.ts';
import type { Line } from './supervision.ts';
import { openTalkers } from './talking-line.ts';

/** A line with what the status page shows of it. */
export interface BuiltLine extends Line {
  readonly configuration: LineConfiguration;
  readonly counters: LineCounters;
  readonly links: Links;
  /** What its sleeping devices are to be asked; only CoAP lines have such. */
  readonly reads: WaitingReads;
  /** After so long without a byte not one of its devices can be alive, milliseconds. */
  readonly silenceMs: number;
}

/** Puts wire, driver and the memory of its devices together for every line of the site. */
export function buildLines(configuration: GatewayConfiguration, clock: Clock, wires = SITE_WIRES, known = new KnownEvents()): BuiltLine[] {
  return configuration.lines.map((line) => {
    const devices = line.devices.map((device) => ({ device, family: familyOf(device) }));
    const counters = new LineCounters();
    const watchedDevices = devices.map(watched);
    const links = new Links(watchedDevices, clock);
    const silenceMs = Math.max(...watchedDevices.map((device) => device.silenceMs));
    const reads = new WaitingReads(clock);
    const open = openerOf({ configuration, line, devices, counters, links, reads, clock, wires, known });
    const saidOnce = devices.some(({ family }) => family.shape === 'talks' && (!family.answer || family.saysOnce));
    const polled = ofShape(devices, 'polled').map(({ family }) => family);
    const patience = polled.length > 0 ? { slowestLossMs: slowestLossMs(polled) } : {};
    const nobodyRepeats = saidOnce || polled.length > 0;
    const opensAnew = line.wire.kind === 'serial' || line.wire.kind === 'tcp';
    return {
      name: line.name,
      saidOnce,
      nobodyRepeats,
      opensAnew,
      configuration: line,
      counters,
      links,
      reads,
      silenceMs,
      open,
      ...patience,
    };
  });
}

function openerOf(parts: Parts): Open {
  const talking = ofShape(parts.devices, 'talks');
  if (talking[0]) return openTalkers(parts, [talking[0], ...talking.slice(1)]);
  const polled = ofShape(parts.devices, 'polled');
  return polled.length > 0 ? openPolled(parts, polled) : openPublishing(parts, ofShape(parts.devices, 'publishes'));
}
