import { join } from 'node:path';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { driveCoap } from './drivers/coap.ts';
import { Exchanges } from './drivers/exchanges.ts';
import { Registrations } from './drivers/registrations.ts';
import { Uploads } from './drivers/uploads.ts';
import { type Open, type Parts, running } from './line-parts.ts';
import { openPushed } from './pushed-line.ts';
import type { Known } from './site-families.ts';

/** A line of devices that publish: themselves over CoAP, or through their operator's cloud. */
export function openPublishing(parts: Parts, known: ReadonlyArray<Known<PublishingFamily>>): Open {
  const { configuration, line, counters, links, reads, clock, wires, known: wrote } = parts;
  const { wire: setting } = line;
  if (setting.kind === 'http') return openPushed({ ...parts, wire: setting });
  if (setting.kind !== 'udp') throw new Error(`${line.name}: CoAP comes over udp`);
  const devices = known.map(({ device, family }) => ({ name: device.name, family, device: device.device! }));
  const families = [...FAMILIES.values()].filter(
    (family) => family.shape === 'publishes' && family.carrier === 'coap',
  ) as PublishingFamily[];
  const store = wires.storeAt(join(configuration.data, `${line.name}.registrations.json`));
  const memory = {
    exchanges: new Exchanges(),
    uploads: new Uploads(),
    reads,
    wroteSince: wrote.since.bind(wrote),
    newToken: wires.newToken,
  };
  let registrations: Registrations | null = null;
  return async (signal) => {
    registrations ??= new Registrations(await store.load());
    const wire = await wires.openDatagrams(setting, signal);
    return running(wire, driveCoap({ wire, devices, families, ...memory, registrations, store, links, clock, signal, counters }));
  };
}
