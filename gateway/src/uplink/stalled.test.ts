import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { resendsIn } from './stalled.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const ROW = (ports: string, state: string, resends: string) =>
  `   0: ${ports} ${state} 00000157:00000000 01:0000006A ${resends}     0        0 91203 2 0000000000000000 160 4 0 10 -1\n`;

it('reads from the table of the kernel how often a connection was sent again in vain', () => {
  const table = `${HEAD}${ROW('0100620A:A9DE 0200620A:22B3', '01', '00000004')}${ROW('0100620A:A9E0 0200620A:22B3', '01', '00000000')}`;
  expect(resendsIn(table, { local: 0xa9de, remote: 0x22b3 })).toBe(4);
  expect(resendsIn(table, { local: 0xa9e0, remote: 0x22b3 })).toBe(0);
  expect(resendsIn(table, { local: 1, remote: 2 })).toBe(0);
  expect(resendsIn(`${HEAD}${ROW('0100620A:A9DE 0200620A:22B3', '02', '00000004')}`, { local: 0xa9de, remote: 0x22b3 })).toBe(0);
  expect(resendsIn('', { local: 1, remote: 2 })).toBe(0);
});

it('finds a connection of this machine in it, on which nothing was sent in vain', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const table = readFileSync('/proc/self/net/tcp', 'latin1');
  const hex = (of: number) => of.toString(16).toUpperCase().padStart(4, '0');
  expect(table).toContain(`:${hex(socket.localPort!)} 0100007F:${hex(port)} 01`);
  expect(resendsIn(table, { local: socket.localPort!, remote: port })).toBe(0);
  socket.destroy();
  server.close();
});
