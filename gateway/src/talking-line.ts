import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { Correspondents, correspondent, type NamedTalker } from './drivers/correspondents.ts';
import { driveDatagrams, driveServer, patienceWith } from './drivers/served.ts';
import { driveTalking } from './drivers/talking.ts';
import { type Open, type Parts, running, streamOpener } from './line-parts.ts';
import { type Known, watched } from './site-families.ts';

/** A line of devices that talk: one panel at a stream, or many that come to us. */
export function openTalkers(parts: Parts, talking: readonly [Known<TalkingFamily>, ...Array<Known<TalkingFamily>>]): Open {
  const { wire } = parts.line;
  if (wire.kind !== 'udp' && wire.kind !== 'tcp-server') return openTalking(parts, talking[0]);
  const { configuration, counters, links, clock, wires } = parts;
  const devices = talking.map(({ device, family }): NamedTalker => ({ name: device.name, family, device: device.device! }));
  const correspondents = new Correspondents(devices, FAMILIES.get(talking[0].device.family) as TalkingFamily);
  const line = { correspondents, links, clock, counters, zoneMinutes: configuration.gateway.zoneMinutes };
  return async (signal) => {
    if (wire.kind === 'udp') {
      const socket = await wires.openDatagrams(wire, signal);
      return running(socket, driveDatagrams({ ...line, wire: socket, signal }));
    }
    const server = await wires.openServer(wire, signal);
    const patienceMs = patienceWith(Math.max(...parts.devices.map((known) => watched(known).silenceMs)));
    return running(server, driveServer({ ...line, server, patienceMs, signal }));
  };
}

function openTalking(parts: Parts, { device, family }: Known<TalkingFamily>): Open {
  const { configuration, counters, links, clock } = parts;
  const openStream = streamOpener(parts, family.line);
  const panel = correspondent(device.name, family, device.unit);
  const { zoneMinutes } = configuration.gateway;
  return async (signal) => {
    const wire = await openStream(signal);
    return running(wire, driveTalking({ wire, panel, links, zoneMinutes, clock, signal, counters }));
  };
}
