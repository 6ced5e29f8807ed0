import { createServer, type Server, type Socket } from 'node:net';
import { fail } from '../failures.ts';
import { CONNECTIONS_PER_ADDRESS_MIN, CONNECTIONS_PER_ADDRESS_SHARE, TCP_KEEPALIVE_AFTER_MS } from './limits.ts';
import { streamWire } from './stream-wire.ts';
import type { TcpServerConfiguration, Wire, WireServer } from './wire.ts';

/** Listens for devices that connect to us. Throws Failure `wire-open`; aborting the signal closes the door and every connection. */
export async function openTcpServer({ host, port, connectionsMax }: TcpServerConfiguration, signal: AbortSignal): Promise<WireServer> {
  signal.throwIfAborted();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_AFTER_MS });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(fail('wire-open', `${host}:${port}`, cause)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  return new TcpDoor(server, connectionsMax, signal);
}

class TcpDoor implements WireServer {
  readonly name: string;
  readonly port: number;
  readonly connections: AsyncIterable<Wire>;
  readonly counters: WireServer['counters'];
  readonly #server: Server;
  readonly #signal: AbortSignal;
  readonly #connectionsMax: number;
  readonly #open = new Map<Wire, Socket>();
  /** Those that brought a packet. */
  readonly #proven = new WeakSet<Wire>();
  readonly #waiting: Wire[] = [];
  readonly #past = { bytesIn: 0, bytesOut: 0, dropped: 0 };
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(server: Server, connectionsMax: number, signal: AbortSignal) {
    const { address, port } = server.address() as { address: string; port: number };
    this.name = `${address}:${port}`;
    this.port = port;
    this.#server = server;
    this.#connectionsMax = connectionsMax;
    this.#signal = signal;
    this.connections = this.#accept();
    this.counters = this.#countersOf();
    server.on('connection', (socket) => this.#admit(socket));
    server.on('error', (cause) => {
      this.#failure = fail('wire-lost', this.name, cause);
      this.#wake();
    });
    signal.addEventListener('abort', () => void this[Symbol.asyncDispose](), { once: true });
    if (signal.aborted) void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#server.listening ? new Promise<void>((resolve) => this.#server.close(() => resolve())) : undefined;
    for (const socket of this.#open.values()) socket.destroy();
    this.#wake();
    await closed;
  }

  #countersOf(): WireServer['counters'] {
    const total = (key: 'bytesIn' | 'bytesOut') =>
      [...this.#open.keys()].reduce((sum, { counters }) => sum + counters[key], this.#past[key]);
    const [open, past] = [this.#open, this.#past];
    return {
      get bytesIn() {
        return total('bytesIn');
      },
      get bytesOut() {
        return total('bytesOut');
      },
      get connections() {
        return open.size;
      },
      get dropped() {
        return past.dropped;
      },
    };
  }

  /**
   * A full house makes room by sending away who has stood there longest without a packet: callers who say nothing, or nothing that a
   * device says, shut nobody out. An address that holds more than its share makes room from its own first. Devices are never sent away.
   */
  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    if (this.#open.size >= this.#connectionsMax) {
      this.#past.dropped += 1;
      const ofAddress = [...this.#open].filter(([, { remoteAddress }]) => remoteAddress === address);
      const share = Math.max(CONNECTIONS_PER_ADDRESS_MIN, Math.ceil(this.#connectionsMax * CONNECTIONS_PER_ADDRESS_SHARE));
      const [idler] = (ofAddress.length >= share ? ofAddress : [...this.#open]).find(([wire]) => !this.#proven.has(wire)) ?? [];
      (idler ? this.#open.get(idler) : socket)?.destroy();
      if (!idler) return;
      this.#forget(idler);
    }
    const stream = streamWire(
      `${address}:${socket.remotePort}`,
      socket,
      { isOpen: () => !socket.closed, close: () => socket.destroy() },
      this.#signal,
    );
    const wire: Wire = { ...stream, prove: () => void this.#proven.add(wire) };
    this.#open.set(wire, socket);
    socket.once('close', () => this.#forget(wire));
    this.#waiting.push(wire);
    this.#wake();
  }

  #forget(wire: Wire): void {
    if (!this.#open.delete(wire)) return;
    this.#past.bytesIn += wire.counters.bytesIn;
    this.#past.bytesOut += wire.counters.bytesOut;
  }

  async *#accept(): AsyncGenerator<Wire> {
    while (true) {
      const wire = this.#waiting.shift();
      if (wire) yield wire;
      else if (this.#failure) throw this.#failure;
      else if (!this.#server.listening) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
