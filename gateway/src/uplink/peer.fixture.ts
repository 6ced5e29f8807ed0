import { createServer, type Server, type Socket } from 'node:net';
import {
  type Batch,
  decodeBatch,
  decodeOrderReceipt,
  encodeOrder,
  encodeReceipt,
  type Lane,
  type OrderReceipt,
  type Receipt,
} from '@fengsui/protocol';
import { Aedes, type AedesPublishPacket } from 'aedes';

/** A collector as far as the uplink can tell: a broker, what it received, and what it is told to answer. */
export class Peer {
  readonly gateway: string;
  readonly rows: Array<{ readonly lane: Lane; readonly number: number; readonly epoch: number }> = [];
  readonly batches: Array<Batch & { readonly bytes: number }> = [];
  /** What the gateway said of orders. */
  readonly orderReceipts: OrderReceipt[] = [];
  /** What is answered to a batch; null: nothing. */
  answer: (batch: Batch) => Receipt | null = (batch) => accepting(batch);
  /** Refuses that many connections first. */
  refusals = 0;
  connects = 0;
  /** What processes that connected call themselves. */
  readonly instances = new Set<string | undefined>();
  port = 0;
  #broker!: Aedes;
  #server!: Server;
  readonly #sockets = new Set<Socket>();

  constructor(gateway: string) {
    this.gateway = gateway;
  }

  async start(port = 0): Promise<void> {
    this.#broker = await Aedes.createBroker({
      authenticate: (_client, instance, _password, done) => {
        this.connects += 1;
        this.instances.add(instance);
        if (this.refusals-- > 0) done(Object.assign(new Error('not yet'), { returnCode: 5 as never }), false);
        else done(null, true);
      },
    });
    this.#broker.on('publish', (packet, client) => client && this.#hear(packet));
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#broker.handle(socket);
    });
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as { port: number }).port;
  }

  /** Gives an order, alive for `lifeMs`; the same id again is the same order again. */
  order(kind: string, parameters: unknown, id: string, lifeMs = 60_000): void {
    const nowMs = Date.now();
    this.say(
      encodeOrder({ gateway: this.gateway, id, kind, parameters, issuedMs: nowMs, expiresMs: nowMs + lifeMs, sentMs: nowMs }),
      'order',
    );
  }

  say(payload: Uint8Array, topic: 'receipt' | 'order' = 'receipt'): void {
    this.#broker.publish(
      { cmd: 'publish', topic: `down/${this.gateway}/${topic}`, payload: Buffer.from(payload), qos: 1, retain: false, dup: false },
      () => {},
    );
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()));
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #hear(packet: AedesPublishPacket): void {
    const payload = packet.payload as Buffer;
    if (packet.topic === `up/${this.gateway}/order-receipt`) {
      const receipt = decodeOrderReceipt(payload);
      if ('malformed' in receipt) throw new Error(receipt.malformed);
      this.orderReceipts.push(receipt);
      return;
    }
    const batch = decodeBatch(payload);
    if ('malformed' in batch) throw new Error(batch.malformed);
    if (packet.topic !== `up/${this.gateway}/${batch.lane}`) throw new Error(`a batch on ${packet.topic}`);
    this.batches.push({ ...batch, bytes: payload.length });
    this.rows.push(...batch.rows.map(({ number }) => ({ lane: batch.lane, number, epoch: batch.epoch })));
    const receipt = this.answer(batch);
    if (receipt) this.say(encodeReceipt(receipt));
  }

  /** Numbers of a lane in the order of their first arrival. */
  firsts(lane: Lane): number[] {
    return [...new Set(this.rows.filter((row) => row.lane === lane).map(({ number }) => number))];
  }
}

/** The receipt that takes everything. */
export function accepting({ gateway, epoch, lane, rows }: Batch): Receipt {
  return { gateway, epoch, lane, accepted: rows.map(({ number }) => number), rejected: [] };
}
