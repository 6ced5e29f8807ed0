import { createServer } from 'node:net';
import { stdout } from 'node:process';
import { decodeBatch, encodeReceipt } from '@fengsui/protocol';
import { Aedes } from 'aedes';

/**
 * A program: a broker that throws everything away at once. What comes on a topic of a batch gets the receipt that takes all of it;
 * anything else is only acknowledged. The gateway and its yardstick send to the same one.
 */
const broker = await Aedes.createBroker();
broker.on('publish', (packet, client) => {
  if (!client || !/^up\/[^/]+\/(alarm|ordinary)$/.test(packet.topic)) return;
  const batch = decodeBatch(packet.payload as Buffer);
  if ('malformed' in batch) throw new Error(batch.malformed);
  const { gateway, epoch, lane, rows } = batch;
  const payload = encodeReceipt({ gateway, epoch, lane, accepted: rows.map(({ number }) => number), rejected: [] });
  broker.publish(
    { cmd: 'publish', topic: `down/${gateway}/receipt`, payload: Buffer.from(payload), qos: 1, retain: false, dup: false },
    () => {},
  );
});
const server = createServer({ noDelay: true }, (socket) => broker.handle(socket));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  stdout.write(`${JSON.stringify({ ready: 'sink', url: `mqtt://127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
