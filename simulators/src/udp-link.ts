import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { failure } from './failures.ts';
import { GOOD_LINK, type Link, type LinkMode, type LinkOptions, type LinkQuality, passes } from './link.ts';

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
