import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { askPage, logIn, writePin } from './box-page.ts';
import { order } from './orders.ts';
import type { Rig } from './rig.ts';
import type { Nudge } from './throw-points.ts';

const SECRET = 'drill-secret-of-the-path';
const EVERY_MS = 300;

/** Ports of the lines that others come to, and the bus whose units never answer. */
export interface Doors extends AsyncDisposable {
  readonly lines: readonly object[];
  readonly udp: number;
  readonly tcp: number;
  readonly http: number;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** One line of each further kind: CoAP, a door of transmission devices, a cloud's pushes, a polled bus of dead units. */
export async function openDoors(): Promise<Doors> {
  const bus = createServer((socket) => socket.on('error', () => {}).resume());
  const [busPort, udp, tcp, http] = [await listening(bus), await freePort(), await freePort(), await freePort()];
  const at = (kind: string, port: number, more: object = {}) => ({ kind, host: '127.0.0.1', port, ...more });
  const lines = [
    { name: 'coap', wire: at('udp', udp), devices: [{ name: 'smoke', family: 'nb-huaqiang', device: '860000000000017' }] },
    { name: 'door', wire: at('tcp-server', tcp), devices: [{ name: 'utd', family: 'gb26875', device: '0725518012ff' }] },
    {
      name: 'cloud',
      wire: at('http', http, { cloud: 'ctwing', secretFile: './cloud.secret' }),
      devices: [{ name: 'pushed', family: 'push-ctwing', device: '860000000000018' }],
    },
    {
      name: 'bus',
      wire: at('tcp', busPort),
      devices: [{ name: 'gas', family: 'gas-sfjk200', unit: 1, points: [{ register: 'controller' }] }],
    },
  ];
  return { lines, udp, tcp, http, [Symbol.asyncDispose]: async () => void bus.close() };
}

/** What the page and the cloud know us by. */
export async function writeSecrets(rig: Rig): Promise<void> {
  writeFileSync(rig.path('cloud.secret'), SECRET, { mode: 0o600 });
  await writePin(rig);
}

function knock({ udp, tcp, http }: Doors): void {
  const socket = createSocket('udp4');
  socket.send(Buffer.from([0xff, 0, 1]), udp, '127.0.0.1', () => socket.close());
  const caller = connect(tcp, '127.0.0.1', () => caller.end(Buffer.from('@@')));
  caller.on('error', () => {});
  const body = JSON.stringify({ deviceId: 'nobody' });
  void fetch(`http://127.0.0.1:${http}/push/${SECRET}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }).catch(
    () => {},
  );
}

const NUDGES: Readonly<Record<Nudge, (rig: Rig, doors: Doors) => unknown>> = {
  panel: (rig) => rig.panels[0]!.tell({ say: { what: 'fault', address: { controller: 1, loop: 9, point: 1 } } }),
  look: async (rig) => {
    await rig.status();
    await fetch(`${rig.gateway.ready['status']}/metrics`);
  },
  knock: (_, doors) => knock(doors),
  page: (rig) => askPage(rig, 'GET', '/api/hello'),
  login: async (rig) => askPage(rig, 'GET', '/api/stream', await logIn(rig)),
  order: (rig) => order(rig, 'read', '--parameters', JSON.stringify({ what: 'version' })),
};

/** Nudges again and again, one time after the other, until it is disposed of. What the gateway cannot answer is no matter of ours. */
export function nudging(nudge: Nudge, rig: Rig, doors: Doors): Disposable {
  let isUnderway = false;
  const act = async () => {
    if (isUnderway) return;
    isUnderway = true;
    await Promise.resolve(NUDGES[nudge](rig, doors)).catch(() => {});
    isUnderway = false;
  };
  const timer = setInterval(() => void act(), EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
