import { connect } from 'node:net';

/** What usually listens where: a hint, no proof. */
export const KNOWN_PORTS: Readonly<Record<number, string>> = {
  502: 'Modbus TCP',
  4001: '串口服务器 serial server (Moxa, port 1)',
  4002: '串口服务器 serial server (Moxa, port 2)',
  4003: '串口服务器 serial server (Moxa, port 3)',
  4004: '串口服务器 serial server (Moxa, port 4)',
  4196: '串口服务器 serial server (ZLAN)',
  5000: '串口服务器 serial server',
  8234: '串口服务器 serial server (USR)',
  8899: '串口服务器 serial server (HF, EW11)',
  10001: '串口服务器 serial server (Lantronix)',
  20108: '串口服务器 serial server (USR)',
  26875: 'GB/T 26875.3',
};

/** A site's network; more would take hours and looks like an attack. */
const HOSTS_MAX = 4096;

/** Addresses of `192.168.1.0/24`, without those of the network and of the broadcast. Throws TypeError. */
export function hostsOf(subnet: string): string[] {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(subnet.trim());
  const octets = parts?.slice(1, 5).map(Number) ?? [];
  const bits = Number(parts?.[5] ?? 32);
  if (!parts || octets.some((octet) => octet > 255) || bits > 32)
    throw new TypeError(`--subnet: must be an IPv4 network like 192.168.1.0/24 (got ${subnet}) / 网段写法不对`);
  const size = 2 ** (32 - bits);
  if (size > HOSTS_MAX) throw new TypeError(`--subnet: at most ${HOSTS_MAX} addresses, /20 (got /${bits}) / 网段太大`);
  const base = Math.floor(octets.reduce((sum, octet) => sum * 256 + octet, 0) / size) * size;
  const inner = size > 2 ? { from: 1, to: size - 2 } : { from: 0, to: size - 1 };
  return Array.from({ length: inner.to - inner.from + 1 }, (_, index) => {
    const address = base + inner.from + index;
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
  });
}

export interface OpenDoor {
  readonly host: string;
  readonly port: number;
}

export interface NetworkScan {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  /** Connections at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, all: number) => void;
}

/** Tries to connect to every port of every host and says which opened. Nothing is sent; a connection is closed as soon as it stands. */
export async function scanNetwork({ hosts, ports, timeoutMs, concurrency, signal, progress }: NetworkScan): Promise<OpenDoor[]> {
  const all = hosts.flatMap((host) => ports.map((port) => ({ host, port })));
  const open: OpenDoor[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < all.length && !signal.aborted) {
      const door = all[next++]!;
      if (await opens(door, timeoutMs, signal)) open.push(door);
      progress(++done, all.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, all.length) }, work));
  const order = new Map(all.map((door, index) => [`${door.host} ${door.port}`, index]));
  return open.sort((a, b) => order.get(`${a.host} ${a.port}`)! - order.get(`${b.host} ${b.port}`)!);
}

function opens({ host, port }: OpenDoor, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    let opened = false;
    socket.on('connect', () => {
      opened = true;
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(opened);
    });
  });
}
