import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { endianness } from 'node:os';
import { expect, it } from 'vitest';
import { type Ends, resendsIn } from './resends.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const ROW = (ends: string, state: string, resends: string) =>
  `   0: ${ends} ${state} 00000157:00000000 01:0000006A ${resends}     0        0 91203 2 0000000000000000 160 4 0 10 -1\n`;

/** An address as the kernel of this machine writes it, given as bytes in hexadecimal. */
const word = (hex: string) => {
  const bytes = Buffer.from(hex, 'hex');
  return (endianness() === 'LE' ? bytes.swap32() : bytes).toString('hex').toUpperCase();
};
const written = (from: string, local: number, to: string, remote: number) =>
  `${word(from)}:${local.toString(16).padStart(4, '0')} ${word(to)}:${remote.toString(16).padStart(4, '0')}`.toUpperCase();
const ends = (from: string, local: number, to: string, remote: number): Ends => ({
  local: { address: from, port: local },
  remote: { address: to, port: remote },
});

it('reads from the table of the kernel how often a connection was sent again in vain', () => {
  const row = (local: number, state: string, resends: string) => ROW(written('0a620001', local, '0a620002', 8883), state, resends);
  const table = `${HEAD}${row(43486, '01', '00000004')}${row(43488, '01', '00000000')}`;
  const our = (local: number) => ends('10.98.0.1', local, '10.98.0.2', 8883);
  expect(resendsIn(table, our(43486))).toBe(4);
  expect(resendsIn(table, our(43488))).toBe(0);
  expect(resendsIn(table, our(43490))).toBe(0);
  expect(resendsIn(`${HEAD}${row(43486, '02', '00000004')}`, our(43486))).toBe(0);
  expect(resendsIn('', our(43486))).toBe(0);
});

it('does not take the connection of another program with the same pair of ports for ours', () => {
  const other = ROW(written('0a620001', 43486, '0a620009', 8883), '01', '00000004');
  const ours = ROW(written('0a620001', 43486, '0a620002', 8883), '01', '00000000');
  expect(resendsIn(`${HEAD}${other}${ours}`, ends('10.98.0.1', 43486, '10.98.0.2', 8883))).toBe(0);
  expect(resendsIn(`${HEAD}${other}`, ends('10.98.0.1', 43486, '10.98.0.2', 8883))).toBe(0);
  expect(resendsIn(`${HEAD}${other}`, ends('10.98.0.1', 43486, '10.98.0.9', 8883))).toBe(4);
});

it('knows addresses of IPv6 however they are written, and those of IPv4 that IPv6 carries', () => {
  const row = (from: string, to: string) => `${HEAD}${ROW(written(from, 43486, to, 8883), '01', '00000003')}`;
  const global = row('20010db8000000000000000000000001', '20010db8000000000000000000000002');
  expect(resendsIn(global, ends('2001:db8::1', 43486, '2001:db8::2', 8883))).toBe(3);
  expect(resendsIn(global, ends('2001:db8::1', 43486, '2001:db8::3', 8883))).toBe(0);
  const mapped = row('00000000000000000000ffff0a620001', '00000000000000000000ffff0a620002');
  expect(resendsIn(mapped, ends('10.98.0.1', 43486, '10.98.0.2', 8883))).toBe(3);
  expect(resendsIn(mapped, ends('::ffff:10.98.0.1', 43486, '::ffff:10.98.0.2', 8883))).toBe(3);
  const local = row('fe800000000000000000000000000001', 'fe800000000000000000000000000002');
  expect(resendsIn(local, ends('fe80::1%eth0', 43486, 'fe80::2%eth0', 8883))).toBe(3);
});

it('finds a connection of this machine in it', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const row = `${written('7f000001', socket.localPort!, '7f000001', port)} 01`;
  const table = readFileSync('/proc/self/net/tcp', 'latin1');
  expect(table).toContain(row);
  const inVain = table.replace(new RegExp(`(${row} \\S+ \\S+) \\S+`), '$1 00000007');
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  expect(resendsIn(table, ends(localAddress!, localPort!, remoteAddress!, remotePort!))).toBe(0);
  expect(resendsIn(inVain, ends(localAddress!, localPort!, remoteAddress!, remotePort!))).toBe(7);
  socket.destroy();
  server.close();
});
