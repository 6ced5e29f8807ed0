import { join } from 'node:path';
import { FAMILIES } from '@fengsui/protocol/families';
import { machineClock } from '../../src/clock.ts';
import type { Device } from '../../src/device.ts';
import { makeDevice } from '../../src/make-device.ts';
import { CLEAN } from '../../src/noisy-wire.ts';
import { seeded } from '../../src/random.ts';
import { TruthLog } from '../../src/truth.ts';

/** A polled panel on a pseudo-terminal of this machine, started. */
export async function startPanel(folder: string): Promise<Device> {
  const family = FAMILIES.get('jbf-193k')!;
  const panel = makeDevice({
    ...{ family, wire: 'pty', baudRate: null, unit: 1, endpoint: null, mode: 'observe', ackTimeoutMs: 2_000, zoneMinutes: 480 },
    ...{ quality: CLEAN, clock: machineClock, random: seeded(1), narrate: () => {} },
    truth: new TruthLog(join(folder, 'panel.jsonl'), 'panel-1', family.name),
  });
  await panel.start();
  return panel;
}

/** The panel reports a fire at this point. */
export const fireAt = (panel: Device, point: number) =>
  panel.perform({ kind: 'say', say: { what: 'fire', address: { controller: 1, loop: 1, point } } });

/** What an installer would write for that panel; nobody answers at the uplink. */
export const settings = (panelPath: string, data: string) => `gateway: { id: gw-box, address: 1, centre: 2 }
data: ${data}
profile: db36-t1297-2020
uplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]
lines:
  - name: panel-line
    wire: { kind: serial, path: ${panelPath} }
    devices:
      - name: panel-1
        family: jbf-193k
        points: [ { address: { controller: 1, loop: 1, point: 2 }, place: 1号楼3层东走道, componentType: 42 } ]
`;
