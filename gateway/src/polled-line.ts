import type { PolledFamily } from '@fengsui/protocol';
import type { DeviceConfiguration } from './config.ts';
import { drivePolled } from './drivers/polled.ts';
import { PolledUnit } from './drivers/polled-unit.ts';
import { type Open, type Parts, running, streamOpener } from './line-parts.ts';
import type { Known } from './site-families.ts';

/** How far each point may jump, as the device counts: the site says it in the unit of the quantity. */
function jumpsOf({ points }: DeviceConfiguration): ReadonlyMap<string, number> {
  return new Map(
    points.flatMap(({ register, jumpMax, scale }) =>
      register === undefined || jumpMax === undefined ? [] : [[register, jumpMax / Math.abs(scale || 1)] as const],
    ),
  );
}

/** A bus of devices that are polled. */
export function openPolled(parts: Parts, devices: ReadonlyArray<Known<PolledFamily>>): Open {
  const { line, counters, links, clock } = parts;
  const openStream = streamOpener(parts, devices[0]!.family.line);
  const form = line.wire.kind === 'tcp' && !line.wire.serialServer ? 'tcp' : 'rtu';
  const units = devices.map(({ device, family }) => {
    const registers = device.points.flatMap(({ register }) => register ?? []);
    const pace = device.pollEveryMs === undefined ? {} : { pollEveryMs: device.pollEveryMs };
    return new PolledUnit(
      { name: device.name, family, unit: device.unit!, registers, jumps: jumpsOf(device), ...pace },
      clock.monotonicMs(),
    );
  });
  return async (signal) => {
    const wire = await openStream(signal);
    return running(wire, drivePolled({ wire, form, units, links, clock, signal, counters }));
  };
}
