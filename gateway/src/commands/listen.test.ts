import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { FAMILIES } from '@fengsui/protocol/families';
import { expect, test } from 'vitest';
import { isTalking, playPanel, sayingsOf } from '../commission/panel.fixture.ts';
import { writeCoap } from '../drivers/coap-message.ts';
import { runGateway } from './gateway.fixture.ts';

const panelOf = (name: string) => {
  const family = FAMILIES.get(name);
  if (!family || !isTalking(family)) throw new Error(`${name} is no talking family`);
  return family;
};

test('listening shows packets, their words and the noise between them, and writes no byte', async () => {
  await using panel = await playPanel(panelOf('jb3208'));
  const { code, rows } = await runGateway(
    'listen',
    '--wire',
    `tcp:127.0.0.1:${panel.port}`,
    '--family',
    'jb3208',
    '--seconds',
    '1.5',
    '--json',
  );
  expect(code).toBe(0);
  const seen = rows();
  expect(seen.filter(({ kind }) => kind === 'packet').length).toBe(sayingsOf(panelOf('jb3208')).length);
  expect(seen.find(({ kind }) => kind === 'noise')).toMatchObject({ hex: expect.stringMatching(/^(ee)+$/) });
  const total = seen.filter(({ kind }) => kind !== 'counters').reduce((sum, { hex }) => sum + String(hex).length / 2, 0);
  expect(seen.at(-1)).toMatchObject({ kind: 'counters', bytes: total, bytesOut: 0, said: { fire: 1 } });
  expect(panel.heardBytes()).toBe(0);
});

test('without a family the likely one is named', async () => {
  await using panel = await playPanel(panelOf('jb3208'));
  const { stdout } = await runGateway('listen', '--wire', `tcp:127.0.0.1:${panel.port}`, '--seconds', '1.5');
  expect(stdout).toContain('像 looks like jb3208');
  expect(stdout).toContain('发出 written 0 B');
  expect(panel.heardBytes()).toBe(0);
});

test('a person reads hex beside words of two languages', async () => {
  await using panel = await playPanel(panelOf('jb3208'));
  const { stdout } = await runGateway('listen', '--wire', `tcp:127.0.0.1:${panel.port}`, '--family', 'jb3208', '--seconds', '1.5');
  expect(stdout).toMatch(/\d\d:\d\d:\d\d\.\d{3}\s+[0-9a-f]{2} .*火警 fire {2}控制器1 回路1 点2/);
  expect(stdout).toMatch(/ee ee\s+噪声 noise · 无起始符/);
});

test('devices that connect to us are heard side by side, each by its address, and nobody is answered', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const [fire] = sayingsOf(panelOf('gb26875'));
  const sockets: Socket[] = [];
  let heardBytes = 0;
  const calling = setInterval(() => {
    if (sockets.length >= 2) return;
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    socket.on('connect', () => {
      sockets.push(socket);
      socket.write(fire!);
    });
    socket.on('data', (bytes) => (heardBytes += bytes.length));
  }, 100);
  const { rows } = await runGateway('listen', '--wire', `tcp-server:127.0.0.1:${port}`, '--family', 'gb26875', '--seconds', '2', '--json');
  clearInterval(calling);
  for (const socket of sockets) socket.destroy();
  const packets = rows().filter(({ kind }) => kind === 'packet');
  expect(new Set(packets.map(({ from }) => from)).size).toBe(packets.length);
  expect(packets.length).toBeGreaterThanOrEqual(2);
  expect(rows().at(-1)).toMatchObject({ kind: 'counters', bytesOut: 0 });
  expect(heardBytes).toBe(0);
});

test('datagrams of CoAP devices are shown with their payload read, and nobody answers', async () => {
  const family = FAMILIES.get('nb-huaqiang');
  if (family?.shape !== 'publishes') throw new Error('nb-huaqiang publishes');
  const payload = family.play.say({ what: 'fire', address: {}, deviceTime: '2026-10-01T12:00:00' }, '860000000000017', 1)!;
  const device = createSocket('udp4');
  let answered = 0;
  device.on('message', () => (answered += 1));
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const port = probe.address().port;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const datagram = writeCoap({ type: 'CON', code: '0.02', id: 7, options: [{ name: 'Uri-Path', value: 't' }], payload });
  const sending = setInterval(() => device.send(datagram, port, '127.0.0.1'), 100);
  const { rows } = await runGateway('listen', '--wire', `udp:127.0.0.1:${port}`, '--seconds', '1.5', '--json');
  clearInterval(sending);
  device.close();
  expect(rows()[0]).toMatchObject({ kind: 'packet', family: 'nb-huaqiang', coap: { type: 'CON', path: '/t' } });
  expect(rows().at(-1)).toMatchObject({ kind: 'counters', bytesOut: 0 });
  expect(answered).toBe(0);
});

test.each([
  ['serial:', 'must be serial:'],
  ['serial:/dev/x@fast', 'no line setting'],
  ['tcp:host', 'must be serial:'],
  ['tcp:host:99999', 'must be serial:'],
])('a wire written %s is refused in words', async (wire, words) => {
  const { code, stderr } = await runGateway('listen', '--wire', wire);
  expect(code).toBe(1);
  expect(stderr).toContain(words);
  expect(stderr).not.toContain('    at ');
});
