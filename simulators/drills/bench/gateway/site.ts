import { join } from 'node:path';
import { FAMILIES } from '@fengsui/protocol/families';
import { machineClock } from '../../../src/clock.ts';
import type { Device } from '../../../src/device.ts';
import { makeDevice } from '../../../src/make-device.ts';
import { CLEAN } from '../../../src/noisy-wire.ts';
import { seeded } from '../../../src/random.ts';
import { TruthLog } from '../../../src/truth.ts';

const FIRST_REGISTER = 100;
const REGISTERS = 20;
export const PANEL_POINTS = 40;
const DETECTORS = 4;

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index);
export const imeiOf = (index: number) => `8600000000${String(10_000 + index)}`;

/** Real serial lines: a polled panel, and buses of twenty Modbus registers each. */
export class Site implements AsyncDisposable {
  readonly panel: Device;
  readonly buses: readonly Device[];

  private constructor(panel: Device, buses: readonly Device[]) {
    this.panel = panel;
    this.buses = buses;
  }

  static async start(folder: string, buses: number): Promise<Site> {
    const site = new Site(
      deviceOn(folder, 'panel', 'jbf-193k'),
      numbered(buses).map((index) => deviceOn(folder, `bus-${index}`, 'modbus-basic')),
    );
    for (const device of [site.panel, ...site.buses]) await device.start();
    for (const bus of site.buses)
      await bus.perform({ kind: 'registers', registers: numbered(REGISTERS).map((at) => [FIRST_REGISTER + at, 1_000 + at]) });
    return site;
  }

  /** Lines of a configuration. `everyMs`: each register is told at least so often. */
  lines(buses: number, everyMs: number): string {
    const points = numbered(PANEL_POINTS).map(
      (at) => `{ address: { controller: 1, loop: 1, point: ${at + 1} }, place: 1号楼${at + 1}室, componentType: 42 }`,
    );
    const registers = numbered(REGISTERS).map(
      (at) =>
        `{ register: r-${at}, reads: { function: 3, register: ${FIRST_REGISTER + at} }, quantity: gas-ppm, place: 泵房${at}, report: { everyMs: ${everyMs} } }`,
    );
    const detectors = numbered(DETECTORS).map(
      (index) =>
        `{ name: smoke-${index}, family: nb-huaqiang, device: "${imeiOf(index)}", points: [ { address: {}, place: 2栋${index}室, componentType: 42 } ] }`,
    );
    const busLines = this.buses.slice(0, buses).map(
      ({ address }, index) => `
  - { name: bus-line-${index}, wire: { kind: serial, path: ${address} }, devices: [ { name: bus-${index}, family: modbus-basic, unit: 1, pollEveryMs: 1000, points: [ ${registers.join(', ')} ] } ] }`,
    );
    return `lines:
  - { name: panel-line, wire: { kind: serial, path: ${this.panel.address} }, devices: [ { name: panel-1, family: jbf-193k, points: [ ${points.join(', ')} ] } ] }${busLines.join('')}
  - { name: nb, wire: { kind: udp, host: 127.0.0.1, port: 0 }, devices: [ ${detectors.join(', ')} ] }
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of [this.panel, ...this.buses]) await device[Symbol.asyncDispose]();
  }
}

function deviceOn(folder: string, name: string, familyName: string): Device {
  const family = FAMILIES.get(familyName)!;
  return makeDevice({
    ...{ family, wire: 'pty', baudRate: null, unit: 1, endpoint: null, mode: 'observe', ackTimeoutMs: 2_000, zoneMinutes: 480 },
    ...{ quality: CLEAN, clock: machineClock, random: seeded(1), narrate: () => {} },
    truth: new TruthLog(join(folder, `${name}.jsonl`), name, familyName),
  });
}

/** What stands above the lines. `uplink` is the inside of its entry. */
export const head = (id: string, data: string, uplink: string, ordinaryMiB = 1024) => `gateway: { id: ${id}, address: 1, centre: 2 }
data: ${data}
profile: db36-t1297-2020
journal: { ordinaryMiB: ${ordinaryMiB} }
uplinks: [ { name: collector, kind: mqtt, ${uplink} } ]
log: { level: error }
`;

/** Nobody is there. */
export const NOBODY = 'url: "mqtt://127.0.0.1:1"';
