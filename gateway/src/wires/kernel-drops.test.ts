import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { dropsIn, kernelDropsOf } from './kernel-drops.ts';

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 4106: 00000000:1633 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 355518 2 000000001a558ce4 41
 5802: 0100007F:1633 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 355456 2 000000001ae046b5 7
`;

test('the row of the address and port tells, and no other', () => {
  expect(dropsIn(TABLE, '127.0.0.1', 5683)).toBe(7);
  expect(dropsIn(TABLE, '0.0.0.0', 5683)).toBe(41);
  expect(dropsIn(TABLE, '127.0.0.1', 5684)).toBeNull();
  const six = TABLE.replace('0100007F:1633', '00000000000000000000000001000000:1633');
  expect(dropsIn(six, '::1', 5683)).toBe(7);
});

test.runIf(process.platform === 'linux')('what the kernel drops while nobody reads is counted', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(2_048);
  const { port } = socket.address();
  expect(await kernelDropsOf('127.0.0.1', port)).toBe(0);
  // Another process sends while this one stands still.
  const flood = `const s=require('dgram').createSocket('udp4');let n=0;const go=()=>n++<200?s.send(Buffer.alloc(1000),${port},'127.0.0.1',go):s.close();go()`;
  spawnSync(process.execPath, ['-e', flood]);
  expect(await kernelDropsOf('127.0.0.1', port)).toBeGreaterThan(0);
  socket.close();
});
