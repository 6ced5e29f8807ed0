import { readFile } from 'node:fs/promises';
import { SocketAddress } from 'node:net';
import { endianness } from 'node:os';

/** Both ends of a connection, by which the kernel knows it among those of all programs. */
export interface Ends {
  readonly local: End;
  readonly remote: End;
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** How often in a row the kernel has sent what is on its way again, and nothing of it was acknowledged. 0 where that cannot be known. */
export async function sentInVain(ends: Ends): Promise<number> {
  const tables = await Promise.all(['/proc/self/net/tcp', '/proc/self/net/tcp6'].map((file) => readFile(file, 'latin1').catch(() => '')));
  return Math.max(0, ...tables.map((table) => resendsIn(table, ends)));
}

/** Reads the column `retrnsmt` (Linux, Documentation/networking/proc_net_tcp) of the established connection with these ends. */
export function resendsIn(table: string, { local, remote }: Ends): number {
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', state, , , resends = ''] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && isAt(from, local) && isAt(to, remote)) return Number.parseInt(resends, 16);
  }
  return 0;
}

const ESTABLISHED = '01';

/** Ports alone are soon compared, and most differ. */
function isAt(written: string, { address, port }: End): boolean {
  const [words = '', at = ''] = written.split(':');
  return Number.parseInt(at, 16) === port && plain(addressOf(words)) === plain(address);
}

/** The kernel writes an address in words of 32 bits, each as a number of this machine. */
function addressOf(words: string): string {
  const bytes = Buffer.from(words, 'hex');
  if (bytes.length !== 4 && bytes.length !== 16) return '';
  if (endianness() === 'LE') bytes.swap32();
  return bytes.length === 4 ? bytes.join('.') : bytes.toString('hex').match(/.{4}/g)!.join(':');
}

/** One way to write each address: without the zone of a link-local one; IPv4 as such where IPv6 carries it. */
function plain(address: string): string {
  const bare = address.replace(/%.*/, '');
  if (!bare.includes(':')) return bare;
  const written = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  return written.replace(/^::ffff:(?=\d+\.)/, '');
}
