import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';

/** Datagrams that the kernel dropped for a bound UDP socket since it was opened; null where it does not say (no Linux). */
export async function kernelDropsOf(address: string, port: number): Promise<number | null> {
  try {
    return dropsIn(await readFile(isIPv6(address) ? '/proc/net/udp6' : '/proc/net/udp', 'latin1'), address, port);
  } catch {
    return null;
  }
}

/** The drop column of the row of a local address (proc(5)): addresses in hex, each group of 32 bits in the byte order of the machine. */
export function dropsIn(table: string, address: string, port: number): number | null {
  const local = `${isIPv6(address) ? hexOfIPv6(address) : hexOfIPv4(address)}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  for (const row of table.split('\n').slice(1)) {
    const columns = row.trim().split(/\s+/);
    if (columns[1] === local) return Number(columns.at(-1));
  }
  return null;
}

function hexOfIPv4(address: string): string {
  return hexOf(address.split('.').map(Number).reverse());
}

function hexOfIPv6(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const all = [...first, ...new Array(8 - first.length - last.length).fill(0), ...last];
  const bytes = all.flatMap((group) => [group >> 8, group & 0xff]);
  return [0, 4, 8, 12].map((at) => hexOf(bytes.slice(at, at + 4).reverse())).join('');
}

function hexOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
