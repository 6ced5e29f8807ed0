import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerModbus } from '@fengsui/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { checkConfiguration } from './config.ts';
import { LineNumbers } from './line-numbers.ts';
import { buildLines } from './lines.ts';
import { superviseLine } from './supervise.ts';

const servers: Server[] = [];
const stop = new AbortController();
afterEach(() => {
  stop.abort();
  for (const server of servers) server.close();
});

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => onConnection(socket.on('error', () => {})));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

const answering = (delayMs: number) => (socket: Socket) =>
  socket.on('data', (bytes) => {
    const reply = answerModbus(bytes, 1, () => 1);
    if (reply) setTimeout(() => socket.write(reply), delayMs);
  });

/** Sends as fast as it is let. */
function babbling(socket: Socket): void {
  const noise = Buffer.alloc(65_536, 0x5a);
  const more = () => {
    while (socket.writable && socket.write(noise));
  };
  socket.on('drain', more);
  more();
}

const modbusLine = (name: string, port: number) => `  - name: ${name}-line
    wire: { kind: tcp, host: 127.0.0.1, port: ${port}, serialServer: true }
    devices: [ { name: ${name}, family: modbus-basic, unit: 1, pollEveryMs: 100, points: [ { register: contact-1 } ] } ]`;
const panelLine = (name: string, port: number) => `  - name: ${name}-line
    wire: { kind: tcp, host: 127.0.0.1, port: ${port} }
    devices: [ { name: ${name}, family: jbf-193k } ]`;

test('a dead, a slow, a refusing and a babbling device keep no other line from being polled in time', async () => {
  const refusing = await serve((socket) => socket.destroy());
  const good = await serve(answering(0));
  const source = `gateway: { id: gw-1, address: 1, centre: 2 }
data: ${tmpdir()}
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" }]
lines:
${[
  modbusLine('good', good),
  modbusLine('dead', await serve(() => {})),
  modbusLine('slow', await serve(answering(450))),
  modbusLine('babbling-unit', await serve(babbling)),
  panelLine('babbling-panel', await serve(babbling)),
  panelLine('refusing', refusing),
].join('\n')}
`;
  const configuration = checkConfiguration(source, '/');
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const lines = buildLines(configuration, systemClock);
  const numbers = lines.map(() => new LineNumbers(0));
  const supervised = lines.map((line, index) =>
    superviseLine({
      ...{ line, numbers: numbers[index]!, clock: systemClock, random: () => 0.5, signal: stop.signal },
      normalizer: { normalize: () => [], settle: () => {}, revert: () => {} },
      append: async () => {},
      tellDropped: async () => {},
      log: { info: () => {}, warn: () => {}, error: () => {} },
    }),
  );
  const [first, dead, slow, unit, panel] = lines.map(({ counters }) => counters);
  await vi.waitFor(() => expect(first!.packets).toBeGreaterThanOrEqual(60), { timeout: 60_000, interval: 50 });
  // An answer that this machine brought too late is its own slowness; what another line does would show as anything else.
  expect([...first!.unheard.keys()].filter((why) => why !== 'timeout')).toEqual([]);
  expect(dead!.unheard.get('timeout')).toBeGreaterThan(0);
  expect(slow!.packets).toBeGreaterThan(0);
  expect(unit!.unheard.size).toBeGreaterThan(0);
  expect(panel!.unheard.get('no-start')).toBeGreaterThan(0);
  // A babbler is held back by its own wire: it costs no more than the wire's pace.
  const [before, sinceMs] = [numbers[4]!.bytesIn, systemClock.monotonicMs()];
  await sleep(1_000);
  expect((numbers[4]!.bytesIn - before) / (systemClock.monotonicMs() - sinceMs)).toBeLessThan((2 * 1024 * 1024) / 1_000);
  stop.abort();
  await Promise.all(supervised);
});
