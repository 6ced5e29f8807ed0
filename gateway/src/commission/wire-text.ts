import type { LineSetting } from '@fengsui/protocol';
import type { HttpConfiguration, WireConfiguration } from '../config.ts';
import { CONNECTIONS_MAX } from '../limits.ts';

const PARITIES = { N: 'none', E: 'even', O: 'odd' } as const;

/** What most serial devices are set to: the start where nobody knows better. */
export const USUAL_LINE: LineSetting = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 };

/** `9600,8N1`, as a person says a line setting. */
export function showLine({ baudRate, dataBits, parity, stopBits }: LineSetting): string {
  return `${baudRate},${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
}

/** `9600,8N1`, `9600` or `9600 8n1`; null: it is none. */
export function parseLine(text: string): LineSetting | null {
  const parts = /^(\d{3,6})(?:[\s,]+([78])([NEO])([12]))?$/i.exec(text.trim());
  if (!parts) return null;
  const parity = PARITIES[(parts[3] ?? 'N').toUpperCase() as keyof typeof PARITIES];
  return { baudRate: Number(parts[1]), dataBits: parts[2] === '7' ? 7 : 8, parity, stopBits: parts[4] === '2' ? 2 : 1 };
}

const FORMS = 'serial:/dev/ttyUSB0@9600,8N1, tcp:host:port, udp:host:port or tcp-server:host:port';

/** What a person can name on a command line: a cloud's pushes need more than an address. */
export type NamedWire = Exclude<WireConfiguration, HttpConfiguration>;

/** A wire as a person names it on a command line. Throws TypeError where it is none. */
export function parseWire(text: string): NamedWire {
  const serial = /^serial:([^@]+)(?:@(.+))?$/.exec(text);
  if (serial) {
    const line = serial[2] === undefined ? {} : parseLine(serial[2]);
    if (!line) throw new TypeError(`--wire: ${serial[2]} is no line setting like 9600,8N1 / 不是线路参数`);
    return { kind: 'serial', path: serial[1]!, ...(line as object) };
  }
  const net = /^(tcp|udp|tcp-server):(\[[0-9a-f:.]+\]|[^:\s]+):(\d{1,5})$/i.exec(text);
  const port = Number(net?.[3]);
  if (!net || port > 65_535 || (net[1] === 'tcp' && port === 0))
    throw new TypeError(`--wire: must be ${FORMS} (got ${text.slice(0, 80)}) / 线路写法不对`);
  const host = net[2]!.replace(/^\[|\]$/g, '');
  if (net[1] === 'tcp-server') return { kind: 'tcp-server', host, port, connectionsMax: CONNECTIONS_MAX };
  return net[1] === 'udp' ? { kind: 'udp', host, port } : { kind: 'tcp', host, port, serialServer: false };
}
