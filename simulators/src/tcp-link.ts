import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { failure } from './failures.ts';
import { GOOD_LINK, type Link, type LinkMode, type LinkOptions, type LinkQuality, passes } from './link.ts';
import type { Random } from './random.ts';

/** What one packet of Ethernet carries of a connection; and how TCP sends again: Linux waits 200 ms and a round trip at least. */
const SEGMENT_BYTES = 1_448;
const RESEND_MIN_MS = 200;
const RESENDS_MAX = 4;

/** Gives chunks on in order, each after its delay and at the pace of the link: one timer, so that none overtakes. */
class Lane {
  readonly #quality: () => LinkQuality;
  readonly #random: Random;
  readonly #waiting: Array<{ readonly atMs: number; readonly give: () => void }> = [];
  #freeAtMs = 0;

  constructor(quality: () => LinkQuality, random: Random) {
    this.#quality = quality;
    this.#random = random;
  }

  pass(bytes: number, give: () => void): void {
    const quality = this.#quality();
    const { delayMs, jitterMs, bytesPerSecond } = quality;
    const now = performance.now();
    const wireMs = bytesPerSecond === null ? 0 : (bytes / bytesPerSecond) * 1000;
    const resentMs = this.#resentMs(bytes, quality);
    this.#freeAtMs = Math.max(this.#freeAtMs + wireMs, now + delayMs + this.#random.next() * jitterMs + wireMs) + resentMs;
    this.#waiting.push({ atMs: this.#freeAtMs, give });
    if (this.#waiting.length === 1) this.#next();
  }

  /** How long TCP takes to send again what was lost: a time-out (RFC 6298) for each loss in a row, twice as long as the one before. */
  #resentMs(bytes: number, { loss, delayMs }: LinkQuality): number {
    if (loss === 0) return 0;
    let sumMs = 0;
    for (let segment = 0; segment < bytes / SEGMENT_BYTES; segment++)
      for (let again = 0; again < RESENDS_MAX && this.#random.next() < loss; again++) sumMs += (RESEND_MIN_MS + 2 * delayMs) * 2 ** again;
    return sumMs;
  }

  #next(): void {
    for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
      const waitMs = head.atMs - performance.now();
      if (waitMs >= 1) {
        setTimeout(() => this.#next(), waitMs);
        return;
      }
      this.#waiting.shift();
      head.give();
    }
  }
}

/** A TCP link. */
export class TcpLink implements Link {
  readonly #options: LinkOptions;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  #quality: LinkQuality;
  #mode: LinkMode = 'pass';
  #budget: { left: number; readonly spent: () => void } | null = null;
  #server: Server | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#quality = options.quality ?? GOOD_LINK;
  }

  async start(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options.listen;
    const server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(failure('SIM_ADDRESS_TAKEN', `${host}:${port}`, error)));
      server.listen(port, host, resolve);
    });
    this.#server = server;
    return { host, port: (server.address() as AddressInfo).port };
  }

  setMode(mode: LinkMode): void {
    this.#mode = mode;
    if (mode === 'cut') this.#breakAll();
    for (const pair of this.#pairs) this.#hold(pair);
  }

  /** Goes half-open by itself when so many more bytes have come from the clients, however fast they come; resolves then, within the same turn. */
  holdAfter(bytes: number): Promise<void> {
    return new Promise((spent) => {
      this.#budget = { left: bytes, spent };
    });
  }

  #spend(bytes: number): void {
    const budget = this.#budget;
    if (!budget) return;
    budget.left -= bytes;
    if (budget.left > 0) return;
    this.#budget = null;
    this.setMode('half-open');
    budget.spent();
  }

  setQuality(quality: Partial<LinkQuality>): void {
    this.#quality = { ...this.#quality, ...quality };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#breakAll();
    const server = this.#server;
    this.#server = null;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  #breakAll(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  #join(client: Socket): void {
    if (this.#mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#options.to, allowHalfOpen: true });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.#carry(client, server);
    this.#carry(server, client);
    client.on('data', (bytes) => this.#spend(bytes.length));
    this.#hold(pair);
    const close = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on('error', close).on('close', close);
  }

  /** Reads only in the directions that pass: what the sender's TCP gave away waits in the buffers of the link. */
  #hold([client, server]: readonly [client: Socket, server: Socket]): void {
    if (passes(this.#mode, true)) client.resume();
    else client.pause();
    if (passes(this.#mode, false)) server.resume();
    else server.pause();
  }

  #carry(from: Socket, to: Socket): void {
    const lane = new Lane(() => this.#quality, this.#options.random);
    from.on('data', (bytes) => lane.pass(bytes.length, () => !to.destroyed && to.write(bytes)));
    from.on('end', () => lane.pass(0, () => to.end()));
  }
}
