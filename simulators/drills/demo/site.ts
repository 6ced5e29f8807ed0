import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** The demonstration site: one gateway with four lines, as an installer would write it down. */
export const GATEWAY_ID = 'gw-jdz-demo';
export const PANEL = 'panel-1';
export const HYDRANT_RTU = 'hydrant-7';
export const HYDRANT_TCP = 'hydrant-8';
export const SMOKES = { 'smoke-302': '860000000000017', 'smoke-501': '860000000000033' } as const;
export const HYDRANT_UNITS = { [HYDRANT_RTU]: 3, [HYDRANT_TCP]: 1 } as const;
/** Pressure at the start, kPa. */
export const PRESSURES = { [HYDRANT_RTU]: 352, [HYDRANT_TCP]: 418 } as const;

/** Where the processes of a run find each other. */
export interface Addresses {
  readonly panelPath: string;
  readonly hydrantPath: string;
  readonly hydrantTcp: string;
  readonly udpPort: number;
  /** The link through which the gateway reaches the collector. */
  readonly uplink: string;
}

/** The files of a run, all in one fresh folder. */
export class Site {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    for (const name of ['logs', 'truth', 'gateway', 'collector']) mkdirSync(join(folder, name), { recursive: true });
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  truthOf(device: string): string {
    return this.path('truth', `${device}.jsonl`);
  }

  /** What a hydrant serves before anybody asks. */
  writeScenario(hydrant: keyof typeof PRESSURES): string {
    writeFileSync(this.path(`${hydrant}.yaml`), stringify({ steps: [{ at: 0, set: { pressure: PRESSURES[hydrant] } }] }));
    return this.path(`${hydrant}.yaml`);
  }

  writeToken(): string {
    writeFileSync(this.path('municipal.token'), 'demo-token\n', { mode: 0o600 });
    return this.path('municipal.token');
  }

  writeCollector(municipalUrl: string): string {
    const settings = {
      collector: { operator: 'JDZ-DEMO', zoneMinutes: 480 },
      data: './collector',
      intake: { host: '127.0.0.1', port: 0 },
      http: { host: '127.0.0.1', port: 0 },
      municipal: { url: municipalUrl, tokenFile: './municipal.token', allowPrivateAddress: true, timeoutMs: 5000 },
    };
    writeFileSync(this.path('collector.yaml'), stringify(settings));
    return this.path('collector.yaml');
  }

  writeGateway(addresses: Addresses): string {
    const settings = {
      gateway: { id: GATEWAY_ID, address: 3_000_001, centre: 20, zoneMinutes: 480 },
      data: './gateway',
      profile: 'db36-t1297-2020',
      uplinks: [
        {
          name: 'collector',
          kind: 'mqtt',
          url: `mqtts://${addresses.uplink}`,
          ca: './enrolled/ca.pem',
          certificate: `./enrolled/${GATEWAY_ID}.pem`,
          key: `./enrolled/${GATEWAY_ID}.key`,
        },
      ],
      status: { host: '127.0.0.1', port: 0 },
      lines: [panelLine(addresses), hydrantLine(addresses), hydrantTcpLine(addresses), nbLine(addresses)],
    };
    writeFileSync(this.path('gateway.yaml'), stringify(settings));
    return this.path('gateway.yaml');
  }
}

function panelLine({ panelPath }: Addresses): object {
  const point = (loop: number, number: number, place: string, componentType: number) => ({
    address: { controller: 1, loop, point: number },
    place,
    componentType,
  });
  return {
    name: 'panel-line',
    wire: { kind: 'serial', path: panelPath },
    devices: [
      {
        name: PANEL,
        family: 'jbf-193k',
        part: { systemType: 1, systemAddress: 1 },
        points: [
          point(1, 2, '1号楼3层东走道', 42),
          point(1, 5, '1号楼5层西走道', 42),
          point(1, 9, '1号楼9层电梯前室', 42),
          point(2, 7, '地下车库B区', 42),
        ],
      },
    ],
  };
}

function hydrant(name: keyof typeof HYDRANT_UNITS, place: string): object {
  return {
    name,
    family: 'pressure-transmitter',
    unit: HYDRANT_UNITS[name],
    points: [
      {
        register: 'pressure',
        place,
        componentType: 240, // hydrant pressure sensor
        low: { limit: 140, hysteresis: 10, delayMs: 0 }, // 0.14 MPa: GB 50974-2014 7.2.8
        high: { limit: 1200, hysteresis: 50, delayMs: 0 },
        report: { changeOf: 0, everyMs: 600_000 },
      },
    ],
  };
}

function hydrantLine({ hydrantPath }: Addresses): object {
  return { name: 'hydrant-bus', wire: { kind: 'serial', path: hydrantPath }, devices: [hydrant(HYDRANT_RTU, '昌江大道7号消火栓')] };
}

function hydrantTcpLine({ hydrantTcp }: Addresses): object {
  const [host, port] = hydrantTcp.split(':');
  return { name: 'hydrant-net', wire: { kind: 'tcp', host, port: Number(port) }, devices: [hydrant(HYDRANT_TCP, '珠山路8号消火栓')] };
}

function nbLine({ udpPort }: Addresses): object {
  const places = { 'smoke-302': '2栋302室', 'smoke-501': '2栋501室' } as const;
  const devices = Object.entries(SMOKES).map(([name, device]) => ({
    name,
    family: 'nb-huaqiang',
    device,
    points: [{ address: {}, place: places[name as keyof typeof places], componentType: 42 }],
  }));
  return { name: 'nb', wire: { kind: 'udp', host: '127.0.0.1', port: udpPort }, devices };
}
