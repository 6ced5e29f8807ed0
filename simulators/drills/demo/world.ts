import { existsSync } from 'node:fs';
import { type Child, Children } from './children.ts';
import { freeUdpPort } from './free-port.ts';
import { GATEWAY_ID, HYDRANT_RTU, HYDRANT_TCP, HYDRANT_UNITS, PANEL, type Site, SMOKES } from './site.ts';

const SIM = 'simulators/src/cli.ts';
const GATEWAY = 'gateway/src/main.ts';
const COLLECTOR = 'collector/src/main.ts';

/** Everything that runs: the city, the collector, the link, the devices, the gateway. */
export interface World {
  readonly children: Children;
  /** Who can be told steps, by name; `link` is the way from gateway to collector. */
  readonly told: ReadonlyMap<string, Child>;
  /** Root of the collector's page. */
  readonly page: string;
  /** The gateway's own numbers. */
  readonly status: string;
  readonly devices: readonly string[];
}

/** Starts the whole line, each part a process of its own; the gateway and what calls it last. */
export async function startWorld(site: Site, seed: string, onDeath: (name: string, code: number | null) => void): Promise<World> {
  const children = new Children(site.path('logs'), onDeath);
  try {
    return await startAll(site, seed, children);
  } catch (error) {
    await children.stopAll();
    throw error;
  }
}

async function startAll(site: Site, seed: string, children: Children): Promise<World> {
  const device = (name: string, family: string, wire: string, ...more: string[]) =>
    children.start(
      ...[name, SIM, 'device', '--name', name, '--family', family, '--wire', wire, '--seed', seed],
      ...['--truth', site.truthOf(name), '--live', '--with-parent', ...more],
    );
  const hydrant = (name: keyof typeof HYDRANT_UNITS, wire: string) =>
    device(name, 'pressure-transmitter', wire, '--unit', String(HYDRANT_UNITS[name]), '--scenario', site.writeScenario(name));
  const { page, link } = await startCloud(site, seed, children);
  const [panel, rtu, tcp, udpPort] = await Promise.all([
    device(PANEL, 'jbf-193k', 'pty'),
    hydrant(HYDRANT_RTU, 'pty'),
    hydrant(HYDRANT_TCP, 'tcp:127.0.0.1:0'),
    freeUdpPort(),
  ]);
  const config = site.writeGateway({
    panelPath: panel.ready['wire']!,
    hydrantPath: rtu.ready['wire']!,
    hydrantTcp: tcp.ready['wire']!,
    udpPort,
    uplink: link.ready['address']!,
  });
  const gateway = await children.start('gateway', GATEWAY, 'run', '--config', config, '--with-parent');
  const smokes = await Promise.all(
    Object.entries(SMOKES).map(([name, imei]) => device(name, 'nb-huaqiang', `udp:127.0.0.1:${udpPort}`, '--endpoint', imei)),
  );
  const devices = [panel, rtu, tcp, ...smokes];
  const told = new Map([['link', link], ...devices.map((child) => [child.name, child] as const)]);
  return { children, told, page, status: gateway.ready['status']!, devices: devices.map(({ name }) => name) };
}

/** The city, the collector with its certificates, and the link that leads to it. */
async function startCloud(site: Site, seed: string, children: Children): Promise<{ page: string; link: Child }> {
  const data = site.path('collector');
  const municipal = ['--log', site.path('municipal.jsonl'), '--token-file', site.writeToken(), '--with-parent'];
  const [city] = await Promise.all([
    children.start('municipal', SIM, 'municipal', ...municipal),
    children.run('collector-init', COLLECTOR, 'init', '--data', data, '--host', '127.0.0.1'),
  ]);
  await children.run('collector-enrol', COLLECTOR, 'enrol', '--data', data, '--gateway', GATEWAY_ID, '--out', site.path('enrolled'));
  if (!existsSync(site.path('enrolled', 'ca.pem'))) throw new Error('the collector enrolled no gateway');
  const collector = await children.start(
    'collector',
    COLLECTOR,
    'run',
    '--with-parent',
    '--config',
    site.writeCollector(city.ready['url']!),
  );
  const intake = new URL(collector.ready['intake']!);
  const to = ['--to', `${intake.hostname}:${intake.port}`, '--seed', seed, '--log', site.path('link.jsonl')];
  const link = await children.start('link', SIM, 'proxy', ...to, '--live', '--with-parent');
  return { page: collector.ready['page']!, link };
}
