import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { failure } from './failures.ts';
import type { Random } from './random.ts';

/**
 * How the link behaves. `cut` breaks what is open and refuses what is new; `half-open` keeps connections and lets nothing
 * through; `answers-lost` and `requests-lost` do so in one direction. What TCP held back arrives when the link passes again,
 * as after a real partition; a `cut` in between makes it vanish. Datagrams vanish at once.
 */
export const LINK_MODES = ['pass', 'cut', 'half-open', 'answers-lost', 'requests-lost'] as const;
export type LinkMode = (typeof LINK_MODES)[number];

export interface LinkQuality {
  /** One way, on top of what the machine takes. */
  readonly delayMs: number;
  /** Up to so much more, by chance. */
  readonly jitterMs: number;
  /** Share of datagrams that vanish. TCP would send them again by itself: there it has no meaning. */
  readonly loss: number;
  /** Share of datagrams that come twice. */
  readonly duplicate: number;
  /** Bytes a second, each way of a connection; null: no limit. */
  readonly bytesPerSecond: number | null;
}
export const GOOD_LINK: LinkQuality = { delayMs: 0, jitterMs: 0, loss: 0, duplicate: 0, bytesPerSecond: null };

export interface LinkOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly to: { readonly host: string; readonly port: number };
  readonly random: Random;
  readonly quality?: LinkQuality;
}

/** A link between two programs that a drill can cut, delay or starve. */
export interface Link extends AsyncDisposable {
  start(): Promise<{ readonly host: string; readonly port: number }>;
  setMode(mode: LinkMode): void;
  setQuality(quality: Partial<LinkQuality>): void;
}

/** Whether a mode lets bytes of one direction through. */
function passes(mode: LinkMode, towardsServer: boolean): boolean {
  if (mode === 'pass') return true;
  return towardsServer ? mode === 'answers-lost' : mode === 'requests-lost';
}

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
    const { delayMs, jitterMs, bytesPerSecond } = this.#quality();
    const now = performance.now();
    const wireMs = bytesPerSecond === null ? 0 : (bytes / bytesPerSecond) * 1000;
    this.#freeAtMs = Math.max(this.#freeAtMs + wireMs, now + delayMs + this.#random.next() * jitterMs + wireMs);
    this.#waiting.push({ atMs: this.#freeAtMs, give });
    if (this.#waiting.length === 1) this.#next();
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

/** A UDP link: every sender gets a socket of its own towards the server, as a NAT would give it. */
export class UdpLink implements Link {
  readonly #options: LinkOptions;
  readonly #senders = new Map<string, Datagrams>();
  #quality: LinkQuality;
  #mode: LinkMode = 'pass';
  #socket: Datagrams | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#quality = options.quality ?? GOOD_LINK;
  }

  async start(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options.listen;
    const socket = createSocket('udp4');
    socket.on('message', (bytes, from) => {
      const sender = this.#senderOf(from.address, from.port);
      this.#carry(() => sender.send(bytes, this.#options.to.port, this.#options.to.host), true);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(failure('SIM_ADDRESS_TAKEN', `${host}:${port}`, error)));
      socket.bind(port, host, resolve);
    });
    this.#socket = socket;
    return { host, port: socket.address().port };
  }

  setMode(mode: LinkMode): void {
    this.#mode = mode;
  }

  setQuality(quality: Partial<LinkQuality>): void {
    this.#quality = { ...this.#quality, ...quality };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sender of this.#senders.values()) sender.close();
    this.#socket?.close();
    this.#senders.clear();
    this.#socket = null;
  }

  #senderOf(address: string, port: number): Datagrams {
    const name = `${address}:${port}`;
    const known = this.#senders.get(name);
    if (known) return known;
    const sender = createSocket('udp4');
    sender.on('message', (bytes) => this.#carry(() => this.#socket?.send(bytes, port, address), false));
    sender.on('error', () => {}); // ICMP says that nobody listens: the datagram is lost
    this.#senders.set(name, sender);
    return sender;
  }

  /** Jitter may let a later datagram overtake: that is what networks do. */
  #carry(give: () => void, towardsServer: boolean): void {
    const { random } = this.#options;
    if (!passes(this.#mode, towardsServer) || random.chance(this.#quality.loss)) return;
    const copies = random.chance(this.#quality.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = this.#quality.delayMs + random.next() * this.#quality.jitterMs;
      if (delayMs < 1) give();
      else setTimeout(give, delayMs);
    }
  }
}
